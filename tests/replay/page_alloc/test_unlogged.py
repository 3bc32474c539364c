"""The unlogged run: zones that grow by sections, and types that claim blocks in it."""

from __future__ import annotations

import pytest

from tests.replay.page_alloc.play import MOVABLE, Trace
from tracekit.mm.handoff import Handoff
from tracekit.mm.handoff import Rules as HandoffRules
from tracekit.mm.mm_init import PfnRange
from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_rules import UNMOVABLE, Fallback, Rules
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.future import Future
from tracekit.replay.page_alloc.stream import ALLOC, PCPU_DRAIN, ZONE_LOCKED
from tracekit.replay.page_alloc.unlogged import Deferred, find_targets, infer_run

RULES = Rules(max_order=4, pageblock_order=2, fallback=Fallback.CLAIM)
RECLAIMABLE = RULES.reclaimable


def deferred(*ranges: tuple[int, int]) -> Deferred:
    """Return memory that is initialised late, in sections of 16 pages."""
    handoff = Handoff([], [], HandoffRules(section_pages=16))
    handoff.deferred = [PfnRange(start, end, 0) for start, end in ranges]
    return Deferred(handoff, RULES)


@pytest.mark.parametrize(
    ("ranges", "grown", "left"),
    [
        (((0, 64),), 16, [(16, 64)]),
        (((12, 64),), 20, [(32, 64)]),
        (((0, 8), (24, 28)), 12, []),
    ],
)
def test_a_zone_grows_by_the_pages_of_a_section(
    ranges: tuple[tuple[int, int], ...], grown: int, left: list[tuple[int, int]]
) -> None:
    zone, late = Zone("Normal", 0, 0, 64, RULES), deferred(*ranges)
    assert late.grow(zone)
    assert zone.free_pages == grown
    assert late.ranges == left


def test_a_type_claims_its_block_before_another_takes_it() -> None:
    zone = Zone("Normal", 0, 0, 16, RULES)
    zone.insert(0, 4, MOVABLE, tail=True)
    trace = Trace()
    trace.add(ZONE_LOCKED, 3, migratetype=UNMOVABLE)
    trace.add(ZONE_LOCKED, 10, migratetype=RECLAIMABLE)
    allocator = PageAllocator([zone], RULES)
    runs = infer_run(allocator, trace.stream, Future(trace.stream), deferred())
    assert {run.migratetype: run.pages for run in runs} == {UNMOVABLE: 3, RECLAIMABLE: 2}
    assert zone.peek(0, UNMOVABLE) == 3
    assert zone.peek(0, RECLAIMABLE) == 10


def test_a_page_that_came_back_does_not_tell_where_the_run_stopped() -> None:
    zone = Zone("Normal", 0, 0, 16, RULES)
    trace = Trace()
    trace.add(PCPU_DRAIN, 3, migratetype=UNMOVABLE)
    trace.add(ZONE_LOCKED, 3, migratetype=UNMOVABLE)
    future = Future(trace.stream)
    allocator = PageAllocator([zone], RULES)
    assert find_targets(allocator, trace.stream, future, 0)[id(zone)][UNMOVABLE].pfn == 3
    trace.add(ZONE_LOCKED, 4, migratetype=UNMOVABLE)
    trace.add(ZONE_LOCKED, 5, migratetype=UNMOVABLE)
    future = Future(trace.stream)
    assert find_targets(allocator, trace.stream, future, 0)[id(zone)][UNMOVABLE].pfn == 4


def test_where_events_came_late_the_run_may_have_filled_per_cpu_lists() -> None:
    for late, pages in ((False, []), (True, [2])):
        zone = Zone("Normal", 0, 0, 16, RULES)
        zone.insert(0, 4, UNMOVABLE, tail=True)
        trace = Trace()
        trace.add(ALLOC, 1, migratetype=UNMOVABLE)
        trace.add(ZONE_LOCKED, 2, migratetype=UNMOVABLE)
        after = Deferred(Handoff([], [], HandoffRules()), RULES, late_start=late)
        allocator = PageAllocator([zone], RULES)
        runs = infer_run(allocator, trace.stream, Future(trace.stream), after)
        assert [run.pages for run in runs if late] == pages
        assert after.taken == ({0: UNMOVABLE, 1: UNMOVABLE} if late else {})
