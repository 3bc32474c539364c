"""memblock_free_all(): the free lists, their order, pageblocks and deferred pages."""

from __future__ import annotations

import pytest

from tracekit.mm.handoff import (
    Handoff,
    Rules,
    first_deferred_pfn,
    free_pfn_ranges,
    free_ranges,
    split_blocks,
)
from tracekit.mm.mm_init import PfnRange, free_area_init, zone_ranges


def machine(
    ranges: list[PfnRange], rules: Rules | None = None, highmem: int | None = None
) -> Handoff:
    zones = {"Normal": highmem or 1 << 20, "HighMem": 1 << 20} if highmem else {"Normal": 1 << 20}
    limits = zone_ranges(zones, ranges[0].start_pfn)
    return Handoff(free_area_init(ranges, limits), ranges, rules or Rules())


def test_free_is_memory_minus_reserved_region_by_region() -> None:
    memory = [(0x1000, 0x9000, 0), (0xA000, 0x6000, 1)]
    reserved = [(0x0, 0x2000), (0x4000, 0x1000), (0x9000, 0x2000)]
    assert free_ranges(memory, reserved) == [
        (0x2000, 0x4000, 0), (0x5000, 0x9000, 0), (0xB000, 0x10000, 1),
    ]  # fmt: skip
    assert free_ranges([(0, 0x1000, 0)], [(0, 0x1000)]) == []


def test_only_whole_pages_are_handed_over() -> None:
    assert free_pfn_ranges([(0x1001, 0x4FFF, 0), (0x5001, 0x5FFF, 0)], 4096) == [PfnRange(2, 4)]


def test_blocks_are_the_largest_that_are_aligned_and_fit() -> None:
    assert list(split_blocks(3, 21, 11)) == [(3, 0), (4, 2), (8, 3), (16, 2), (20, 0)]
    assert list(split_blocks(0, 2048, 11)) == [(0, 10), (1024, 10)]


@pytest.mark.parametrize(("to_tail", "order"), [(True, [2048, 4096]), (False, [4096, 2048])])
def test_blocks_join_at_the_tail_since_v5_10(to_tail: bool, order: list[int]) -> None:
    handoff = machine([PfnRange(0, 8192)], Rules(to_tail=to_tail))
    handoff.free_all([PfnRange(2048, 3072), PfnRange(4096, 5120)])
    assert handoff.free_lists()["0"]["Normal"] == {"10": {"Movable": order}}


def test_buddies_merge_across_freed_ranges() -> None:
    handoff = machine([PfnRange(0, 4096)])
    handoff.free_all([PfnRange(1024, 1536), PfnRange(1536, 2048)])
    assert handoff.free_lists()["0"]["Normal"] == {"10": {"Movable": [1024]}}
    assert handoff.managed() == {(0, "Normal"): 1024}


def test_a_pageblock_whose_first_page_is_no_ram_stays_unmovable() -> None:
    handoff = machine([PfnRange(1, 2048)])
    assert handoff.migratetype(5) == "Unmovable"
    assert handoff.migratetype(512) == "Movable"


def test_merging_gives_the_buddy_the_type_of_the_freed_block_since_v6_10() -> None:
    for retypes, expected in ((False, "Unmovable"), (True, "Movable")):
        handoff = machine([PfnRange(1, 4096)], Rules(merge_retypes=retypes))
        handoff.pageblocks.pop(1024)
        handoff.free_all([PfnRange(1024, 1536), PfnRange(1536, 2048)])
        assert handoff.migratetype(1024) == expected


def test_pages_beyond_the_first_section_wait() -> None:
    ranges = [PfnRange(0, 0x20000)]
    handoff = machine(ranges, Rules(section_pages=0x8000))
    handoff.free_all([PfnRange(0x100, 0x1F000)])
    assert handoff.first_deferred_pfn == {0: 0x8000}
    assert handoff.deferred == [PfnRange(0x8000, 0x1F000)]
    assert handoff.migratetype(0x8000) == "Unmovable"
    handoff.deferred_init()
    assert handoff.deferred == []
    assert handoff.migratetype(0x8000) == "Movable"
    assert handoff.managed() == {(0, "Normal"): 0x1EF00}


def test_the_first_deferred_pfn_is_a_section_after_a_section_s_worth_of_pages() -> None:
    ranges = [PfnRange(0x1000, 0x7000), PfnRange(0x9000, 0x30000)]
    node = free_area_init(ranges, zone_ranges({"Normal": 1 << 20}, 0x1000))[0]
    assert first_deferred_pfn(node, ranges, 0x8000) == 0x10000
    assert first_deferred_pfn(node, ranges, 0x40000) is None


@pytest.mark.parametrize("apart", [True, False, None])
def test_highmem_comes_page_by_page_or_with_the_rest(apart: bool | None) -> None:
    handoff = machine([PfnRange(0, 4096)], Rules(highmem_apart=apart), highmem=2048)
    handoff.free_all([PfnRange(1024, 4096)])
    assert handoff.managed() == {(0, "Normal"): 1024, (0, "HighMem"): 2048}
    assert handoff.free_lists()["0"]["HighMem"] == {"10": {"Movable": [2048, 3072]}}


def test_a_page_outside_all_zones_is_an_error() -> None:
    with pytest.raises(LookupError, match="0x5000"):
        machine([PfnRange(0, 4096)]).zone_of(0x5000)


def test_interleaved_nodes_tell_by_ram() -> None:
    ranges = [PfnRange(0, 1024, 0), PfnRange(1024, 2048, 1), PfnRange(2048, 3072, 0)]
    handoff = machine(ranges)
    assert handoff.zone_of(1500).zone.nid == 1
    assert handoff.zone_of(2500).zone.nid == 0


def test_bootmem_frees_words_then_its_bitmap_and_highmem_comes_last() -> None:
    handoff = machine([PfnRange(0, 4096)], Rules(to_tail=False, highmem_apart=False), highmem=2048)
    handoff.free_released([(1024, 5), (1056, 5), (100, 0)], [PfnRange(0, 4096)])
    assert handoff.freed[:3] == [(1024, 5), (1056, 5), (100, 0)]
    assert handoff.free_lists()["0"]["Normal"]["6"] == {"Movable": [1024]}
    assert handoff.managed() == {(0, "Normal"): 65, (0, "HighMem"): 2048}


def test_pageblocks_of_holes_that_have_struct_pages_are_movable() -> None:
    ranges = [PfnRange(0, 1024), PfnRange(3072, 4096)]
    limits = zone_ranges({"Normal": 1 << 20}, 0)
    nodes = free_area_init(ranges, limits)
    for mapped, kind in ((None, "Unmovable"), ([PfnRange(0, 4096)], "Movable")):
        assert Handoff(nodes, ranges, Rules(), mapped).migratetype(2048) == kind
