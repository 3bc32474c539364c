"""Frees: the pages of a list that is freed at once, and what their arrival shows."""

from __future__ import annotations

from tests.replay.page_alloc.play import Trace, codes, play
from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_rules import Rules
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.ledger import Ledger
from tracekit.replay.page_alloc.account import Account
from tracekit.replay.page_alloc.stream import ALLOC, FREE, FREE_BATCHED
from tracekit.replay.page_alloc.twin import Twin


def freed_at_once(second: int) -> Trace:
    """Return a trace of two pages freed as a list, the second free naming ``second``."""
    trace = Trace()
    trace.refill(0, 1, 2, 3)
    for pfn in (0, 1, 2):
        trace.add(ALLOC, pfn)
    trace.add(FREE, 0)
    trace.add(FREE, second)
    trace.add(FREE_BATCHED, 0)
    trace.add(FREE_BATCHED, 1)
    trace.add(ALLOC, 1)
    return trace


def test_pages_of_a_list_arrive_in_the_order_of_their_frees() -> None:
    _, ledger = play(freed_at_once(1))
    assert not ledger.divergences
    assert ledger.kind("pfn").matched == 4


def test_a_free_of_another_page_shows_when_the_right_one_arrives() -> None:
    twin, ledger = play(freed_at_once(2))
    assert codes(ledger) == [("PA110", 9)]
    assert ledger.kind("legal").matched == 1
    assert ledger.kind("legal").diverged == 1
    assert twin.in_use == {1: 0, 2: 0}


def test_before_4_14_a_page_arrives_before_its_own_free_is_logged() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, 3)
    for pfn in (0, 1, 2):
        trace.add(ALLOC, pfn)
    for pfn in (0, 1, 2):
        trace.add(FREE_BATCHED, pfn)
        trace.add(FREE, pfn)
    _, ledger = play(trace)
    assert not ledger.divergences
    assert ledger.kind("legal").matched == 3


def test_what_memblock_frees_late_goes_to_the_tail_of_the_zone() -> None:
    stream = Trace()
    stream.add(FREE, 4096)
    stream.add(FREE, 4098)
    ledger = Ledger("page_alloc")
    zone = Zone("Normal", 0, 0, 8192, Rules())
    account = Account(stream.stream, ledger)
    twin = Twin(PageAllocator([zone], zone.rules), stream.stream, account, {})
    twin.frees.know([], [], [(4096, 4097)])
    twin.run(0, 2)
    assert list(zone.blocks) == [4096]
    assert list(twin.cpus[0].pending) == [1]
