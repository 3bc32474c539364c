"""Rules of later kernels in distributions' old ones: the trace says which it has."""

from __future__ import annotations

import pytest

from tests.replay.page_alloc.play import MOVABLE, Trace
from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_rules import Rules
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.ledger import Ledger
from tracekit.replay.page_alloc.account import Account
from tracekit.replay.page_alloc.backport import settle_rules
from tracekit.replay.page_alloc.stream import FREE, ZONE_LOCKED, Stream
from tracekit.replay.page_alloc.twin import Twin

OWN = Rules(merge_to_tail=False, pcp_max_order=0)


def rows(first: int) -> Stream:
    """Return a free of two pages that will merge, and the refill that follows it."""
    trace = Trace()
    trace.add(FREE, 2, order=1)
    trace.add(ZONE_LOCKED, first, order=1)
    return trace.stream


def make(rules: Rules, stream: Stream, account: Account) -> Twin:
    """Return a twin whose zone has the higher buddy of the freed pages free, and another block."""
    zone = Zone("Normal", 0, 0, 2048, rules)
    zone.insert(4, 2, MOVABLE, tail=True)
    zone.insert(64, 1, MOVABLE, tail=True)
    return Twin(PageAllocator([zone], rules), stream, account, {})


@pytest.mark.parametrize(("first", "tail"), [(2, False), (64, True)])
def test_the_rule_by_which_more_refills_are_predicted_is_the_kernels(
    first: int, tail: bool
) -> None:
    ledger = Ledger("page_alloc")
    account = Account(rows(first), ledger)
    found = settle_rules(OWN, lambda: rows(first), make, account)
    assert found.merge_to_tail == tail
    assert [inference.kind for inference in ledger.inferences] == ["merge-rule"] * tail
