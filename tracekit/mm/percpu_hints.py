"""A percpu chunk's bitmap and the hints that follow its changes (mm/percpu.c).

All units are bits.  The hints are not always the truth: the kernel leaves some stale on purpose and
one by mistake, and what it will find depends on that, so each update is done as the kernel does it.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.mm.percpu_block import BlockMd, overlap

__all__ = ["FREE", "USED", "HintedMap"]

FREE, USED = b"\0", b"\1"


class HintedMap:
    """A bitmap of `nr_blocks` blocks of `block_bits` bits, one byte a bit, with its hints."""

    def __init__(self, nr_blocks: int, block_bits: int, has_scan_hint: bool) -> None:
        self.nr_blocks = nr_blocks
        self.block_bits = block_bits
        self.map_bits = nr_blocks * block_bits
        self.alloc_map = bytearray(self.map_bits)
        self.chunk_md = BlockMd.empty(self.map_bits, has_scan_hint)
        self.md_blocks = [BlockMd.empty(block_bits, has_scan_hint) for _ in range(nr_blocks)]
        self.nr_empty_pop_pages = 0

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
        last = self.alloc_map.rfind(USED, base, base + offset)
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
        while (start := self._block_next(index, FREE, start)) < size:
            end = self._block_next(index, USED, start)
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
        for i in range(index, self.nr_blocks):
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
        emptied = int(self.md_blocks[first].contig_hint == size)
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
                self._block_next(index, FREE, start + bits) if start + bits < size else size
            )
        stop = start + bits
        if overlap(block.scan_hint_start, block.scan_hint_start + block.scan_hint, start, stop):
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
        block.first_free = self._block_next(index, FREE, end)
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
        gained = int(not start and first_end == size)
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
        return self._block_next(index, USED, end)


def _fill(block: BlockMd) -> None:
    block.scan_hint = block.contig_hint = block.left_free = block.right_free = 0


def _clear(block: BlockMd) -> None:
    block.first_free = block.scan_hint = block.contig_hint_start = 0
    block.contig_hint = block.left_free = block.right_free = block.nr_bits
