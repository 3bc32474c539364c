"""Contiguous allocations: CMA areas that touch, and blocks that leave without a line."""

from __future__ import annotations

import pytest

from tests.replay.page_alloc.play import Trace
from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_rules import MODERN_TYPES_CMA, Rules
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.ledger import Ledger
from tracekit.replay.page_alloc.account import Account
from tracekit.replay.page_alloc.stream import FREE, ZONE_LOCKED
from tracekit.replay.page_alloc.twin import Twin

RULES = Rules(types=MODERN_TYPES_CMA)
CMA = RULES.types.index("CMA")


def cma_twin(trace: Trace, *blocks: int) -> Twin:
    """Return a twin of a zone whose pageblocks are all CMA, with these order-9 blocks free."""
    zone = Zone("DMA", 0, 0, 2048, RULES)
    for pfn in range(0, 2048, 512):
        zone.set_pageblock_type(pfn, 0, CMA)
    for pfn in blocks:
        zone.insert(pfn, 9, CMA, tail=True)
    account = Account(trace.stream, Ledger("page_alloc"))
    return Twin(PageAllocator([zone], RULES), trace.stream, account, {})


@pytest.mark.parametrize(("areas", "taken"), [((), [0, 512]), (((0, 512), (512, 2048)), [512])])
def test_only_blocks_of_the_same_area_were_taken_before(
    areas: tuple[tuple[int, int], ...], taken: list[int]
) -> None:
    trace = Trace()
    trace.add(FREE, 1024 + 32)
    twin = cma_twin(trace, 0, 512, 1024)
    twin.resync.contig.areas = areas
    twin.resync.handed_over = False
    twin.run(0, 1)
    assert [pfn for pfn in (0, 512) if pfn in twin.in_use] == taken
    assert twin.account.inferred["legal"] == 1


@pytest.mark.parametrize("freed", [True, False])
def test_cma_blocks_taken_whole_are_found_missing_at_the_next_refill(freed: bool) -> None:
    trace = Trace()
    trace.add(ZONE_LOCKED, 1024, migratetype=CMA)
    trace.add(FREE if freed else ZONE_LOCKED, 0, migratetype=CMA)
    twin = cma_twin(trace, 0, 1024)
    twin.run(0, 1)
    twin.account.close()
    refills = twin.account.ledger.kind("refill")
    assert (refills.inferred, refills.diverged) == ((1, 0) if freed else (0, 1))
