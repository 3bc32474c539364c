"""Rows whose numbers no page allocator can have."""

from __future__ import annotations

import pytest

from tests.replay.page_alloc.play import Trace
from tracekit.mm.page_alloc_rules import Rules
from tracekit.replay.ledger import Ledger
from tracekit.replay.page_alloc.account import Account
from tracekit.replay.page_alloc.impossible import mark_impossible
from tracekit.replay.page_alloc.stream import ALLOC, IMPOSSIBLE


@pytest.mark.parametrize(
    ("pfn", "order", "migratetype", "possible"),
    [(8, 3, 0, True), (9, 3, 0, False), (9, 0, 0, True), (0, 11, 0, False), (0, 0, 9, False)],
)
def test_blocks_begin_at_a_multiple_of_their_size(
    pfn: int, order: int, migratetype: int, possible: bool
) -> None:
    trace = Trace()
    trace.add(ALLOC, pfn, order, migratetype=migratetype)
    ledger = Ledger("page_alloc")
    mark_impossible(trace.stream, Rules(), Account(trace.stream, ledger))
    assert (trace.stream.kind[0] != IMPOSSIBLE) is possible
    assert [found.code for found in ledger.divergences] == ([] if possible else ["PA109"])
