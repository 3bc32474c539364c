from __future__ import annotations

import time

from tracekit.mm.memblock import Config, Memblock
from tracekit.mm.memblock_search import Wanted
from tracekit.mm.memblock_type import (
    MEMBLOCK_HOTPLUG,
    MEMBLOCK_MIRROR,
    MEMBLOCK_NOMAP,
    MEMBLOCK_RSRV_KERN,
    MEMBLOCK_RSRV_NOINIT,
)

MIB = 1 << 20


def ram(memblock: Memblock) -> list[tuple[int, int]]:
    return [(region.base, region.end) for region in memblock.memory]


def taken(memblock: Memblock) -> list[tuple[int, int]]:
    return [(region.base, region.end) for region in memblock.reserved]


def test_flags_are_set_and_cleared_on_part_of_a_region() -> None:
    memblock = Memblock()
    memblock.add(0, 16 * MIB)
    memblock.mark_nomap(MIB, MIB)
    memblock.mark_hotplug(8 * MIB, 8 * MIB)
    flags = [(r.base // MIB, r.flags) for r in memblock.memory]
    assert flags == [(0, 0), (1, MEMBLOCK_NOMAP), (2, 0), (8, MEMBLOCK_HOTPLUG)]
    memblock.clear_nomap(0, 16 * MIB)
    memblock.clear_hotplug(0, 16 * MIB)
    assert ram(memblock) == [(0, 16 * MIB)]


def test_mirror_marks_count_only_with_kernelcore_mirror() -> None:
    plain, mirrored = Memblock(), Memblock(Config(mirrored_kernelcore=True))
    for memblock in (plain, mirrored):
        memblock.add(0, 16 * MIB)
        memblock.mark_mirror(0, MIB)
    assert [r.flags for r in plain.memory] == [0]
    assert [r.flags for r in mirrored.memory] == [MEMBLOCK_MIRROR, 0]
    assert mirrored.has_mirror


def test_mirrored_memory_comes_first_and_the_rest_with_a_message() -> None:
    memblock = Memblock(Config(mirrored_kernelcore=True))
    memblock.add(0x1000, 16 * MIB)
    memblock.mark_mirror(0x1000, 0x2000)
    assert memblock.find_in_range(0, 32 * MIB, 0x1000, 0x1000) == 0x2000
    assert memblock.messages == []
    assert memblock.find_in_range(0, 32 * MIB, MIB, 0x1000) == 15 * MIB + 0x1000
    assert memblock.messages == ["Could not allocate 0x0000000000100000 bytes of mirrored memory"]


def test_reserved_flags() -> None:
    memblock = Memblock()
    memblock.reserve_kern(0x1000, 0x1000, nid=0)
    memblock.reserve(0x4000, 0x2000)
    memblock.reserved_mark_noinit(0x5000, 0x1000)
    flags = [(r.base, r.nid, r.flags) for r in memblock.reserved]
    assert flags == [
        (0x1000, 0, MEMBLOCK_RSRV_KERN),
        (0x4000, -1, 0),
        (0x5000, -1, MEMBLOCK_RSRV_NOINIT),
    ]


def test_the_first_page_is_never_given_out() -> None:
    memblock = Memblock()
    memblock.add(0, 0x2000)
    assert memblock.find_in_range(0, 0x2000, 0x1000, 0x1000) == 0x1000
    memblock.reserve(0x1000, 0x1000)
    assert memblock.find_in_range(0, 0x2000, 0x10, 0x10) == 0


def test_limit_direction_and_the_kernel_end_of_old_kernels() -> None:
    memblock = Memblock(Config(kernel_end=4 * MIB))
    memblock.add(MIB, 15 * MIB)
    memblock.current_limit = 8 * MIB
    wanted = Wanted(0x1000, 0x1000, 0, 0)
    assert memblock.find_in_range_node(wanted) == 8 * MIB - 0x1000
    memblock.bottom_up = True
    assert memblock.find_in_range_node(wanted) == 4 * MIB
    memblock.reserve(4 * MIB, 4 * MIB)
    assert memblock.find_in_range_node(wanted) == 4 * MIB - 0x1000
    assert "bottom-up allocation failed" in memblock.messages[-1]


def test_enforcing_a_limit_truncates_both_lists() -> None:
    memblock = Memblock()
    memblock.add(0, 4 * MIB)
    memblock.add(8 * MIB, 4 * MIB)
    memblock.reserve(9 * MIB, MIB)
    memblock.reserve(64 * MIB, MIB)
    memblock.enforce_memory_limit(100 * MIB)
    assert ram(memblock)[-1] == (8 * MIB, 12 * MIB)
    assert taken(memblock)[-1] == (64 * MIB, 65 * MIB)
    memblock.enforce_memory_limit(5 * MIB)
    assert ram(memblock) == [(0, 4 * MIB), (8 * MIB, 9 * MIB)]
    assert taken(memblock) == []


def test_capping_keeps_nomap_regions() -> None:
    memblock = Memblock()
    memblock.add(0, 16 * MIB)
    memblock.mark_nomap(14 * MIB, MIB)
    memblock.reserve(0, 16 * MIB)
    memblock.mem_limit_remove_map(8 * MIB)
    assert ram(memblock) == [(0, 8 * MIB), (14 * MIB, 15 * MIB)]
    assert taken(memblock) == [(0, 8 * MIB)]
    memblock.cap_memory_range(2 * MIB, MIB)
    assert ram(memblock) == [(2 * MIB, 3 * MIB), (14 * MIB, 15 * MIB)]


def test_trimming_leaves_the_sum_alone_and_drops_slivers() -> None:
    memblock = Memblock()
    memblock.add(0x1000, 0x9EC00 - 0x1000)
    memblock.add(0xA0010, 0x20)
    memblock.trim_memory(0x1000)
    assert ram(memblock) == [(0x1000, 0x9E000)]
    assert memblock.memory.total_size == 0x9EC00 - 0x1000


def test_the_reserved_array_doubles_clear_of_the_range_that_waits() -> None:
    memblock = Memblock(Config(resizable=True, init_regions=4, region_size=24))
    memblock.add(0, 16 * MIB)
    for index in range(3):
        memblock.reserve(0x10000 * (index + 1), 0x100)
    assert memblock.messages == []
    top = 16 * MIB - 0x1000
    memblock.reserve(0x50000, 0x100)
    memblock.reserve(top, 0x1000)
    last = top - 0x1000 + 8 * 24 - 1
    assert memblock.messages == [
        f"memblock: reserved is doubled to 8 at [{top - 0x1000:#018x}-{last:#018x}]"
    ]
    assert memblock.reserved.covers(top - 0x1000, 0x2000)
    assert memblock.reserved.max == 8


def test_an_array_that_finds_no_room_says_so() -> None:
    memblock = Memblock(Config(resizable=True, init_regions=2))
    memblock.reserve(0x1000, 0x10)
    memblock.reserve(0x3000, 0x10)
    assert not memblock.reserve(0x5000, 0x10)
    assert memblock.messages == ["memblock: Failed to double reserved array from 2 to 4 entries !"]


def test_discard_returns_the_arrays() -> None:
    memblock = Memblock(Config(resizable=True, init_regions=2))
    memblock.add(0, 16 * MIB)
    for index in range(1, 4):
        memblock.reserve(index * 0x10000, 0x10)
    arrays = memblock.discard()
    assert arrays == [(16 * MIB - 0x1000, 0x1000)]
    assert not memblock.memory
    assert not memblock.reserved


def test_set_node_splits_and_merges() -> None:
    memblock = Memblock()
    memblock.add(0, 16 * MIB)
    memblock.set_node(0, 8 * MIB, memblock.memory, 0)
    memblock.set_node(8 * MIB, 1 << 40, memblock.memory, 1)
    assert [(r.base, r.nid) for r in memblock.memory] == [(0, 0), (8 * MIB, 1)]
    memblock.set_node(0, 1 << 40, memblock.memory, 0)
    assert ram(memblock) == [(0, 16 * MIB)]


def test_a_copy_goes_its_own_way() -> None:
    memblock = Memblock()
    memblock.add(0, 16 * MIB)
    twin = memblock.copy()
    twin.reserve(0x1000, 0x1000)
    twin.bottom_up = True
    assert taken(memblock) == []
    assert not memblock.bottom_up


def test_sixty_thousand_reservations_take_about_a_second() -> None:
    memblock = Memblock()
    memblock.add(0, 1 << 36)
    begin = time.process_time()
    for index in range(60_000):
        memblock.reserve((index * 7919 % 65536) * 8192, 4096)
    assert len(memblock.reserved) == 60_000
    assert time.process_time() - begin < 5


def test_ram_that_a_dump_shows_as_mirrored_is_taken_first() -> None:
    memblock = Memblock()
    memblock.add(0x1000, 16 * MIB)
    assert memblock.find_in_range(0, 32 * MIB, 0x1000, 0x1000) == 16 * MIB
    memblock.mark_memory(0x1000, 0x2000, MEMBLOCK_MIRROR)
    assert memblock.find_in_range(0, 32 * MIB, 0x1000, 0x1000) == 0x2000
