"""mm_page_alloc_extfrag: the donor that the rules give, and the event's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.replay.page_alloc.play import MOVABLE, Trace, codes, play
from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_rules import UNMOVABLE, Fallback, Rules
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.ledger import Ledger
from tracekit.replay.page_alloc.account import Account
from tracekit.replay.page_alloc.stream import ALLOC, EXTFRAG
from tracekit.replay.page_alloc.twin import Twin


def fallback(order: int, pfn: int, donor: int, migratetype: int = MOVABLE) -> Trace:
    """Return a trace of one fallback of an Unmovable request, and of its page."""
    trace = Trace()
    extra = donor << 8 | migratetype << 1 | 1
    trace.add(EXTFRAG, pfn, order, migratetype=UNMOVABLE, extra=extra)
    return trace


def test_before_6_10_the_block_moves_and_its_removal_follows() -> None:
    trace = fallback(0, 0, 10)
    trace.refill(0, migratetype=UNMOVABLE)
    twin, ledger = play(trace)
    assert not ledger.divergences
    assert ledger.kind("fallback").matched == 1
    assert twin.allocator.zones[0].pageblock_type(0) == UNMOVABLE


def test_from_6_10_on_the_page_of_the_event_is_the_one_taken() -> None:
    trace = fallback(0, 0, 10)
    trace.add(ALLOC, 0, migratetype=UNMOVABLE, extra=1)
    twin, ledger = play(trace, Rules(fallback=Fallback.TAKE))
    assert not ledger.divergences
    assert ledger.kind("fallback").matched == 1
    assert ledger.kind("pfn").matched == 1
    assert twin.in_use == {0: 0}


@pytest.mark.parametrize("style", [Fallback.MOVE, Fallback.TAKE, Fallback.CLAIM])
def test_another_donor_than_the_rules_give_is_reported(style: Fallback) -> None:
    trace = fallback(0, 1024, 10)
    _, ledger = play(trace, replace(Rules(), fallback=style))
    (found,) = ledger.divergences
    assert codes(ledger) == [("PA107", 1)]
    assert "0x400" in found.logged
    assert "0x0" in found.simulated


def test_stable_kernels_may_have_the_fallback_of_6_15() -> None:
    # only the rule of v6.15 takes the smallest block, of order 3
    trace = Trace()
    extra = 3 << 8 | UNMOVABLE << 1
    trace.add(EXTFRAG, 1536, 0, migratetype=MOVABLE, extra=extra)
    rules = Rules(fallback=Fallback.TAKE)
    zone = Zone("Normal", 0, 0, 2048, rules)
    zone.insert(1536, 3, UNMOVABLE, tail=True)
    zone.insert(512, 8, UNMOVABLE, tail=True)
    ledger = Ledger("page_alloc")
    account = Account(trace.stream, ledger)
    twin = Twin(PageAllocator([zone], rules), trace.stream, account, {})
    twin.run(0, 1)
    account.close()
    assert not ledger.divergences
    assert ledger.kind("fallback").inferred == 1
    assert twin.rules.fallback is Fallback.CLAIM
    assert 1536 not in zone.blocks
