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
    top = memory.first_at_or_above(wanted.end) if wanted.size else len(memory.regions)
    for index in range(top - 1, -1, -1):
        region = memory.regions[index]
        if region.end <= wanted.start and wanted.size:
            return
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


def find_range_top_down(memory: MemblockType, reserved: MemblockType, wanted: Wanted) -> int:
    """Highest fitting address, or 0 (__memblock_find_range_top_down)."""
    for free_start, free_end in free_ranges_reverse(memory, reserved, wanted):
        start = min(max(free_start, wanted.start), wanted.end)
        end = min(max(free_end, wanted.start), wanted.end)
        candidate = round_down(end - wanted.size, wanted.align)
        if candidate >= start:
            return candidate
    return 0


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
    low, high = region.base, region.end
    position = high
    if index + 1 < len(reserved.regions):
        position = min(position, reserved.regions[index + 1].base)
    while index >= 0:
        taken = reserved.regions[index]
        taken_end = taken.base + taken.size
        if taken_end <= low:
            break
        if taken_end < high:
            yield taken_end, position
        position = min(position, taken.base)
        index -= 1
    if position > low:
        yield low, position
