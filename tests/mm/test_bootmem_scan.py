"""Worked examples of the search before 2.6.27, from the source of 2.4.0, 2.6.11 and 2.6.24."""

from __future__ import annotations

from tracekit.mm.bootmem import BootmemNode
from tracekit.mm.bootmem_scan import (
    LINUX_2_4_0,
    LINUX_2_6_11,
    LINUX_2_6_24,
    LastSuccessScan,
    ScanRules,
)

PAGE = 4096


def node(rules: ScanRules, pages: int = 64, start: int = 0) -> BootmemNode:
    made = BootmemNode(0, start, start + pages, scan=LastSuccessScan(rules))
    made.free(start, start + pages)
    return made


def test_without_a_goal_every_search_begins_at_the_start() -> None:
    low = node(LINUX_2_6_24)
    low.allocate(8 * PAGE, PAGE)
    low.mark(2, 3, reserved=False)
    assert low.allocate(PAGE, PAGE) == 2 * PAGE


def test_with_a_goal_2_6_goes_on_at_the_last_success() -> None:
    low = node(LINUX_2_6_24)
    low.allocate(PAGE, PAGE, goal=20 * PAGE)
    assert low.allocate(PAGE, PAGE, goal=10 * PAGE) == 21 * PAGE


def test_with_a_goal_2_4_goes_back_to_the_goal() -> None:
    low = node(LINUX_2_4_0)
    low.allocate(PAGE, PAGE, goal=20 * PAGE)
    assert low.allocate(PAGE, PAGE, goal=10 * PAGE) == 10 * PAGE


def test_a_free_below_pulls_the_last_success_back() -> None:
    low = node(LINUX_2_6_24)
    low.allocate(16 * PAGE, PAGE, goal=10 * PAGE)
    low.free(12, 13)
    assert low.scan.last_success == 10 * PAGE
    low.free(11, 12)
    low.allocate(PAGE, PAGE, goal=10 * PAGE)
    assert low.scan.last_success == 11 * PAGE


def test_small_allocations_share_a_page() -> None:
    low = node(LINUX_2_4_0)
    assert [low.allocate(100, 32) for _ in range(3)] == [0, 128, 256]
    assert low.pfns_in_state(0, 2, reserved=True) == [0]


def test_a_failed_goal_starts_again_at_the_bottom() -> None:
    low = node(LINUX_2_6_24, 32)
    assert low.allocate(20 * PAGE, PAGE, goal=16 * PAGE) == 0


def test_2_6_steps_over_the_aligned_page_behind_a_conflict() -> None:
    old, new = node(LINUX_2_4_0), node(LINUX_2_6_11)
    for low in (old, new):
        low.reserve(2, 3)
    assert old.allocate(4 * PAGE, 4 * PAGE) == 4 * PAGE
    assert new.allocate(4 * PAGE, 4 * PAGE) == 8 * PAGE


def test_alignment_beyond_a_page_is_lost_on_a_node_with_an_odd_start() -> None:
    # 2.6 begins at the first aligned address, then aligns the index, which undoes it.
    assert node(LINUX_2_4_0, start=5).allocate(PAGE, 8 * PAGE) == 5 * PAGE
    assert node(LINUX_2_6_11, start=5).allocate(PAGE, 8 * PAGE) == (5 + 8) * PAGE


def test_the_limit_came_with_2_6_later_kernels() -> None:
    for rules, found in ((LINUX_2_6_11, 4 * PAGE), (LINUX_2_6_24, None)):
        low = node(rules)
        low.reserve(0, 4)
        assert low.allocate(PAGE, PAGE, limit=4 * PAGE) == found


def test_a_node_above_the_limit_is_not_searched() -> None:
    assert node(LINUX_2_6_24, start=16).allocate(PAGE, PAGE, limit=16 * PAGE) is None
