"""Sorted region lists: ``struct memblock_type`` and the operations on one list.

Mirrors the list half of mm/memblock.c: memblock_add_range(), memblock_isolate_range(),
memblock_remove_range() and memblock_merge_regions(). Addresses and sizes are bytes, ends are
exclusive. The list is kept sorted and free of overlaps, and is searched by bisection, so that
tens of thousands of operations stay cheap.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter

NUMA_NO_NODE = -1

MEMBLOCK_NONE = 0x0
MEMBLOCK_HOTPLUG = 0x1
MEMBLOCK_MIRROR = 0x2
MEMBLOCK_NOMAP = 0x4
MEMBLOCK_DRIVER_MANAGED = 0x8
MEMBLOCK_RSRV_NOINIT = 0x10
MEMBLOCK_RSRV_KERN = 0x20
MEMBLOCK_KHO_SCRATCH = 0x40


@dataclass(slots=True)
class Region:
    """One ``struct memblock_region``: base and size in bytes, node, MEMBLOCK_* flags."""

    base: int
    size: int
    nid: int = NUMA_NO_NODE
    flags: int = MEMBLOCK_NONE

    @property
    def end(self) -> int:
        """First byte after the region."""
        return self.base + self.size


# A second list of the bases would make looking up faster and, in long lists, inserting slower.
_base_of = attrgetter("base")

Grow = Callable[["MemblockType", int, int], bool]


class MemblockType:
    """One of memblock's lists (``memory``, ``reserved`` or ``physmem``).

    ``max`` is the room of the region array; ``grow`` is asked for more when it is full and
    returns False when it cannot help, as memblock_double_array() does. With no ``grow`` the
    array is unlimited. ``total_size`` is the kernel's running sum, which
    memblock_trim_memory() leaves alone. ``generation`` counts changes of the covered bytes and
    ``removed`` lists what was taken away, for caches that depend on the list.
    """

    def __init__(self, name: str, room: int, phys_addr_max: int, grow: Grow | None = None) -> None:
        self.name = name
        self.max = room
        self.total_size = 0
        self.generation = 0
        self.removed: list[tuple[int, int]] = []
        self.phys_addr_max = phys_addr_max
        self.regions: list[Region] = []
        self._grow = grow

    def __len__(self) -> int:
        return len(self.regions)

    def __iter__(self) -> Iterator[Region]:
        return iter(self.regions)

    def copy(self, grow: Grow | None = None) -> MemblockType:
        """Independent copy of the list, with its own region objects."""
        twin = MemblockType(self.name, self.max, self.phys_addr_max, grow)
        twin.total_size = self.total_size
        twin.regions = [Region(r.base, r.size, r.nid, r.flags) for r in self.regions]
        return twin

    # -- looking up -----------------------------------------------------------------------

    def first_ending_after(self, address: int) -> int:
        """Index of the first region whose end lies above ``address``."""
        index = bisect_right(self.regions, address, key=_base_of) - 1
        if index >= 0 and self.regions[index].end > address:
            return index
        return index + 1

    def first_at_or_above(self, address: int) -> int:
        """Index of the first region whose base is not below ``address``."""
        return bisect_left(self.regions, address, key=_base_of)

    def search(self, address: int) -> Region | None:
        """The region that holds ``address``, or None (mm/memblock.c:memblock_search)."""
        index = self.first_ending_after(address)
        if index < len(self.regions) and self.regions[index].base <= address:
            return self.regions[index]
        return None

    def overlapping(self, base: int, size: int) -> list[Region]:
        """Regions that share at least one byte with [base, base+size)."""
        return self.regions[self.first_ending_after(base) : self.first_at_or_above(base + size)]

    def overlaps(self, base: int, size: int) -> bool:
        """Whether any region meets the range (mm/memblock.c:memblock_overlaps_region)."""
        return bool(self.overlapping(base, self.cap_size(base, size)))

    def gap_around(self, address: int) -> tuple[int, int]:
        """The largest range (start, exclusive end) around ``address`` that no region meets."""
        index = self.first_at_or_above(address)
        start = self.regions[index - 1].end if index else 0
        end = self.regions[index].base if index < len(self.regions) else self.phys_addr_max
        return start, end

    def covers(self, base: int, size: int) -> bool:
        """Whether every byte of [base, base+size) lies in some region."""
        position, end = base, base + size
        for region in self.overlapping(base, size):
            if region.base > position:
                return False
            position = region.end
        return position >= end

    def cap_size(self, base: int, size: int) -> int:
        """Size cut so that the end does not wrap (mm/memblock.c:memblock_cap_size)."""
        return min(size, self.phys_addr_max - base)

    # -- changing -------------------------------------------------------------------------

    def add_range(
        self, base: int, size: int, nid: int = NUMA_NO_NODE, flags: int = MEMBLOCK_NONE
    ) -> bool:
        """Add a range; bytes already listed keep their node and flags.

        Returns False when the array was full and could not grow (-ENOMEM in
        mm/memblock.c:memblock_add_range), leaving the list as it was.
        """
        size = self.cap_size(base, size)
        if size <= 0:
            return True
        while True:
            gaps = self._gaps(base, base + size)
            if self._has_room(len(gaps)):
                break
            if self._grow is None or not self._grow(self, base, size):
                return False
        if not self.regions:
            # What trimming left in the sum goes when the first region is added again.
            self.total_size = 0
        for start, end in gaps:
            self._fill(start, end, nid, flags)
        return True

    def remove_range(self, base: int, size: int) -> bool:
        """Take a range out; returns False if splitting needed room that could not be had."""
        size = self.cap_size(base, size)
        span = self.isolate_range(base, size)
        if span is None:
            return False
        self.remove_regions(*span)
        return True

    def remove_regions(self, start: int, stop: int) -> None:
        """Drop the regions with index start..stop-1 (memblock_remove_region in a loop)."""
        if start < stop:
            self.generation += 1
            self.removed.append((self.regions[start].base, self.regions[stop - 1].end))
        self.total_size -= sum(region.size for region in self.regions[start:stop])
        del self.regions[start:stop]

    def isolate_range(self, base: int, size: int) -> tuple[int, int] | None:
        """Split regions so that the range begins and ends on region borders.

        Returns the indices (first, one past last) of the regions inside the range, or None
        when there was no room for two more regions (mm/memblock.c:memblock_isolate_range).
        """
        size = self.cap_size(base, size)
        if size <= 0:
            return (0, 0)
        while not self._has_room(2):
            if self._grow is None or not self._grow(self, base, size):
                return None
        self._split(base)
        self._split(base + size)
        return self.first_at_or_above(base), self.first_at_or_above(base + size)

    def merge(self) -> None:
        """Join every pair of touching regions of equal node and flags."""
        self.generation += 1
        index = 0
        while index + 1 < len(self.regions):
            this, following = self.regions[index], self.regions[index + 1]
            if (this.end, this.nid, this.flags) == (
                following.base,
                following.nid,
                following.flags,
            ):
                this.size += following.size
                del self.regions[index + 1]
            else:
                index += 1

    def resize(self, index: int, base: int, end: int) -> None:
        """Move a region's borders without touching ``total_size``, as trimming does."""
        self.generation += 1
        self.regions[index].base = base
        self.regions[index].size = end - base

    # -- inside ---------------------------------------------------------------------------

    def _has_room(self, more: int) -> bool:
        # The kernel counts the dummy entry of an empty array as one region in use.
        return (
            self._grow is None
            or max(len(self.regions), 1) + more <= self.max
            or (not self.regions and more == 1)
        )

    def _gaps(self, base: int, end: int) -> list[tuple[int, int]]:
        index = self.first_ending_after(base)
        gaps = []
        while index < len(self.regions) and self.regions[index].base < end:
            region = self.regions[index]
            if region.base > base:
                gaps.append((base, region.base))
            base = region.end
            index += 1
        if base < end:
            gaps.append((base, end))
        return gaps

    def _fill(self, start: int, end: int, nid: int, flags: int) -> None:
        """Enter a range that no region meets, joined to neighbours of its node and flags."""
        index = self.first_at_or_above(start)
        self.generation += 1
        self.total_size += end - start
        before = self.regions[index - 1] if index else None
        after = self.regions[index] if index < len(self.regions) else None
        joins_after = after is not None and (after.base, after.nid, after.flags) == (
            end,
            nid,
            flags,
        )
        if before and (before.end, before.nid, before.flags) == (start, nid, flags):
            before.size += end - start
            if after and joins_after:
                before.size += after.size
                del self.regions[index]
        elif after and joins_after:
            after.base, after.size = start, after.end - start
        else:
            self.regions.insert(index, Region(start, end - start, nid, flags))

    def _split(self, address: int) -> None:
        region = self.search(address)
        if region is None or region.base == address:
            return
        index = self.first_at_or_above(address)
        upper = Region(address, region.end - address, region.nid, region.flags)
        region.size = address - region.base
        self.regions.insert(index, upper)
