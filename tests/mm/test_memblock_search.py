from __future__ import annotations

import pytest

from tracekit.mm.memblock_search import (
    Wanted,
    find_range_bottom_up,
    find_range_top_down,
    free_ranges,
    free_ranges_reverse,
    should_skip_region,
)
from tracekit.mm.memblock_type import (
    MEMBLOCK_DRIVER_MANAGED,
    MEMBLOCK_HOTPLUG,
    MEMBLOCK_MIRROR,
    MEMBLOCK_NOMAP,
    MemblockType,
    Region,
)

TOP = (1 << 64) - 1
ALL = Wanted(1, 1, 0, TOP)


def lists() -> tuple[MemblockType, MemblockType]:
    memory, reserved = MemblockType("memory", 128, TOP), MemblockType("reserved", 128, TOP)
    memory.add_range(0x1000, 0xF000)
    memory.add_range(0x20000, 0x10000, nid=1)
    for base, size in ((0x0, 0x2000), (0x4000, 0x1000), (0xF000, 0x12000), (0x2F000, 0x1000)):
        reserved.add_range(base, size)
    return memory, reserved


def test_free_ranges_both_ways() -> None:
    memory, reserved = lists()
    rising = [(0x2000, 0x4000), (0x5000, 0xF000), (0x21000, 0x2F000)]
    assert list(free_ranges(memory, reserved, ALL)) == rising
    assert list(free_ranges_reverse(memory, reserved, ALL)) == rising[::-1]


@pytest.mark.parametrize(
    ("flags", "wanted", "movable", "skipped"),
    [
        (0, 0, False, False),
        (MEMBLOCK_HOTPLUG, 0, False, False),
        (MEMBLOCK_HOTPLUG, 0, True, True),
        (MEMBLOCK_HOTPLUG, MEMBLOCK_HOTPLUG, True, False),
        (MEMBLOCK_NOMAP, 0, False, True),
        (MEMBLOCK_NOMAP, MEMBLOCK_NOMAP, False, False),
        (MEMBLOCK_DRIVER_MANAGED, 0, False, True),
        (0, MEMBLOCK_MIRROR, False, True),
        (MEMBLOCK_MIRROR, MEMBLOCK_MIRROR, False, False),
    ],
)
def test_which_regions_are_skipped(flags: int, wanted: int, movable: bool, skipped: bool) -> None:
    region = Region(0, 0x1000, 0, flags)
    assert should_skip_region(region, Wanted(1, 1, 0, TOP, -1, wanted, movable)) is skipped


def test_another_node_is_skipped() -> None:
    assert should_skip_region(Region(0, 0x1000, 1), Wanted(1, 1, 0, TOP, 0))
    assert not should_skip_region(Region(0, 0x1000, 1), Wanted(1, 1, 0, TOP, 1))


def test_top_down_takes_the_highest_aligned_place() -> None:
    memory, reserved = lists()
    assert find_range_top_down(memory, reserved, Wanted(0x100, 0x40, 0, TOP)) == 0x2EF00
    assert find_range_top_down(memory, reserved, Wanted(0x100, 0x1000, 0, TOP)) == 0x2E000
    assert find_range_top_down(memory, reserved, Wanted(0x100, 1, 0, 0x21080)) == 0xEF00
    assert find_range_top_down(memory, reserved, Wanted(0x100, 1, 0, TOP, 1)) == 0x2EF00
    assert find_range_top_down(memory, reserved, Wanted(0xF000, 1, 0, TOP)) == 0


def test_bottom_up_takes_the_lowest_aligned_place() -> None:
    memory, reserved = lists()
    assert find_range_bottom_up(memory, reserved, Wanted(0x100, 0x40, 0, TOP)) == 0x2000
    assert find_range_bottom_up(memory, reserved, Wanted(0x3000, 0x1000, 0, TOP)) == 0x5000
    assert find_range_bottom_up(memory, reserved, Wanted(0x100, 1, 0x5801, TOP)) == 0x5801
    assert find_range_bottom_up(memory, reserved, Wanted(0x100, 1, 0x5F80, 0x6000)) == 0
