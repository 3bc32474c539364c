"""Looking for free memory: the iterator over free ranges and the two directions of search.

Mirrors mm/memblock.c: should_skip_region(), __next_mem_range(), __next_mem_range_rev(),
__memblock_find_range_bottom_up() and __memblock_find_range_top_down().
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tracekit.mm.memblock_type import (
    MEMBLOCK_DRIVER_MANAGED,
    MEMBLOCK_HOTPLUG,
    MEMBLOCK_KHO_SCRATCH,
    MEMBLOCK_MIRROR,
    MEMBLOCK_NOMAP,
    NUMA_NO_NODE,
    MemblockType,
    Region,
)

Range = tuple[int, int]


class Wanted(NamedTuple):
    """What a search asks for: bytes, alignment, [start, end), node and MEMBLOCK_* flags."""

    size: int
    align: int
    start: int
    end: int
    nid: int = NUMA_NO_NODE
    flags: int = 0
    movable_node: bool = False


def round_up(value: int, align: int) -> int:
    """Smallest multiple of ``align`` (a power of two) that is not below ``value``."""
    return (value + align - 1) & ~(align - 1)


def round_down(value: int, align: int) -> int:
    """Largest multiple of ``align`` (a power of two) that is not above ``value``."""
    return value & ~(align - 1)


class GapHints:
    """Addresses above which no free gap is left for a request, one for each (size, align).

    A boot leaves thousands of small gaps behind alignment; without this every search would
    walk all of them again. What holds for a request holds for every larger one. A hint gives
    way where a free opens a gap above it, and all die when RAM changes, so they never alter a
    result. The ``MOST`` hints that were learnt last are kept.
    """

    MOST = 32

    def __init__(self) -> None:
        self._clear_above: dict[tuple[int, int], int] = {}
        self._generation = 0
        self._removed = 0

    def start(self, memory: MemblockType, reserved: MemblockType, wanted: Wanted) -> int | None:
        """Address below which a search for such a gap may begin, None for the top."""
        if memory.generation != self._generation:
            self._clear_above.clear()
            self._generation = memory.generation
        if self._clear_above:
            for start, _ in reserved.removed[self._removed :]:
                self._open(*reserved.gap_around(start))
        self._removed = len(reserved.removed)
        size, align = wanted.size, wanted.align
        clear = (at for (s, a), at in self._clear_above.items() if s <= size and a <= align)
        return min(clear, default=None)

    def _open(self, start: int, end: int) -> None:
        for (size, align), address in self._clear_above.items():
            if end > address and round_down(end - size, align) >= start:
                self._clear_above[size, align] = end

    def learn(self, wanted: Wanted, address: int) -> None:
        """No gap that begins at or above ``address`` has room for such a request."""
        key = wanted.size, wanted.align
        self._clear_above.pop(key, None)
        self._clear_above[key] = address
        if len(self._clear_above) > self.MOST:
            del self._clear_above[next(iter(self._clear_above))]


def should_skip_region(region: Region, wanted: Wanted) -> bool:
    """Whether a memory region is no candidate (mm/memblock.c:should_skip_region)."""
    flags = wanted.flags
    if wanted.nid not in (NUMA_NO_NODE, region.nid):
        return True
    if not region.flags and not flags & (MEMBLOCK_MIRROR | MEMBLOCK_KHO_SCRATCH):
        return False
    if wanted.movable_node and region.flags & MEMBLOCK_HOTPLUG and not flags & MEMBLOCK_HOTPLUG:
        return True
    demanded = flags & (MEMBLOCK_MIRROR | MEMBLOCK_KHO_SCRATCH)
    if demanded & ~region.flags:
        return True
    shunned = region.flags & (MEMBLOCK_NOMAP | MEMBLOCK_DRIVER_MANAGED)
    return bool(shunned & ~flags)


def free_ranges(memory: MemblockType, reserved: MemblockType, wanted: Wanted) -> Iterator[Range]:
    """Free ranges (start, exclusive end) in rising order (__next_mem_range)."""
    for region in memory.regions:
        if region.base >= wanted.end and wanted.size:
            return
        if not should_skip_region(region, wanted):
            yield from _gaps_upwards(region, reserved, max(region.base, wanted.start))


def free_ranges_reverse(
    memory: MemblockType, reserved: MemblockType, wanted: Wanted
) -> Iterator[Range]:
    """Free ranges (start, exclusive end) in falling order (__next_mem_range_rev)."""
    for region in reversed(memory.regions):
        if region.end <= wanted.start and wanted.size:
            return
        if region.base >= wanted.end and wanted.size:
            continue
        if not should_skip_region(region, wanted):
            yield from _gaps_downwards(region, reserved, min(region.end, wanted.end))


def find_range_bottom_up(memory: MemblockType, reserved: MemblockType, wanted: Wanted) -> int:
    """Lowest fitting address, or 0 (__memblock_find_range_bottom_up)."""
    for free_start, free_end in free_ranges(memory, reserved, wanted):
        start = min(max(free_start, wanted.start), wanted.end)
        end = min(max(free_end, wanted.start), wanted.end)
        candidate = round_up(start, wanted.align)
        if candidate < end and end - candidate >= wanted.size:
            return candidate
    return 0


def find_range_top_down(
    memory: MemblockType, reserved: MemblockType, wanted: Wanted, hints: GapHints | None = None
) -> int:
    """Highest fitting address, or 0 (__memblock_find_range_top_down)."""
    clear_above = hints.start(memory, reserved, wanted) if hints else None
    learning = hints is not None and _sees_all(memory, wanted, clear_above)
    narrowed = wanted._replace(end=min(wanted.end, clear_above)) if clear_above else wanted
    found, passed = 0, None
    for free_start, free_end in free_ranges_reverse(memory, reserved, narrowed):
        if learning:
            passed = free_end
            learning = round_down(free_end - wanted.size, wanted.align) < free_start
        candidate = _highest_fit(wanted, free_start, free_end)
        if candidate is not None:
            found = candidate
            break
    if passed is not None and hints is not None:
        hints.learn(wanted, passed)
    return found


def _sees_all(memory: MemblockType, wanted: Wanted, clear_above: int | None) -> bool:
    # Only a search that passes over every gap from the top (or from the hint) may learn.
    if any(should_skip_region(region, wanted) for region in memory.regions):
        return False
    top = memory.regions[-1].end if memory.regions else 0
    return wanted.size > 0 and wanted.end >= (top if clear_above is None else clear_above)


def _highest_fit(wanted: Wanted, free_start: int, free_end: int) -> int | None:
    start = min(max(free_start, wanted.start), wanted.end)
    end = min(max(free_end, wanted.start), wanted.end)
    if end < wanted.size:
        return None
    candidate = round_down(end - wanted.size, wanted.align)
    return candidate if candidate >= start else None


def _gaps_upwards(region: Region, reserved: MemblockType, start: int) -> Iterator[Range]:
    # Searching may begin at `start`: a gap that ends below it could never be clamped into use.
    index = reserved.first_ending_after(start)
    position = region.base
    if index:
        position = max(position, reserved.regions[index - 1].end)
    while index < len(reserved.regions):
        taken = reserved.regions[index]
        if taken.base >= region.end:
            break
        if taken.base > region.base:
            yield position, taken.base
        position = max(position, taken.end)
        index += 1
    if position < region.end:
        yield position, region.end


def _gaps_downwards(region: Region, reserved: MemblockType, end: int) -> Iterator[Range]:
    index = reserved.first_at_or_above(end) - 1
    position = region.end
    if index + 1 < len(reserved.regions):
        position = min(position, reserved.regions[index + 1].base)
    while index >= 0:
        taken = reserved.regions[index]
        if taken.end <= region.base:
            break
        if taken.end < region.end:
            yield taken.end, position
        position = min(position, taken.base)
        index -= 1
    if position > region.base:
        yield region.base, position
