"""Frees in interrupts that passed the per-cpu lists by."""

from __future__ import annotations

import pytest

from tests.replay.page_alloc.play import MOVABLE, Trace, codes, play
from tracekit.mm.page_alloc_rules import Rules
from tracekit.replay.page_alloc.stream import ALLOC, FREE, ZONE_LOCKED


def passed(depth: int = 2, context: int = 1) -> Trace:
    """Return a trace in which an interrupt frees a page that the zone gives out next."""
    trace = Trace()
    trace.refill(0, 1, 2, 3)
    trace.add(ALLOC, 0)
    trace.add(ALLOC, 1, pid=5)
    trace.add(FREE, 0, pid=9, context=context, depth=depth)
    trace.add(ZONE_LOCKED, 0, 0, extra=1, pid=7)
    trace.add(ALLOC, 2, pid=7)
    return trace


@pytest.mark.parametrize("depth", [-1, 1, 2])
def test_a_page_that_leaves_the_zone_again_had_passed_its_list_by(depth: int) -> None:
    twin, ledger = play(passed(depth))
    assert not ledger.divergences
    assert ledger.kind("refill").inferred == 1
    assert twin.resync.passed_by.rows == [7]


@pytest.mark.parametrize(("trylock", "context"), [(False, 1), (True, 0)])
def test_without_an_interrupt_and_a_trylock_no_free_passes_a_list_by(
    trylock: bool, context: int
) -> None:
    _, ledger = play(passed(context=context), Rules(pcp_trylock=trylock))
    assert ("PA101", 8) in codes(ledger)


def test_pages_that_may_have_passed_by_are_those_of_interrupts_that_are_listed_still() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, 3)
    for pfn in (0, 1, 2):
        trace.add(ALLOC, pfn)
    trace.add(FREE, 0, pid=9, context=1, depth=2)
    trace.add(FREE, 1, pid=9, context=1, depth=1)
    trace.add(FREE, 2)
    trace.add(ALLOC, 2)
    twin, _ = play(trace)
    (found,) = twin.resync.passed_by.passing()
    assert found.rows == (7, 8)
    assert found.change == {(1, MOVABLE): 1}


def test_a_page_that_a_task_freed_later_is_in_its_list() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, 3)
    trace.add(ALLOC, 0)
    trace.add(FREE, 0, pid=9, context=1, depth=2)
    trace.add(ALLOC, 0)
    trace.add(FREE, 0)
    trace.add(ALLOC, 0)
    trace.add(FREE, 0)
    trace.add(ALLOC, 1)
    twin, _ = play(trace)
    assert twin.resync.passed_by.passing() == []
