"""One percpu chunk: its bitmap, its hints and the search for free space (mm/percpu.c).

A chunk serves areas of every unit at once, so one offset stands for one area on each CPU.  Offsets
at this module's edge are bytes from the chunk's page-aligned base, as the trace prints them; inside
everything is counted in bits of PCPU_MIN_ALLOC_SIZE bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.mm.percpu_block import BlockMd, align_up, lowest_bit, overlap

__all__ = ["PCPU_MIN_ALLOC_SIZE", "Chunk"]

PCPU_MIN_ALLOC_SIZE = 4

_FREE, _USED = b"\0", b"\1"


class Chunk:
    """A chunk of `nr_pages` pages of `page_size` bytes (struct pcpu_chunk).

    `start_offset` and `end_offset` bytes at the two ends belong to a neighbour and are never given
    out (pcpu_alloc_first_chunk).  `populated` holds the page indexes that have memory behind them;
    a first chunk is wholly populated and stays so.
    """

    def __init__(
        self,
        base_addr: int,
        nr_pages: int,
        page_size: int,
        *,
        start_offset: int = 0,
        end_offset: int = 0,
        has_scan_hint: bool = True,
        populated: bool = False,
    ) -> None:
        self.base_addr = base_addr
        self.nr_pages = nr_pages
        self.page_size = page_size
        self.block_bits = page_size // PCPU_MIN_ALLOC_SIZE
        self.map_bits = nr_pages * self.block_bits
        self.alloc_map = bytearray(self.map_bits)
        self.area_end: dict[int, int] = {}
        self.free_bytes = nr_pages * page_size
        self.chunk_md = BlockMd.empty(self.map_bits, has_scan_hint)
        self.md_blocks = [BlockMd.empty(self.block_bits, has_scan_hint) for _ in range(nr_pages)]
        self.immutable = populated
        self.isolated = False
        self.populated: set[int] = set(range(nr_pages)) if populated else set()
        self.nr_empty_pop_pages = len(self.populated)
        self._hide(0, start_offset // PCPU_MIN_ALLOC_SIZE)
        self._hide(self.map_bits - end_offset // PCPU_MIN_ALLOC_SIZE, self.map_bits)

    def _hide(self, start: int, end: int) -> None:
        if start < end:
            self.free_bytes -= (end - start) * PCPU_MIN_ALLOC_SIZE
            self.alloc_map[start:end] = _USED * (end - start)
            if start == self.chunk_md.first_free:
                self.chunk_md.first_free = end
            self._update_hint_alloc(start, end - start)

    def areas(self) -> dict[int, int]:
        """Return every allocated area: offset in bytes -> size in bytes."""
        unit = PCPU_MIN_ALLOC_SIZE
        return {start * unit: (end - start) * unit for start, end in self.area_end.items()}

    # ------------------------------------------------------------------ search

    def find(self, bits: int, align: int, populated_only: bool = False) -> int | None:
        """Return the bit at which `bits` aligned to `align` bits would go, or None.

        Mirrors pcpu_find_block_fit() and the scan of pcpu_alloc_area().  An atomic request
        (`populated_only`) is served from pages that already have memory behind them.
        """
        start = self._find_block_fit(bits, align, populated_only)
        return None if start is None else self._find_zero_area(start, bits, align)[0]

    def _find_block_fit(self, bits: int, align: int, populated_only: bool) -> int | None:
        if not self.chunk_md.may_fit(bits, align):
            return None
        position = self.chunk_md.search_start(bits)
        while True:
            position, length = self._next_fit_region(position, bits, align)
            if position >= self.map_bits:
                return None
            skip_to = self._unpopulated_until(position, length) if populated_only else None
            if skip_to is None:
                return position
            position = skip_to

    def _next_fit_region(self, bit_off: int, bits: int, align: int) -> tuple[int, int]:
        """Return (start, length) of the next region that may hold `bits` (pcpu_next_fit_region)."""
        size = self.block_bits
        index, block_off = divmod(bit_off, size)
        found = 0
        for i in range(index, self.nr_pages):
            block = self.md_blocks[i]
            if found:
                found += block.left_free
                if found >= bits:
                    return bit_off, found
                if block.left_free == size:
                    continue
            skipped = align_up(block.contig_hint_start, align) - block.contig_hint_start
            if (
                block.contig_hint
                and block.contig_hint_start >= block_off
                and block.contig_hint >= skipped + bits
            ):
                start = block.search_start(bits)
                return i * size + start, skipped + bits + block.contig_hint_start - start
            block_off = 0
            tail = align_up(size - block.right_free, align)
            found = size - tail
            bit_off = i * size + tail
            if found >= bits:
                return bit_off, found
        return self.map_bits, 0

    def _unpopulated_until(self, bit_off: int, bits: int) -> int | None:
        """Return where to search on if a page of the region has no memory (pcpu_is_populated)."""
        page = bit_off // self.block_bits
        end = -(-(bit_off + bits) // self.block_bits)
        while page < end and page in self.populated:
            page += 1
        if page >= end:
            return None
        page += 1
        while page < end and page not in self.populated:
            page += 1
        return page * self.block_bits

    def _find_zero_area(
        self, start: int, bits: int, align: int
    ) -> tuple[int | None, tuple[int, int]]:
        """Return the first fit from `start` and the largest run skipped (pcpu_find_zero_area)."""
        limit = min(start + bits + self.block_bits, self.map_bits)
        largest = (0, 0)
        while True:
            free = self.alloc_map.find(_FREE, start, limit)
            index = align_up(limit if free < 0 else free, align)
            if index + bits > limit:
                return None, largest
            taken = self.alloc_map.find(_USED, index, index + bits)
            if taken < 0:
                return index, largest
            largest = _larger(largest, (index, taken - index))
            start = taken + 1

    # ------------------------------------------------------------------ change

    def alloc(self, bits: int, align: int, populated_only: bool = False) -> int | None:
        """Take `bits` and return their first bit, or None (pcpu_alloc_area)."""
        start = self._find_block_fit(bits, align, populated_only)
        if start is None:
            return None
        bit_off, skipped = self._find_zero_area(start, bits, align)
        if bit_off is None:
            return None
        if skipped[1]:
            self._update_scan(*skipped)
        self.take(bit_off, bits)
        return bit_off

    def take(self, bit_off: int, bits: int) -> None:
        """Mark [bit_off, bit_off + bits) as one allocated area, wherever it lies."""
        end = bit_off + bits
        was_free = self.alloc_map.count(0, bit_off, end)
        self.alloc_map[bit_off:end] = _USED * bits
        self.area_end[bit_off] = end
        self.free_bytes -= was_free * PCPU_MIN_ALLOC_SIZE
        if bit_off == self.chunk_md.first_free:
            self.chunk_md.first_free = self._next(_FREE, end, self.map_bits)
        self._update_hint_alloc(bit_off, bits)

    def free(self, bit_off: int) -> int | None:
        """Free the area that starts at `bit_off`; return its bits, or None if there is none.

        Mirrors pcpu_free_area(), which trusts its caller and would read the boundary map at
        whatever place it is told.
        """
        end = self.area_end.pop(bit_off, None)
        if end is None:
            return None
        bits = end - bit_off
        self.alloc_map[bit_off:end] = _FREE * bits
        self.free_bytes += bits * PCPU_MIN_ALLOC_SIZE
        self.chunk_md.first_free = min(self.chunk_md.first_free, bit_off)
        self._update_hint_free(bit_off, bits)
        return bits

    def is_free(self, bit_off: int, bits: int) -> bool:
        """Say whether all of [bit_off, bit_off + bits) lies in the chunk and is free."""
        end = bit_off + bits
        return (
            0 <= bit_off
            and end <= self.map_bits
            and self.alloc_map.find(_USED, bit_off, end) < 0
        )

    def populate(self, first_page: int, end_page: int) -> int:
        """Put memory behind pages [first_page, end_page); return how many were new."""
        new = set(range(first_page, end_page)) - self.populated
        self.populated |= new
        self.nr_empty_pop_pages += len(new)
        return len(new)

    def depopulate(self, page: int) -> None:
        """Take the memory from `page` (pcpu_chunk_depopulated)."""
        self.populated.discard(page)
        self.nr_empty_pop_pages -= 1

    # ------------------------------------------------------------------- hints

    def _next(self, value: bytes, start: int, end: int) -> int:
        found = self.alloc_map.find(value, start, end)
        return end if found < 0 else found

    def _block_next(self, index: int, value: bytes, offset: int) -> int:
        """Return the block-relative place of the next `value` bit, or the block's size."""
        base = index * self.block_bits
        return self._next(value, base + offset, base + self.block_bits) - base

    def _last_used(self, index: int, offset: int) -> int:
        """Return the block-relative start of the free run that ends at `offset` (find_last_bit)."""
        base = index * self.block_bits
        last = self.alloc_map.rfind(_USED, base, base + offset)
        return 0 if last < 0 else last - base + 1

    def _update_scan(self, bit_off: int, bits: int) -> None:
        """Note a hole that alignment left behind (pcpu_block_update_scan)."""
        index, start = divmod(bit_off, self.block_bits)
        block = self.md_blocks[index]
        if block.has_scan_hint and start + bits <= self.block_bits:
            block.update(self._last_used(index, start), start + bits)

    def _refresh_block(self, index: int) -> None:
        block = self.md_blocks[index]
        if block.scan_hint:
            start = block.scan_hint_start + block.scan_hint
            block.contig_hint_start = block.scan_hint_start
            block.contig_hint = block.scan_hint
            block.scan_hint = 0
        else:
            start = block.first_free
            block.contig_hint = 0
        block.right_free = 0
        size = self.block_bits
        while (start := self._block_next(index, _FREE, start)) < size:
            end = self._block_next(index, _USED, start)
            block.update(start, end)
            start = end

    def _refresh_chunk(self, full_scan: bool) -> None:
        whole = self.chunk_md
        if not full_scan and whole.scan_hint:
            bit_off = whole.scan_hint_start + whole.scan_hint
            whole.contig_hint_start = whole.scan_hint_start
            whole.contig_hint = whole.scan_hint
            whole.scan_hint = 0
        else:
            bit_off = whole.first_free
            whole.contig_hint = 0
        for start, end in self._free_regions(bit_off):
            whole.update(start, end)

    def _free_regions(self, bit_off: int) -> Iterator[tuple[int, int]]:
        """Yield free regions as the hints know them (pcpu_next_md_free_region)."""
        while bit_off < self.map_bits:
            bit_off, bits = self._next_free_region(bit_off)
            if bit_off < self.map_bits:
                yield bit_off, bit_off + bits
                bit_off += bits + 1

    def _next_free_region(self, bit_off: int) -> tuple[int, int]:
        size = self.block_bits
        index, block_off = divmod(bit_off, size)
        bits = 0
        for i in range(index, self.nr_pages):
            block = self.md_blocks[i]
            if bits:
                bits += block.left_free
                if block.left_free == size:
                    continue
                return bit_off, bits
            hint_end = block.contig_hint + block.contig_hint_start
            if block.contig_hint and block.contig_hint_start >= block_off and hint_end < size:
                return i * size + block.contig_hint_start, block.contig_hint
            block_off = 0
            bits = block.right_free
            bit_off = (i + 1) * size - bits
        return bit_off, bits

    def _update_hint_alloc(self, bit_off: int, bits: int) -> None:
        """Bring the hints up to date after an allocation (pcpu_block_update_hint_alloc)."""
        size = self.block_bits
        first, start = divmod(bit_off, size)
        last, end = divmod(bit_off + bits - 1, size)
        end += 1
        emptied = self.md_blocks[first].contig_hint == size
        self._alloc_in_first_block(first, start, bits, end if first == last else size)
        if first != last:
            emptied += self.md_blocks[last].contig_hint == size
            emptied += last - first - 1
            self._alloc_in_last_block(last, end)
            for i in range(first + 1, last + (end == size)):
                _fill(self.md_blocks[i])
        self.nr_empty_pop_pages -= emptied
        self._alloc_in_chunk(bit_off, bit_off + bits)

    def _alloc_in_first_block(self, index: int, start: int, bits: int, end: int) -> None:
        block = self.md_blocks[index]
        size = self.block_bits
        if start == block.first_free:
            block.first_free = (
                self._block_next(index, _FREE, start + bits) if start + bits < size else size
            )
        stop = start + bits
        if overlap(
            block.scan_hint_start, block.scan_hint_start + block.scan_hint, start, stop
        ):
            block.scan_hint = 0
        if overlap(
            block.contig_hint_start, block.contig_hint_start + block.contig_hint, start, stop
        ):
            if not start:
                block.left_free = 0
            self._refresh_block(index)
        else:
            block.left_free = min(block.left_free, start)
            block.right_free = min(block.right_free, size - end)

    def _alloc_in_last_block(self, index: int, end: int) -> None:
        block = self.md_blocks[index]
        size = self.block_bits
        block.first_free = self._block_next(index, _FREE, end)
        if end == size:
            return
        if end > block.scan_hint_start:
            block.scan_hint = 0
        block.left_free = 0
        if end > block.contig_hint_start:
            self._refresh_block(index)
        else:
            block.right_free = min(block.right_free, size - end)

    def _alloc_in_chunk(self, start: int, end: int) -> None:
        whole = self.chunk_md
        if overlap(whole.scan_hint_start, whole.scan_hint_start + whole.scan_hint, start, end):
            whole.scan_hint = 0
        if overlap(
            whole.contig_hint_start, whole.contig_hint_start + whole.contig_hint, start, end
        ):
            self._refresh_chunk(full_scan=False)

    def _update_hint_free(self, bit_off: int, bits: int) -> None:
        """Bring the hints up to date after a free (pcpu_block_update_hint_free)."""
        size = self.block_bits
        first, start = divmod(bit_off, size)
        last, end = divmod(bit_off + bits - 1, size)
        start = self._free_start(first, start)
        end = self._free_end(last, end + 1)
        first_end = end if first == last else size
        gained = not start and first_end == size
        self.md_blocks[first].update(start, first_end)
        if first != last:
            gained += (end == size) + last - first - 1
            self.md_blocks[last].update(0, end)
            for i in range(first + 1, last):
                _clear(self.md_blocks[i])
        self.nr_empty_pop_pages += gained
        if end - start >= size or first != last:
            self._refresh_chunk(full_scan=True)
        else:
            self._free_in_chunk(first, start, end)

    def _free_in_chunk(self, index: int, start: int, end: int) -> None:
        offset = index * self.block_bits + start
        if self.chunk_md.has_scan_hint:
            # The kernel hands the chunk a block-relative end, so that a run which grew inside any
            # but the first block does not reach the chunk's hint (since 5.2).
            self.chunk_md.update(offset, end)
        else:
            self.chunk_md.update(offset, offset + self.md_blocks[index].contig_hint)

    def _free_start(self, index: int, start: int) -> int:
        block = self.md_blocks[index]
        if start == block.contig_hint + block.contig_hint_start:
            return block.contig_hint_start
        return self._last_used(index, start)

    def _free_end(self, index: int, end: int) -> int:
        block = self.md_blocks[index]
        if end == block.contig_hint_start:
            return block.contig_hint_start + block.contig_hint
        return self._block_next(index, _USED, end)


def _larger(largest: tuple[int, int], run: tuple[int, int]) -> tuple[int, int]:
    """Return the longer run; of equal ones the better aligned."""
    start, length = run
    if length != largest[1]:
        return run if length > largest[1] else largest
    better = largest[0] and (not start or lowest_bit(start) > lowest_bit(largest[0]))
    return run if better else largest


def _fill(block: BlockMd) -> None:
    block.scan_hint = block.contig_hint = block.left_free = block.right_free = 0


def _clear(block: BlockMd) -> None:
    block.first_free = block.scan_hint = block.contig_hint_start = 0
    block.contig_hint = block.left_free = block.right_free = block.nr_bits
