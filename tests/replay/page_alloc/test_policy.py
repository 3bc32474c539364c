"""Which node a request asks for while early boot interleaves."""

from __future__ import annotations

import pytest

from tests.replay.page_alloc.play import Trace
from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_rules import Rules
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.policy import Policy, slab_page
from tracekit.replay.page_alloc.stream import ALLOC

SLAB = "GFP_KERNEL|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP"


def three_nodes() -> Policy:
    """Return the policy of a machine with a zone on each of three nodes."""
    rules = Rules()
    zones = [Zone("DMA32", nid, 1024 * nid, 1024 * nid + 1024, rules) for nid in range(3)]
    return Policy(PageAllocator(zones, rules), {0: 0})


@pytest.mark.parametrize(
    ("gfp", "node"),
    [("GFP_KERNEL", 1), (SLAB, 2), (f"{SLAB}|__GFP_RETRY_MAYFAIL", 1)],
)
def test_a_new_slab_goes_on_by_two_nodes(gfp: str, node: int) -> None:
    policy, trace = three_nodes(), Trace()
    trace.stream.gfps = ["GFP_KERNEL|__GFP_ZERO", gfp]
    trace.add(ALLOC, 0, extra=0, pid=1)
    trace.add(ALLOC, 1, extra=1, pid=1)
    policy.served(trace.stream, 0, 0)
    assert policy.wanted_node(trace.stream, 1) == node


def test_other_tasks_take_pages_of_their_own_node() -> None:
    policy, trace = three_nodes(), Trace()
    trace.stream.gfps = [SLAB]
    trace.add(ALLOC, 0, extra=0, pid=77)
    assert policy.wanted_node(trace.stream, 0) == 0
    assert slab_page(SLAB)
