"""Worked examples of the remap allocator, from the source of 2.6.11 to 3.6."""

from __future__ import annotations

import pytest

from tracekit.mm import numa_32
from tracekit.mm.memblock import Memblock

MB = 1 << 20
LARGE = 512


def test_the_size_covers_mem_map_and_pgdat_in_large_pages() -> None:
    memmap = numa_32.memmap_bytes(0, 0x40000, 32)
    assert memmap == (0x40000 + 1) * 32
    assert numa_32.remap_pages(memmap, 4400, LARGE) == 2560
    assert numa_32.remap_bytes(memmap, 4096, LARGE) == 10 * MB


def test_a_node_without_pages_has_no_mem_map() -> None:
    assert numa_32.memmap_bytes(16, 16, 32) == 0


def test_the_area_is_the_highest_that_is_free() -> None:
    taken = (0x7FC00 * 4096, 0x7FE00 * 4096)

    def is_free(start: int, end: int) -> bool:
        return end <= 0x7FFE0 * 4096 and (end <= taken[0] or start >= taken[1])

    assert numa_32.place_downwards(0x40000, 0x7FFE0, 512, LARGE, is_free) == 0x7FA00
    assert numa_32.place_downwards(0x40000, 0x7FFE0, 1024, LARGE, is_free) == 0x7F800


def test_the_search_ends_at_the_nodes_start() -> None:
    tried: list[int] = []

    def is_free(start: int, _end: int) -> bool:
        tried.append(start >> 12)
        return False

    assert numa_32.place_downwards(0x400, 0x1000, 512, LARGE, is_free) is None
    assert tried == [0xE00, 0xC00, 0xA00, 0x800, 0x600]


def test_old_kernels_cut_the_nodes_end() -> None:
    plain = numa_32.shrink(2752512, 22016, LARGE, aligns=False)
    assert plain.new_end == 2730496
    odd = numa_32.shrink(0x7FFE0, 512, LARGE, aligns=True)
    assert (odd.further, odd.new_end) == (0x1E0, 0x7FC00)


def test_the_kva_area_lies_below_lowmem_or_initrd() -> None:
    assert numa_32.kva_start(229376, 38400, LARGE) == 190976
    assert numa_32.kva_start(0x37EF0, 38400, LARGE) == 190464


def test_addresses_wrap_at_4_gib() -> None:
    assert numa_32.kaddr(0x2E800) == 0xEE800000
    assert numa_32.kaddr(0x41600) == 0x01600000


def memblock() -> Memblock:
    made = Memblock()
    made.add(1 * MB, 2047 * MB)
    return made


def test_3_0_takes_the_top_of_the_node_and_of_lowmem() -> None:
    blocks = memblock()
    area = numa_32.init_alloc_remap(
        blocks, 1, (1024 * MB, 2048 * MB), (16 * MB, 891 * MB), 10 * MB, LARGE
    )
    assert area == numa_32.RemapArea(1, 2038 * MB, 880 * MB, 10 * MB)
    assert blocks.reserved.covers(880 * MB, 10 * MB)


def test_a_node_inside_lowmem_is_not_mapped_over_itself() -> None:
    area = numa_32.init_alloc_remap(
        memblock(), 0, (0, 256 * MB), (16 * MB, 256 * MB), 4 * MB, LARGE
    )
    assert area == numa_32.RemapArea(0, 252 * MB, 248 * MB, 4 * MB)


def test_no_room_is_told_and_leaves_nothing_reserved() -> None:
    blocks = memblock()
    lowmem = (16 * MB, 18 * MB)
    assert numa_32.init_alloc_remap(blocks, 1, (0, MB), lowmem, 4 * MB, LARGE) == "node"
    assert numa_32.init_alloc_remap(blocks, 1, (0, 64 * MB), lowmem, 4 * MB, LARGE) == "lowmem"
    assert len(blocks.reserved) == 0


@pytest.mark.parametrize(("may_fill", "last"), [(False, None), (True, 0x1080)])
def test_the_pointer_moves_by_cache_lines_to_the_end(may_fill: bool, last: int | None) -> None:
    area = numa_32.RemapAllocator(0x1000, 0x1100, 0x1000, may_fill)
    assert area.allocate(1) == 0x1000
    assert area.allocate(64) == 0x1040
    assert area.allocate(128) == last


def test_mem_map_covers_whole_buddy_blocks() -> None:
    assert numa_32.mem_map_bytes(0x10, 0x7FE0, 32) == 0x8000 * 32
    assert numa_32.node_mem_map(0xF6402000, 0x10, 32) == 0xF6402200
