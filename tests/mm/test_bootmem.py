"""Worked examples of the bitmap allocator, from the description of mm/bootmem.c."""

from __future__ import annotations

import pytest

from tracekit.mm.bootmem import (
    BOOTMEM_EXCLUSIVE,
    Bootmem,
    BootmemBugError,
    BootmemBusyError,
    BootmemNode,
    Placement,
)

PAGE = 4096


def node(pages: int = 64, *, start: int = 0, nid: int = 0) -> BootmemNode:
    made = BootmemNode(nid, start, start + pages)
    made.free(start, start + pages)
    return made


def test_a_new_node_is_wholly_reserved() -> None:
    assert BootmemNode(0, 0, 10).allocate(1, 1) is None


@pytest.mark.parametrize(
    ("pages", "size"), [(0x1FFE0, 0x3FFC), (0x10000, 0x2000), (0x379FE, 0x6F40), (0x4000, 0x800)]
)
def test_the_bitmap_takes_whole_words(pages: int, size: int) -> None:
    assert BootmemNode(0, 0, pages).bitmap_bytes == size


def test_small_allocations_share_a_page() -> None:
    low = node()
    assert low.allocate(100, 4) == 0
    assert low.allocate(100, 32) == 128
    assert low.allocate(5000, 32) == 256
    assert low.pfns_in_state(0, 3, reserved=True) == [0, 1]


def test_sharing_needs_the_next_page_to_be_free() -> None:
    low = node()
    low.allocate(100, 4)
    low.reserve(1, 2)
    assert low.allocate(100, 4) == 2 * PAGE


def test_an_allocation_that_ends_on_a_page_is_not_shared() -> None:
    low = node()
    low.allocate(PAGE, 4)
    assert low.allocate(8, 4) == PAGE


def test_a_shared_allocation_may_reserve_no_page() -> None:
    low = node()
    low.allocate(100, 4)
    placement = low.find(8, 4)
    assert placement is not None
    assert low.reserved_by(placement) == (1, 1)


def test_the_whole_size_must_fit_in_free_pages_even_if_it_is_shared() -> None:
    low = node(3)
    low.allocate(100, 4)
    low.reserve(2, 3)
    assert low.find(PAGE + 8, 4) is None
    assert low.find(PAGE, 4) == Placement(1, 100, PAGE)


def test_the_search_begins_behind_the_last_allocation() -> None:
    low = node()
    low.allocate(PAGE, PAGE, goal=8 * PAGE)
    assert low.allocate(PAGE, PAGE) == 9 * PAGE


def test_the_search_falls_back_to_pages_below_the_last_allocation() -> None:
    low = node(10)
    low.allocate(2 * PAGE, PAGE, goal=8 * PAGE)
    assert low.allocate(PAGE, PAGE) == 0


def test_freed_pages_pull_the_search_back() -> None:
    low = node()
    low.allocate(4 * PAGE, PAGE)
    low.free(1, 2)
    assert low.allocate(PAGE, PAGE) == PAGE


def test_a_goal_at_the_nodes_first_page_counts_as_none() -> None:
    high = node(start=16)
    assert high.allocate(PAGE, PAGE, goal=16 * PAGE) == 16 * PAGE
    assert high.allocate(PAGE, PAGE, goal=1000 * PAGE) == 17 * PAGE


def test_alignment_counts_from_address_zero() -> None:
    assert node(start=5).allocate(PAGE, 8 * PAGE) == 8 * PAGE


def test_a_reserved_page_inside_a_block_moves_the_search_one_step() -> None:
    low = node()
    low.reserve(4, 5)
    assert low.allocate(4 * PAGE, 4 * PAGE, goal=2 * PAGE) == 8 * PAGE


def test_the_limit_bounds_the_block() -> None:
    low = node()
    low.reserve(0, 6)
    assert low.find(2 * PAGE, PAGE, limit=8 * PAGE) == Placement(6, 6 * PAGE, 2 * PAGE)
    assert low.find(3 * PAGE, PAGE, limit=8 * PAGE) is None


@pytest.mark.parametrize(
    ("size", "align", "goal", "limit"), [(0, 4, 0, 0), (8, 3, 0, 0), (PAGE, 4, PAGE, PAGE)]
)
def test_what_the_kernel_refuses(size: int, align: int, goal: int, limit: int) -> None:
    with pytest.raises(BootmemBugError):
        node().find(size, align, goal, limit)


def test_freeing_twice_is_a_bug() -> None:
    with pytest.raises(BootmemBugError, match="0x3 is free"):
        node().free(3, 4)


def test_an_empty_free_is_none_but_moves_the_search() -> None:
    low = node()
    low.allocate(8 * PAGE, PAGE)
    low.free(2, 2)
    low.mark(2, 3, reserved=False)
    assert low.allocate(PAGE, PAGE) == 2 * PAGE


def test_a_second_reservation_is_told_but_allowed() -> None:
    low = node()
    low.reserve(2, 4)
    assert low.reserve(1, 6) == [2, 3]
    assert low.pfns_in_state(0, 8, reserved=True) == [1, 2, 3, 4, 5]


def test_an_exclusive_reservation_is_rolled_back() -> None:
    low = node()
    low.reserve(4, 5)
    with pytest.raises(BootmemBusyError) as error:
        low.reserve(2, 6, BOOTMEM_EXCLUSIVE)
    assert error.value.pfn == 4
    assert low.pfns_in_state(0, 8, reserved=True) == [4]


def test_marking_outside_the_node_is_a_bug() -> None:
    with pytest.raises(BootmemBugError, match="not inside node"):
        node(8).reserve(7, 9)


def test_nodes_are_walked_in_order_of_their_pages() -> None:
    boot = Bootmem()
    boot.add_node(node(8, start=8, nid=0))
    boot.add_node(node(8, start=0, nid=1))
    assert [n.nid for n in boot.nodes] == [1, 0]
    boot.reserve(6, 10)
    assert boot.node(1).pfns_in_state(0, 8, reserved=True) == [6, 7]
    assert boot.node(0).pfns_in_state(8, 16, reserved=True) == [8, 9]


def test_an_exclusive_reservation_across_nodes_is_taken_back_everywhere() -> None:
    boot = Bootmem([node(8), node(8, start=8, nid=1)])
    boot.node(1).reserve(9, 10)
    with pytest.raises(BootmemBusyError):
        boot.reserve(6, 12, BOOTMEM_EXCLUSIVE)
    assert boot.node(0).pfns_in_state(0, 8, reserved=True) == []


def test_a_range_that_no_node_holds_is_a_bug() -> None:
    with pytest.raises(BootmemBugError, match="0x8"):
        Bootmem([node(8)]).free(6, 10)


def test_a_goal_skips_lower_nodes_and_is_dropped_when_it_cannot_be_met() -> None:
    boot = Bootmem([node(8), node(8, start=8, nid=1)])
    assert boot.allocate(PAGE, PAGE, goal=9 * PAGE) == 9 * PAGE
    assert boot.allocate(8 * PAGE, PAGE, goal=9 * PAGE) == 0


def test_a_node_comes_first_and_the_others_stand_in_for_it() -> None:
    boot = Bootmem([node(8), node(4, start=8, nid=1)])
    assert boot.allocate(PAGE, PAGE, nid=1) == 8 * PAGE
    assert boot.allocate(6 * PAGE, PAGE, nid=1) == 0


def test_the_preferred_node_is_asked_first() -> None:
    boot = Bootmem([node(8), node(8, start=8, nid=1)], preferred_nid=1)
    assert boot.allocate(PAGE, PAGE) == 8 * PAGE


def test_low_memory_ends_at_4_gib() -> None:
    high = node(8, start=0x100000, nid=1)
    assert Bootmem([high]).allocate_low(PAGE, PAGE) is None
    assert Bootmem([high]).allocate(PAGE, PAGE) == 0x1_0000_0000
