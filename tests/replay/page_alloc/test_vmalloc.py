"""vmalloc(): pages taken without a line, and given back in larger blocks."""

from __future__ import annotations

import pytest

from tests.replay.page_alloc.play import Trace, codes, play
from tracekit.mm.page_alloc_rules import UNMOVABLE, Rules
from tracekit.replay.page_alloc.stream import ALLOC, FREE, VFREE, VMALLOC

MERGES = Rules(bulk_unlogged=False, vfree_merges=True)


def taking(pages: int) -> Trace:
    """Return a trace of a task that takes a page, and then a vmalloc() of so many."""
    trace = Trace()
    trace.refill(*range(8), migratetype=UNMOVABLE)
    trace.add(ALLOC, 0, migratetype=UNMOVABLE)
    trace.add(VMALLOC, pages, extra=-1)
    return trace


@pytest.mark.parametrize(("pages", "following"), [(1, 1), (2, 3), (5, 6)])
def test_bulk_allocation_takes_what_its_array_announced(pages: int, following: int) -> None:
    trace = taking(pages)
    trace.add(ALLOC, following, migratetype=UNMOVABLE)
    twin, ledger = play(trace, migratetype=UNMOVABLE)
    assert codes(ledger) == []
    assert ledger.kind("pfn").matched == 2
    assert set(twin.in_use) == {0, following, *(range(1, 1 + pages) if pages > 1 else ())}


def test_a_kernel_that_logs_bulk_allocation_takes_nothing_in_silence() -> None:
    trace = taking(3)
    trace.add(ALLOC, 1, migratetype=UNMOVABLE)
    twin, ledger = play(trace, MERGES, UNMOVABLE)
    assert ledger.kind("pfn").matched == 2
    assert not twin.vmalloc.pending


@pytest.mark.parametrize(
    ("rules", "orders"), [(MERGES, [0, 1]), (Rules(bulk_unlogged=False), [0, 0, 0])]
)
def test_neighbours_come_back_as_one_block_where_vfree_merges(
    rules: Rules, orders: list[int]
) -> None:
    trace = taking(3)
    trace.stream.gfps[0] = "GFP_KERNEL|__GFP_HIGHMEM"
    for pfn in (1, 2, 3):
        trace.add(ALLOC, pfn, migratetype=UNMOVABLE)
    for pfn in (1, 2, 3):
        trace.add(FREE, pfn)
    trace.add(VFREE, 0)
    twin, _ = play(trace, rules, UNMOVABLE)
    assert twin.in_use.keys() == {0}
    lists = twin.allocator.all_lists()
    assert sorted(pages.order for pages in lists for pfn in pages.pages if pfn < 4) == orders
