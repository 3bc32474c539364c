"""Pages beyond all zones: a damaged line, or memory that was added later."""

from __future__ import annotations

import pytest

from tests.replay.page_alloc.play import Trace, codes, play
from tracekit.replay.page_alloc.stream import ALLOC, FREE


def test_a_single_free_beyond_all_zones_is_a_wrong_number() -> None:
    trace = Trace()
    trace.refill(0, 1)
    trace.add(ALLOC, 0)
    trace.add(FREE, 9000)
    _, ledger = play(trace)
    assert codes(ledger) == [("PA109", 4)]


def test_a_refill_beyond_all_zones_is_judged_within_its_own() -> None:
    trace = Trace()
    trace.refill(0, 9000, 2, 3)
    for pfn in (0, 1, 2):
        trace.add(ALLOC, pfn)
    _, ledger = play(trace)
    assert codes(ledger) == [("PA101", 2)]
    assert ledger.kind("pfn").matched == 3


@pytest.mark.parametrize("pages", [3, 40])
def test_many_pages_beyond_all_zones_are_memory_that_came_later(pages: int) -> None:
    trace = Trace()
    for pfn in range(pages):
        trace.add(FREE, 9000 + pfn)
    _, ledger = play(trace)
    assert not ledger.divergences
    assert ledger.kind("legal").unchecked.total() == pages
