"""Which block a request takes when its own migrate type has none, by version."""

from __future__ import annotations

from tracekit.mm.page_alloc_fallback import (
    Donor,
    claim,
    claimable,
    find_fallback,
    largest,
    steal,
    take_alone,
)
from tracekit.mm.page_alloc_rules import Fallback, Rules
from tracekit.mm.page_alloc_zone import Zone

UNMOVABLE, MOVABLE, RECLAIMABLE = 0, 1, 2


def zone_with(*blocks: tuple[int, int, int], fallback: Fallback = Fallback.MOVE) -> Zone:
    """Return a zone with the free blocks given as (pfn, order, migrate type)."""
    zone = Zone("Normal", 0, 0, 8192, Rules(fallback=fallback))
    for block in blocks:
        zone.insert(*block, tail=True)
    return zone


def test_an_unmovable_request_takes_the_largest_block_reclaimable_first() -> None:
    zone = zone_with((0, 4, MOVABLE), (1024, 6, MOVABLE), (2048, 6, RECLAIMABLE))
    assert find_fallback(zone, 0, UNMOVABLE) == Donor(2048, 6, RECLAIMABLE, True)


def test_a_movable_request_takes_the_smallest_block_if_it_may_not_take_all() -> None:
    zone = zone_with((0, 1, UNMOVABLE), (1024, 3, UNMOVABLE))
    assert find_fallback(zone, 0, MOVABLE) == Donor(0, 1, UNMOVABLE, False)
    zone.insert(2048, 4, UNMOVABLE, tail=True)
    assert find_fallback(zone, 0, MOVABLE) == Donor(2048, 4, UNMOVABLE, True)


def test_nothing_to_fall_back_to() -> None:
    assert find_fallback(zone_with((0, 2, MOVABLE)), 3, UNMOVABLE) is None
    assert list(largest(zone_with((0, 2, UNMOVABLE)), 0, UNMOVABLE)) == []


def test_since_6_15_a_page_taken_alone_comes_from_the_smallest_block() -> None:
    zone = zone_with((0, 3, MOVABLE), (1024, 6, MOVABLE), fallback=Fallback.CLAIM)
    assert find_fallback(zone, 0, UNMOVABLE) == Donor(0, 3, MOVABLE, True)
    zone.insert(2048, 9, MOVABLE, tail=True)
    assert find_fallback(zone, 0, UNMOVABLE) == Donor(2048, 9, MOVABLE, True)


def test_stealing_moves_what_is_free_in_the_pageblock() -> None:
    zone = zone_with((0, 6, MOVABLE), (128, 5, MOVABLE), (600, 3, MOVABLE))
    steal(zone, Donor(0, 6, MOVABLE, True), UNMOVABLE, claimed=False)
    assert list(zone.areas[6][UNMOVABLE]) == [0]
    assert list(zone.areas[5][UNMOVABLE]) == [128]
    assert list(zone.areas[3][MOVABLE]) == [600]
    assert zone.pageblock_type(0) == MOVABLE
    steal(zone, Donor(600, 3, MOVABLE, True), UNMOVABLE, claimed=True)
    assert zone.pageblock_type(600) == UNMOVABLE


def test_a_block_of_several_pageblocks_changes_them_all() -> None:
    zone = zone_with((1024, 10, MOVABLE))
    steal(zone, Donor(1024, 10, MOVABLE, True), UNMOVABLE, claimed=False)
    assert [zone.pageblock_type(pfn) for pfn in (1024, 1536, 2048)] == [0, 0, 1]


def test_a_page_taken_alone_leaves_the_rest_with_its_type() -> None:
    zone = zone_with((64, 3, MOVABLE), fallback=Fallback.CLAIM)
    assert take_alone(zone, Donor(64, 3, MOVABLE, True), 0, UNMOVABLE) == 64
    assert [list(zone.areas[order][MOVABLE]) for order in range(3)] == [[65], [66], [68]]


def test_a_pageblock_taken_alone_changes_type() -> None:
    zone = zone_with((512, 9, MOVABLE), fallback=Fallback.CLAIM)
    take_alone(zone, Donor(512, 9, MOVABLE, True), 3, UNMOVABLE)
    assert zone.pageblock_type(512) == UNMOVABLE
    assert list(zone.areas[8][UNMOVABLE]) == [768]


def test_whether_a_block_is_claimed_hangs_on_what_is_free_or_alike() -> None:
    half = zone_with((0, 8, MOVABLE))
    assert claimable(half, Donor(0, 8, MOVABLE, True), UNMOVABLE) == (True, True)
    little = zone_with((0, 4, MOVABLE), (512, 4, RECLAIMABLE))
    little.set_pageblock_type(512, 0, RECLAIMABLE)
    assert claimable(little, Donor(0, 4, MOVABLE, True), UNMOVABLE) == (False, True)
    assert claimable(little, Donor(512, 4, RECLAIMABLE, True), UNMOVABLE) == (False, False)


def test_claiming_moves_the_block_and_sets_its_type() -> None:
    zone = zone_with((0, 8, MOVABLE))
    assert claim(zone, Donor(0, 8, MOVABLE, True), RECLAIMABLE)
    assert zone.pageblock_type(0) == RECLAIMABLE
    assert zone.rmqueue_smallest(0, RECLAIMABLE) == 0
