"""Worked examples of the bootmem calls on top of memblock, from mm/nobootmem.c of 3.6."""

from __future__ import annotations

from tracekit.mm import nobootmem
from tracekit.mm.memblock import Memblock

MB = 1 << 20


def two_nodes() -> Memblock:
    made = Memblock()
    made.add(1 * MB, 63 * MB, 0)
    made.add(64 * MB, 64 * MB, 1)
    return made


def test_the_top_of_memory_is_taken_and_reserved() -> None:
    blocks = two_nodes()
    assert nobootmem.alloc_bootmem(blocks, 4096, 4096) == 128 * MB - 4096
    assert blocks.reserved.covers(128 * MB - 4096, 4096)


def test_a_goal_is_dropped_when_it_cannot_be_met() -> None:
    blocks = two_nodes()
    assert nobootmem.alloc_bootmem(blocks, 40 * MB, 4096, goal=100 * MB) == 88 * MB


def test_the_core_has_no_fall_back() -> None:
    blocks = two_nodes()
    core = nobootmem.alloc_memory_core_early
    assert core(blocks, 0, 64 * MB, 4096, 0, nobootmem.NO_LIMIT) is None
    assert core(blocks, 0, 4096, 4096, 70 * MB, nobootmem.NO_LIMIT) is None


def test_the_limit_is_cut_to_what_memblock_may_use() -> None:
    blocks = two_nodes()
    blocks.current_limit = 32 * MB
    assert nobootmem.alloc_bootmem(blocks, 4096, 4096) == 32 * MB - 4096


def test_a_node_comes_first_and_any_other_after_it() -> None:
    blocks = two_nodes()
    assert nobootmem.alloc_bootmem_node(blocks, 0, 4096, 4096) == 64 * MB - 4096
    assert nobootmem.alloc_bootmem_node(blocks, 0, 63 * MB, 4096) == 65 * MB


def test_low_memory_ends_at_4_gib() -> None:
    blocks = Memblock()
    blocks.add(4096 * MB - 2 * MB, 16 * MB)
    assert nobootmem.alloc_bootmem_low(blocks, 4096, 4096) == 4096 * MB - 8192


def test_free_gives_back_bytes() -> None:
    blocks = two_nodes()
    address = nobootmem.alloc_bootmem(blocks, 64, 64)
    assert address is not None
    nobootmem.free_bootmem(blocks, address, 64)
    assert len(blocks.reserved) == 0


def test_only_whole_pages_below_max_low_pfn_are_freed() -> None:
    blocks = two_nodes()
    blocks.reserve(2 * MB - 100, 200)
    pfns = list(nobootmem.low_free_pfns(blocks, 100 * MB >> 12))
    assert pfns == [(0x100, 0x1FF), (0x201, 0x4000), (0x4000, 0x6400)]


def test_free_blocks_by_word() -> None:
    assert list(nobootmem.blocks_by_word(30, 66, 32)) == [
        (30, 0),
        (31, 0),
        (32, 5),
        (64, 0),
        (65, 0),
    ]
    assert list(nobootmem.blocks_by_word(33, 35, 32)) == [(33, 0), (34, 0)]


def test_free_blocks_by_alignment() -> None:
    assert list(nobootmem.blocks_by_alignment(6, 17)) == [(6, 1), (8, 3), (16, 0)]
    assert list(nobootmem.blocks_by_alignment(0, 4096)) == [(n * 1024, 10) for n in range(4)]
