"""Refills whose order is wrong: found at their line, and nothing follows from them."""

from __future__ import annotations

import pytest

from tests.replay.page_alloc.play import Trace, codes, play
from tracekit.replay.page_alloc.stream import ALLOC


def refilled(wrong: int, order: int, *, small: bool) -> Trace:
    """Return a trace of one refill, of order 0 or 1, in which one row has another order."""
    trace = Trace()
    own = 0 if small else 1
    pages = range(0, 4 << own, 1 << own)
    for number, pfn in enumerate(pages):
        trace.refill(pfn, order=order if number == wrong else own)
    for pfn in pages:
        trace.add(ALLOC, pfn, own)
    trace.refill(*range(4 << own, 8 << own, 1 << own), order=own)
    return trace


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_one_wrong_order_is_one_divergence(wrong: int, small: bool) -> None:
    trace = refilled(wrong, 1 if small else 0, small=small)
    twin, ledger = play(trace)
    assert codes(ledger) == [("PA111", wrong + 1)]
    assert (ledger.kind("refill").matched, ledger.kind("refill").diverged) == (7, 1)
    assert ledger.kind("pfn").matched == 4
    assert twin.allocator.zones[0].free_pages == 2048 - (8 if small else 16)


def test_an_order_is_too_large_if_the_next_row_takes_a_part_of_its_block() -> None:
    trace = Trace()
    trace.refill(0, order=2)
    trace.refill(1, 2, 3)
    twin, ledger = play(trace)
    assert codes(ledger) == [("PA111", 1)]
    assert ledger.kind("refill").matched == 3
    assert twin.stream.order[0] == 0
