"""Requests that were given another page: which line is wrong, as later lines show."""

from __future__ import annotations

from tests.replay.page_alloc.play import Trace, codes, play
from tracekit.mm.page_alloc_rules import Rules
from tracekit.replay.page_alloc.stream import ALLOC, BLIND, FREE


def test_a_page_given_out_again_before_its_free_was_not_given_out_the_first_time() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, 3)
    trace.add(ALLOC, 0)
    trace.add(ALLOC, 3)
    for pfn in (2, 3):
        trace.add(ALLOC, pfn)
    trace.add(FREE, 1)
    _, ledger = play(trace)
    assert codes(ledger) == [("PA103", 6)]
    assert ledger.divergences[0].simulated.startswith("pfn 0x1,")


def off_for_a_while(neighbour: bool) -> Trace:
    """Return a trace whose request gets a page that came while no events were logged."""
    trace = Trace()
    trace.refill(0, 1)
    trace.add(ALLOC, 0)
    trace.add(BLIND, 0)
    trace.add(ALLOC, 1026)
    if neighbour:
        trace.add(ALLOC, 1027)
        trace.add(FREE, 1026)
    return trace


def test_a_page_from_a_block_that_was_never_split_did_not_come_while_events_were_off() -> None:
    rules = Rules(bulk_unlogged=False)
    _, ledger = play(off_for_a_while(neighbour=False), rules)
    assert codes(ledger) == [("PA103", 5)]


def test_a_page_whose_neighbours_come_out_too_came_while_events_were_off() -> None:
    rules = Rules(bulk_unlogged=False)
    _, ledger = play(off_for_a_while(neighbour=True), rules)
    assert not ledger.divergences
    assert ledger.kind("pfn").unchecked.total() == 2
