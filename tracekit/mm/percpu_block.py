"""Hints of the percpu allocator about free space (mm/percpu-internal.h, struct pcpu_block_md).

Every page of a chunk's bitmap has one, and so has the chunk as a whole.  All units are bits,
one bit for PCPU_MIN_ALLOC_SIZE (4) bytes.  The hints decide where the search for free space
starts, so an offset can only be predicted by keeping them exactly as the kernel does, including
the moments in which a hint is stale.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BlockMd", "align_up", "lowest_bit", "overlap"]


def align_up(value: int, align: int) -> int:
    """Return `value` rounded up to a multiple of the power of two `align` (0 and 1: unchanged)."""
    return value if align <= 1 else (value + align - 1) & -align


def lowest_bit(value: int) -> int:
    """Return the number of trailing zero bits of a positive `value` (the kernel's __ffs)."""
    return (value & -value).bit_length() - 1


def overlap(a: int, b: int, x: int, y: int) -> bool:
    """Say whether [a, b) and [x, y) meet (pcpu_region_overlap)."""
    return a < y and x < b


@dataclass(slots=True)
class BlockMd:
    """Free-space hints of one block, or of a whole chunk (struct pcpu_block_md).

    `contig_hint` is the largest known free run and `scan_hint` the largest known run before it;
    kernels before 5.2 have no scan hint, which `has_scan_hint` tells.
    """

    nr_bits: int
    has_scan_hint: bool = True
    scan_hint: int = 0
    scan_hint_start: int = 0
    contig_hint: int = 0
    contig_hint_start: int = 0
    left_free: int = 0
    right_free: int = 0
    first_free: int = 0

    @classmethod
    def empty(cls, nr_bits: int, has_scan_hint: bool) -> BlockMd:
        """Return the hints of a block in which every bit is free (pcpu_init_md_block)."""
        return cls(
            nr_bits,
            has_scan_hint,
            contig_hint=nr_bits,
            left_free=nr_bits,
            right_free=nr_bits,
        )

    def copy(self) -> BlockMd:
        """Return the same hints, which change on their own."""
        return BlockMd(
            self.nr_bits,
            self.has_scan_hint,
            self.scan_hint,
            self.scan_hint_start,
            self.contig_hint,
            self.contig_hint_start,
            self.left_free,
            self.right_free,
            self.first_free,
        )

    def may_fit(self, bits: int, align: int) -> bool:
        """Say whether the largest run holds `bits` at `align` (pcpu_check_block_hint)."""
        skipped = align_up(self.contig_hint_start, align) - self.contig_hint_start
        return skipped + bits <= self.contig_hint

    def search_start(self, bits: int) -> int:
        """Return the bit from which to look for `bits` (pcpu_next_hint)."""
        if (
            self.scan_hint
            and self.contig_hint_start > self.scan_hint_start
            and bits > self.scan_hint
        ):
            return self.scan_hint_start + self.scan_hint
        return self.first_free

    def update(self, start: int, end: int) -> None:
        """Take note of the free run [start, end) (pcpu_block_update)."""
        contig = end - start
        self.first_free = min(self.first_free, start)
        if start == 0:
            self.left_free = contig
        if end == self.nr_bits:
            self.right_free = contig
        if contig > self.contig_hint:
            self._promote(start, contig)
        elif contig == self.contig_hint:
            self._equal(start, contig)
        elif start < self.contig_hint_start and (
            contig > self.scan_hint or (contig == self.scan_hint and start > self.scan_hint_start)
        ):
            self._set_scan(start, contig)

    def _promote(self, start: int, contig: int) -> None:
        if start > self.contig_hint_start:
            if self.contig_hint > self.scan_hint:
                self._set_scan(self.contig_hint_start, self.contig_hint)
            elif start < self.scan_hint_start:
                self.scan_hint = 0
        else:
            self.scan_hint = 0
        self.contig_hint_start = start
        self.contig_hint = contig

    def _equal(self, start: int, contig: int) -> None:
        better_aligned = self.contig_hint_start and (
            not start or lowest_bit(start) > lowest_bit(self.contig_hint_start)
        )
        if better_aligned:
            self.contig_hint_start = start
            if start < self.scan_hint_start and self.contig_hint > self.scan_hint:
                self.scan_hint = 0
        elif start > self.scan_hint_start or self.contig_hint > self.scan_hint:
            self._set_scan(start, contig)

    def _set_scan(self, start: int, contig: int) -> None:
        if self.has_scan_hint:
            self.scan_hint_start = start
            self.scan_hint = contig
