"""The free lists of a zone: splitting, merging, and which end of a list a block goes to."""

from __future__ import annotations

import random

import pytest

from tracekit.mm.page_alloc_rules import RESERVE_TYPES, Fallback, Rules
from tracekit.mm.page_alloc_zone import Zone

MOVABLE = Rules().movable


def full_zone(pages: int = 2048, rules: Rules | None = None) -> Zone:
    """Return a zone whose pages are all free and Movable, in blocks of the largest order."""
    zone = Zone("Normal", 0, 0, pages, rules or Rules())
    for pfn in range(0, pages, 1024):
        zone.insert(pfn, 10, MOVABLE, tail=True)
    return zone


def lists(zone: Zone, migratetype: int = MOVABLE) -> dict[int, list[int]]:
    """Return the lists of a type that are not empty, by order."""
    return {
        order: list(area[migratetype]) for order, area in enumerate(zone.areas) if area[migratetype]
    }


def test_a_split_leaves_the_upper_halves_at_the_heads() -> None:
    zone = full_zone(1024)
    assert zone.rmqueue_smallest(0, MOVABLE) == 0
    assert lists(zone) == {order: [1 << order] for order in range(10)}
    assert zone.free_pages == 1023


def test_the_smallest_block_that_fits_goes_first_and_from_the_head() -> None:
    zone = full_zone()
    zone.insert(5000, 3, MOVABLE, tail=True)
    zone.insert(5008, 3, MOVABLE, tail=True)
    assert zone.rmqueue_smallest(2, MOVABLE) == 5000
    assert zone.rmqueue_smallest(3, MOVABLE) == 5008
    assert zone.rmqueue_smallest(3, MOVABLE) == 0
    assert zone.rmqueue_smallest(0, 0) is None


def test_freeing_all_pages_in_any_order_gives_the_whole_blocks_back() -> None:
    zone = full_zone()
    taken = [zone.rmqueue_smallest(0, MOVABLE) for _ in range(2048)]
    random.Random(3).shuffle(taken)
    for pfn in taken:
        assert pfn is not None
        zone.free_one(pfn, 0, MOVABLE)
    assert sorted(lists(zone)[10]) == [0, 1024]
    assert zone.blocks == {0: 10 << 3 | MOVABLE, 1024: 10 << 3 | MOVABLE}


def test_a_freed_page_goes_to_the_head_unless_it_will_likely_merge() -> None:
    zone = Zone("Normal", 0, 0, 1024, Rules())
    zone.insert(100, 0, MOVABLE, tail=True)
    zone.free_one(200, 0, MOVABLE)
    assert lists(zone)[0] == [200, 100]
    zone.insert(302, 1, MOVABLE, tail=True)
    zone.free_one(300, 0, MOVABLE)  # with 301 it would meet the free pair 302
    assert lists(zone)[0] == [200, 100, 300]
    zone.free_one(400, 0, MOVABLE, tail=True)
    assert lists(zone)[0][-1] == 400


def test_without_the_merge_rule_every_freed_page_goes_to_the_head() -> None:
    zone = Zone("Normal", 0, 0, 1024, Rules(merge_to_tail=False))
    zone.insert(100, 0, MOVABLE, tail=True)
    zone.insert(302, 1, MOVABLE, tail=True)
    zone.free_one(300, 0, MOVABLE)
    assert lists(zone)[0] == [300, 100]


def test_pageblocks_merge_only_with_types_that_allow_it() -> None:
    cma = 3
    zone = Zone("Normal", 0, 0, 1024, Rules())
    zone.set_pageblock_type(0, 0, cma)
    zone.insert(0, 9, cma, tail=True)
    zone.free_one(512, 9, MOVABLE)
    assert lists(zone) == {9: [512]}
    zone.set_pageblock_type(0, 0, 0)
    zone.remove(0)
    zone.insert(0, 9, 0, tail=True)
    zone.remove(512)
    zone.free_one(512, 9, MOVABLE)
    assert lists(zone) == {10: [0]}


@pytest.mark.parametrize(("retypes", "kept"), [(False, 0), (True, MOVABLE)])
def test_a_merged_pageblock_takes_the_type_since_6_10(retypes: bool, kept: int) -> None:
    zone = Zone("Normal", 0, 0, 1024, Rules(merge_retypes=retypes))
    zone.set_pageblock_type(0, 0, 0)
    zone.insert(0, 9, 0, tail=True)
    zone.free_one(512, 9, MOVABLE)
    assert zone.pageblock_type(0) == kept


def test_undo_puts_the_lists_back_as_they_were() -> None:
    zone = full_zone()
    zone.insert(5000, 1, MOVABLE, tail=True)
    zone.insert(6000, 1, MOVABLE, tail=True)
    before = lists(zone)
    for order in (0, 1, 3, 9):
        pfn = zone.rmqueue_smallest(order, MOVABLE)
        assert pfn is not None
        zone.undo(pfn, order, MOVABLE)
        assert lists(zone) == before


def test_moving_a_pageblock_sends_its_free_blocks_to_the_tails() -> None:
    zone = Zone("Normal", 0, 0, 1024, Rules())
    for pfn in (4, 8, 600):
        zone.insert(pfn, 2, MOVABLE, tail=True)
    zone.insert(700, 2, 0, tail=True)
    assert zone.move_block(9, 0) == 8
    assert lists(zone, 0) == {2: [700, 4, 8]}
    assert lists(zone) == {2: [600]}


def test_before_5_10_a_moved_block_goes_to_the_heads() -> None:
    zone = Zone("Normal", 0, 0, 1024, Rules(move_to_tail=False))
    zone.insert(4, 2, MOVABLE, tail=True)
    zone.insert(700, 2, 0, tail=True)
    zone.move_block(4, 0)
    assert lists(zone, 0) == {2: [4, 700]}


def test_a_pageblock_that_leaves_the_zone_does_not_move() -> None:
    taking = Rules(fallback=Fallback.TAKE)
    for rules, start, end in ((Rules(), 0, 300), (taking, 100, 600)):
        zone = Zone("Normal", 0, start, end, rules)
        zone.insert(200, 2, MOVABLE, tail=True)
        assert zone.move_block(200, 0) == 0


def test_carving_pages_out_leaves_the_rest_free() -> None:
    zone = full_zone(1024)
    assert zone.carve(77, 0) == MOVABLE
    assert zone.free_pages == 1023
    assert not zone.is_free(77, 0)
    assert zone.is_free(76, 0)
    assert zone.block_with(77) is None
    zone.evict(64, 4)
    assert zone.free_pages == 1008
    with pytest.raises(KeyError):
        zone.carve(77, 0)


def test_old_kernels_number_their_types_otherwise() -> None:
    rules = Rules(types=RESERVE_TYPES)
    assert (rules.reclaimable, rules.movable) == (1, 2)
    assert rules.fallbacks(rules.movable) == (1, 0)
    assert rules.type_number("HighAtomic") is None


def test_undo_joins_only_what_was_split() -> None:
    zone = Zone("Normal", 0, 0, 4096, Rules())
    zone.insert(8, 1, 1, tail=True)
    zone.insert(6, 1, 1, tail=False)
    assert zone.rmqueue_smallest(1, 1) == 6
    zone.undo(6, 1, 1)
    assert list(zone.areas[1][1]) == [6, 8]


def test_v2_6_38_does_not_see_that_an_upper_buddy_will_merge() -> None:
    for misses, head in ((False, 64), (True, 2)):
        zone = Zone("Normal", 0, 0, 4096, Rules(misses_upper=misses))
        zone.insert(4, 2, 1, tail=True)
        zone.insert(64, 1, 1, tail=True)
        zone.free_one(2, 1, 1)
        assert zone.head(1, 1) == head


def test_pageblocks_may_be_numbered_from_the_zones_start() -> None:
    zone = Zone("Normal", 0, 16, 4096, Rules())
    zone.block_base = 16
    zone.set_pageblock_type(512, 0, 2)
    assert [zone.pageblock_type(pfn) for pfn in (16, 527, 528)] == [2, 2, 1]
