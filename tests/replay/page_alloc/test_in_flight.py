"""Blocks freed by a task that stood still before they reached the free lists."""

from __future__ import annotations

from tests.replay.page_alloc.play import Trace, codes, play
from tracekit.replay.page_alloc.in_flight import REASON
from tracekit.replay.page_alloc.stream import ALLOC, FREE, VFREE, ZONE_LOCKED

ORDER = 5


def standing_still(*, goes_on: bool) -> Trace:
    """Return a trace in which task 8 frees block 0, and task 9 is given the one behind it."""
    trace = Trace()
    for pfn in (0, 32, 64, 96):
        trace.add(ZONE_LOCKED, pfn, ORDER)
        trace.add(ALLOC, pfn, ORDER)
    trace.add(FREE, 0, ORDER, pid=8)
    if goes_on:
        trace.add(VFREE, 0, pid=8)
    trace.add(ZONE_LOCKED, 128, ORDER, pid=9)
    trace.add(ALLOC, 128, ORDER, pid=9)
    return trace


def test_what_stands_behind_a_block_in_flight_may_be_taken() -> None:
    trace = standing_still(goes_on=False)
    trace.add(ZONE_LOCKED, 0, ORDER, pid=8)
    twin, ledger = play(trace)
    assert not ledger.divergences
    assert ledger.kind("refill").unchecked[REASON] == 1
    assert ledger.kind("refill").matched == 5
    assert not twin.in_flight.blocks


def test_a_block_lands_when_a_line_shows_it() -> None:
    trace = standing_still(goes_on=False)
    trace.add(ZONE_LOCKED, 0, ORDER, pid=9)
    twin, ledger = play(trace)
    assert not twin.in_flight.blocks
    assert not ledger.divergences


def test_a_task_that_went_on_has_no_block_in_flight() -> None:
    trace = standing_still(goes_on=True)
    trace.add(ZONE_LOCKED, 0, ORDER, pid=9)
    _, ledger = play(trace)
    assert ("PA101", 11) in codes(ledger)
