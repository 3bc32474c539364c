"""Faults that show only later: which earlier line was wrong."""

from __future__ import annotations

import pytest

from tests.replay.page_alloc.play import MOVABLE, Trace, codes, play
from tracekit.mm.page_alloc_rules import Rules
from tracekit.replay.page_alloc.stream import ALLOC, FREE, FREE_BATCHED, PCPU_DRAIN

LOGGED = Rules(bulk_unlogged=False)


def taken(*pages: int) -> Trace:
    """Return a trace in which the task takes these pages, in order, from a list of eight."""
    trace = Trace()
    trace.refill(*range(8))
    for pfn in pages:
        trace.add(ALLOC, pfn)
    return trace


def freed_twice(first: int, second: int, back: tuple[int, ...], kind: int) -> Trace:
    """Return a trace that frees two of three pages, and in which ``back`` come back after."""
    trace = taken(0, 1, 2)
    trace.add(FREE, first)
    trace.add(FREE, second)
    for pfn in back:
        trace.add(kind, pfn, migratetype=MOVABLE)
    return trace


@pytest.mark.parametrize(
    ("back", "kind", "line"),
    [
        # page 1 was freed as well; what is freed first is given out last, and drained first
        ((2, 1), ALLOC, 12),
        ((1, 2), ALLOC, 13),
        ((7, 6, 5, 4, 3, 1, 2), PCPU_DRAIN, 12),
        ((7, 6, 5, 4, 3, 2, 1), PCPU_DRAIN, 13),
    ],
)
def test_the_order_of_the_list_tells_which_of_two_frees_meant_another_page(
    back: tuple[int, ...], kind: int, line: int
) -> None:
    twin, ledger = play(freed_twice(2, 2, back, kind), LOGGED)
    assert codes(ledger) == [("PA110", line)]
    assert (ledger.kind("legal").matched, ledger.kind("legal").diverged) == (1, 1)
    assert twin.in_use == ({0: 0} if kind == PCPU_DRAIN else {0: 0, 1: 0, 2: 0})


def test_a_page_freed_twice_is_that_where_no_other_page_comes_back() -> None:
    _, ledger = play(freed_twice(2, 2, (2,), ALLOC), LOGGED)
    (found,) = ledger.divergences
    assert (found.code, found.line.line) == ("PA104", 13)
    assert found.alternatives == ("line 12 means another page",)


def test_a_page_that_is_drained_without_a_free_was_what_another_free_meant() -> None:
    trace = taken(0, 1)
    trace.add(FREE, 0)
    for pfn in (7, 6, 5, 4, 3, 2, 1):
        trace.add(PCPU_DRAIN, pfn, migratetype=MOVABLE)
    trace.add(FREE, 0)
    twin, ledger = play(trace, LOGGED)
    assert codes(ledger) == [("PA110", 11)]
    assert ledger.kind("drain").matched == 7
    assert 0 not in twin.in_use


def test_a_page_given_out_twice_was_not_the_one_of_the_first_time() -> None:
    trace = taken(0)
    # pages 1 and 2 are passed over, as alloc_pages_bulk() would; then 3 is given out again
    trace.add(ALLOC, 3)
    trace.add(ALLOC, 3)
    _, ledger = play(trace)
    assert ("PA103", 10) in codes(ledger)


def test_the_page_that_a_reported_free_meant_may_turn_up_once() -> None:
    trace = taken(0, 1)
    trace.add(FREE, 5)
    trace.add(PCPU_DRAIN, 0, migratetype=MOVABLE)
    twin, ledger = play(trace, LOGGED)
    assert codes(ledger)[0] == ("PA104", 11)
    assert 0 not in twin.in_use


def test_a_page_of_a_list_that_another_page_arrives_for_was_not_freed() -> None:
    trace = taken(0, 1, 2)
    trace.add(FREE, 0)
    trace.add(FREE, 2)
    trace.add(FREE_BATCHED, 0)
    trace.add(FREE_BATCHED, 1)
    twin, ledger = play(trace)
    assert codes(ledger) == [("PA110", 13)]
    assert 2 in twin.in_use
