"""One percpu chunk: its bitmap, its hints and the search for free space (mm/percpu.c).

A chunk serves areas of every unit at once, so one offset stands for one area on each CPU.  Offsets
at this module's edge are bytes from the chunk's page-aligned base, as the trace prints them; inside
everything is counted in bits of PCPU_MIN_ALLOC_SIZE bytes.
"""

from __future__ import annotations

from tracekit.mm.percpu_block import align_up, lowest_bit
from tracekit.mm.percpu_hints import FREE, USED, HintedMap

__all__ = ["PCPU_MIN_ALLOC_SIZE", "Chunk"]

PCPU_MIN_ALLOC_SIZE = 4


class Chunk(HintedMap):
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
        super().__init__(nr_pages, page_size // PCPU_MIN_ALLOC_SIZE, has_scan_hint)
        self.base_addr = base_addr
        self.nr_pages = nr_pages
        self.page_size = page_size
        self.area_end: dict[int, int] = {}
        self.free_bytes = nr_pages * page_size
        self.immutable = populated
        self.isolated = False
        self.populated: set[int] = set(range(nr_pages)) if populated else set()
        self.nr_empty_pop_pages = len(self.populated)
        self._hide(0, start_offset // PCPU_MIN_ALLOC_SIZE)
        self._hide(self.map_bits - end_offset // PCPU_MIN_ALLOC_SIZE, self.map_bits)

    def _hide(self, start: int, end: int) -> None:
        if start < end:
            self.free_bytes -= (end - start) * PCPU_MIN_ALLOC_SIZE
            self.alloc_map[start:end] = USED * (end - start)
            if start == self.chunk_md.first_free:
                self.chunk_md.first_free = end
            self._update_hint_alloc(start, end - start)

    def areas(self) -> dict[int, int]:
        """Return every allocated area: offset in bytes -> size in bytes."""
        unit = PCPU_MIN_ALLOC_SIZE
        return {start * unit: (end - start) * unit for start, end in self.area_end.items()}

    def area_size(self, off: int) -> int | None:
        """Return the size in bytes of the area that starts at `off`, or None if none does."""
        start = off // PCPU_MIN_ALLOC_SIZE
        end = self.area_end.get(start)
        return None if end is None else (end - start) * PCPU_MIN_ALLOC_SIZE

    def first_free_offset(self) -> int:
        """Return the offset in bytes of the first free place (the chunk's end if there is none)."""
        return self._next(FREE, 0, self.map_bits) * PCPU_MIN_ALLOC_SIZE

    def used_end_before(self, off: int) -> int:
        """Return where the last area before offset `off` ends, in bytes."""
        return (self.alloc_map.rfind(USED, 0, off // PCPU_MIN_ALLOC_SIZE) + 1) * (
            PCPU_MIN_ALLOC_SIZE
        )

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
            free = self.alloc_map.find(FREE, start, limit)
            index = align_up(limit if free < 0 else free, align)
            if index + bits > limit:
                return None, largest
            taken = self.alloc_map.find(USED, index, index + bits)
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
        self.alloc_map[bit_off:end] = USED * bits
        self.area_end[bit_off] = end
        self.free_bytes -= was_free * PCPU_MIN_ALLOC_SIZE
        if bit_off == self.chunk_md.first_free:
            self.chunk_md.first_free = self._next(FREE, end, self.map_bits)
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
        self.alloc_map[bit_off:end] = FREE * bits
        self.free_bytes += bits * PCPU_MIN_ALLOC_SIZE
        self.chunk_md.first_free = min(self.chunk_md.first_free, bit_off)
        self._update_hint_free(bit_off, bits)
        return bits

    def is_free(self, bit_off: int, bits: int) -> bool:
        """Say whether all of [bit_off, bit_off + bits) lies in the chunk and is free."""
        end = bit_off + bits
        return bit_off >= 0 and end <= self.map_bits and self.alloc_map.find(USED, bit_off, end) < 0

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


def _larger(largest: tuple[int, int], run: tuple[int, int]) -> tuple[int, int]:
    """Return the longer run; of equal ones the better aligned."""
    start, length = run
    if length != largest[1]:
        return run if length > largest[1] else largest
    better = largest[0] and (not start or lowest_bit(start) > lowest_bit(largest[0]))
    return run if better else largest
