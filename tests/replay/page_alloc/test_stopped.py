"""Stretches in which tracing was stopped, and what proves them."""

from __future__ import annotations

import pytest

from tests.replay.page_alloc.play import Trace, codes, play
from tracekit.mm.page_alloc_rules import Rules
from tracekit.replay.page_alloc.stopped import MAX_STRETCHES
from tracekit.replay.page_alloc.stream import ALLOC, FREE, VFREE, ZONE_LOCKED

LOGGED = Rules(bulk_unlogged=False)


def refilled_behind(predicted_is_freed: bool) -> Trace:
    """Return a trace in which a block leaves the zone although another stands before it."""
    trace = Trace()
    for pfn in (0, 16):
        trace.add(ZONE_LOCKED, pfn, 4)
        trace.add(ALLOC, pfn, 4)
    trace.add(FREE, 0, 4)
    # block 0 is the first of its order now, but the one behind it is taken
    trace.add(VFREE, 0)
    trace.add(ZONE_LOCKED, 32, 4, pid=4)
    trace.add(ALLOC, 32, 4, pid=4)
    trace.add(FREE, 0, 4) if predicted_is_freed else trace.add(ZONE_LOCKED, 0, 4)
    return trace


def test_a_block_that_is_freed_again_had_left_while_tracing_was_stopped() -> None:
    trace = refilled_behind(True)
    twin, ledger = play(trace, LOGGED)
    assert ("PA101", 7) not in codes(ledger)
    assert twin.resync.stopped.rows == [6]
    assert twin.resync.window == 5


def test_a_block_that_leaves_the_lists_later_was_there() -> None:
    trace = refilled_behind(False)
    twin, ledger = play(trace, LOGGED)
    assert ("PA101", 7) in codes(ledger)
    assert twin.resync.stopped.rows == []


@pytest.mark.parametrize("handed_over", [True, False])
def test_stretches_are_few_and_follow_a_known_state(handed_over: bool) -> None:
    trace = Trace()
    trace.add(ZONE_LOCKED, 0, 4)
    twin, _ = play(trace)
    stopped = twin.resync.stopped
    twin.resync.handed_over = handed_over
    begun = [stopped._begin(0) for _ in range(MAX_STRETCHES + 1)]
    assert begun == [handed_over] * MAX_STRETCHES + [False]


def test_what_left_a_list_during_the_stretch_is_in_use_or_free_again() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, 3)
    trace.add(ALLOC, 0)
    trace.add(ALLOC, 1)
    twin, _ = play(trace)
    stopped = twin.resync.stopped
    (pages,) = [pages for pages in twin.allocator.all_lists() if pages.pages]
    trace.add(FREE, 2)
    trace.add(ZONE_LOCKED, 3)
    stopped.future._rows = None
    stopped._empty(pages, 6)
    assert not pages.pages
    assert 2 in twin.in_use
    assert 3 not in twin.in_use
    assert twin.allocator.zones[0].block_with(3) == 3
