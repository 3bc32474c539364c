"""Per-cpu lists: what refills bring, what requests take, and how drains empty them."""

from __future__ import annotations

from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_rules import Drain, Rules
from tracekit.mm.page_alloc_zone import Zone

MOVABLE = 1


def allocator(rules: Rules | None = None) -> PageAllocator:
    """Return an allocator with one zone of 4,096 free pages."""
    rules = rules or Rules()
    zone = Zone("Normal", 0, 0, 4096, rules)
    for pfn in range(0, 4096, 1024):
        zone.insert(pfn, 10, MOVABLE, tail=True)
    return PageAllocator([zone], rules)


def test_a_refill_brings_pages_in_physical_order_and_requests_take_the_first() -> None:
    pages = allocator()
    listed = pages.pcp(pages.zones[0], 0, pages.rules.pindex(0, MOVABLE))
    assert pages.refill(listed, 5) == [0, 1, 2, 3, 4]
    assert pages.pop(listed) == 0
    pages.push(listed, 77, tail=False)
    assert (listed.head, listed.tail) == (77, 4)
    assert listed.before(3) == [77, 1, 2]
    assert pages.where[3] is listed
    assert pages.drop(3) is listed
    assert 3 not in pages.where


def test_a_page_stands_in_one_list_only() -> None:
    pages = allocator()
    zone = pages.zones[0]
    one, other = pages.pcp(zone, 0, 0), pages.pcp(zone, 1, 0)
    pages.push(one, 9, tail=True)
    pages.push(other, 9, tail=True)
    assert not one.pages
    assert pages.where[9] is other


def test_lists_know_their_order_and_type() -> None:
    pages = allocator()
    zone, rules = pages.zones[0], pages.rules
    assert (pages.pcp(zone, 0, rules.pindex(2, 0)).order, rules.pindex(3, 2)) == (2, 11)
    huge = pages.pcp(zone, 0, rules.pindex(9, MOVABLE))
    assert (huge.pindex, huge.order, huge.migratetype) == (13, 9, MOVABLE)
    assert rules.pindex(0, 3) == rules.pindex(0, MOVABLE)


def test_the_zone_of_a_page() -> None:
    rules = Rules()
    low, high = Zone("DMA", 0, 1, 4096, rules), Zone("DMA32", 0, 4096, 8192, rules)
    pages = PageAllocator([high, low], rules)
    assert [pages.zone_of(pfn) for pfn in (0, 1, 4096, 8192)] == [None, low, high, None]


def fill(pages: PageAllocator, contents: dict[int, list[int]]) -> None:
    """Put pages on lists of cpu 0, given as pindex -> pfns, head first."""
    for pindex, pfns in contents.items():
        for pfn in pfns:
            pages.push(pages.pcp(pages.zones[0], 0, pindex), pfn, tail=True)


def test_since_5_18_the_freed_pages_list_is_drained_whole_then_the_next_ones() -> None:
    pages = allocator()
    fill(pages, {0: [10, 11], 1: [20, 21, 22], 3: [30]})
    zone = pages.zones[0]
    assert pages.drain_order(zone, 0, 1, 4) == [22, 21, 20, 30]
    assert pages.drain_order(zone, 0, 3, 99) == [30, 11, 10, 22, 21, 20]
    assert pages.drain_order(zone, 0, None, 1) == [11]


def test_before_5_18_draining_goes_round_with_longer_turns_after_empty_lists() -> None:
    pages = allocator(Rules(drain=Drain.ROTATE, pcp_max_order=0, pcp_thp_order=None))
    fill(pages, {0: [10, 11, 12], 1: [20, 21]})
    order = pages.drain_order(pages.zones[0], 0, None, 5)
    assert order == [21, 12, 11, 20, 10]


def test_a_single_list_left_is_drained_in_one_turn_before_5_18() -> None:
    pages = allocator(Rules(drain=Drain.ROTATE, pcp_max_order=0, pcp_thp_order=None))
    fill(pages, {2: [1, 2, 3]})
    assert pages.drain_order(pages.zones[0], 0, None, 9) == [3, 2, 1]
