"""Which block a request takes when its own migrate type has none, by version."""

from __future__ import annotations

from dataclasses import replace

from tracekit.mm.page_alloc_fallback import (
    Donor,
    claim,
    claimable,
    find_fallback,
    largest,
    steal,
    take_alone,
    take_at_once,
)
from tracekit.mm.page_alloc_rules import RESERVE_TYPES_CMA, Fallback, Rules
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


OLD = Rules(fallback=Fallback.REMOVE, types=RESERVE_TYPES_CMA, move_to_tail=False)
OLDER = replace(OLD, steals_more=False)
OLD_MOVABLE, OLD_RECLAIMABLE, OLD_CMA = OLD.movable, OLD.reclaimable, 4


def old_zone(rules: Rules, *blocks: tuple[int, int, int]) -> Zone:
    zone = Zone("Normal", 0, 0, 8192, rules)
    for block in blocks:
        zone.insert(*block, tail=True)
    return zone


def test_until_v4_11_a_fallback_takes_the_largest_block() -> None:
    zone = old_zone(OLD, (0, 1, UNMOVABLE), (1024, 3, UNMOVABLE))
    assert find_fallback(zone, 0, OLD_MOVABLE) == Donor(1024, 3, UNMOVABLE, False)


def test_until_v3_19_only_reclaimable_requests_take_small_blocks_whole() -> None:
    for rules, whole in ((OLD, True), (OLDER, False)):
        zone = old_zone(rules, (0, 3, OLD_MOVABLE))
        assert find_fallback(zone, 0, UNMOVABLE) == Donor(0, 3, OLD_MOVABLE, whole)
        assert find_fallback(zone, 0, OLD_RECLAIMABLE) == Donor(0, 3, OLD_MOVABLE, True)


def test_until_v3_19_movable_requests_look_at_cma_first_and_leave_it_its_type() -> None:
    zone = old_zone(OLDER, (0, 9, OLD_CMA), (1024, 9, OLD_RECLAIMABLE))
    zone.set_pageblock_type(0, 0, OLD_CMA)
    donor = find_fallback(zone, 0, OLD_MOVABLE)
    assert donor == Donor(0, 9, OLD_CMA, False)
    assert old_zone(OLD, (0, 9, OLD_CMA)).rules.fallbacks(OLD_MOVABLE)[0] == OLD_RECLAIMABLE


def test_what_a_fallback_leaves_joins_the_request_since_v4_0() -> None:
    for rules, kept in ((OLD, OLD_MOVABLE), (OLDER, UNMOVABLE)):
        zone = old_zone(rules, (1024, 2, UNMOVABLE))
        donor = find_fallback(zone, 0, OLD_MOVABLE)
        assert donor is not None
        assert take_at_once(zone, donor, 0, OLD_MOVABLE) == 1024
        assert zone.head(1, kept) == 1026
        assert zone.pageblock_type(1024) == OLD_MOVABLE


def test_a_pageblock_changes_type_when_half_of_it_moves() -> None:
    for free, kind in ((8, UNMOVABLE), (6, OLD_MOVABLE)):
        zone = old_zone(OLD, (512, free, OLD_MOVABLE))
        donor = find_fallback(zone, 0, UNMOVABLE)
        assert donor is not None
        take_at_once(zone, donor, 0, UNMOVABLE)
        assert zone.pageblock_type(512) == kind
        assert zone.head(5, UNMOVABLE) == 512 + 32
    zone = old_zone(OLDER, (1024, 10, OLD_MOVABLE))
    donor = find_fallback(zone, 0, UNMOVABLE)
    assert donor is not None
    take_at_once(zone, donor, 0, UNMOVABLE)
    assert (zone.pageblock_type(1024), zone.pageblock_type(1536)) == (UNMOVABLE, UNMOVABLE)
