"""The page allocator's twin on small traces made by hand, where every outcome is known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.replay.page_alloc.play import MOVABLE, Trace, codes, play
from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_rules import Rules
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.ledger import Ledger
from tracekit.replay.page_alloc.account import Account
from tracekit.replay.page_alloc.snapshot import Recorder, check_snapshot, find_windows
from tracekit.replay.page_alloc.stream import (
    ALLOC,
    FREE,
    FREE_BATCHED,
    PCPU_DRAIN,
    VFREE,
    VMALLOC,
    Stream,
)
from tracekit.replay.page_alloc.twin import Twin


def healthy() -> Trace:
    """Return a trace of a refill, three requests, and a page freed and given out again."""
    trace = Trace()
    trace.refill(0, 1, 2, 3)
    for pfn in (0, 1, 2):
        trace.add(ALLOC, pfn)
    trace.add(FREE, 1)
    trace.add(ALLOC, 1)
    trace.add(ALLOC, 3)
    return trace


def test_a_healthy_trace_matches_wholly() -> None:
    _, ledger = play(healthy())
    assert {kind: checks.matched for kind, checks in ledger.checks.items()} == {
        "refill": 4,
        "pfn": 5,
        "legal": 1,
    }
    assert not ledger.divergences
    assert not ledger.inferences


Change = Callable[[Stream], None]


def moved_refill(stream: Stream) -> None:
    """A refill of line 2 at another page."""
    stream.pfn[1] = 900


def moved_request(stream: Stream) -> None:
    """The request of line 5 given a page far away."""
    stream.pfn[4] = 900


def swapped_refills(stream: Stream) -> None:
    """Lines 2 and 3 exchanged."""
    stream.pfn[1], stream.pfn[2] = stream.pfn[2], stream.pfn[1]


def other_order(stream: Stream) -> None:
    """The request of line 6 with a larger order."""
    stream.order[5] = 1


def freed_larger(stream: Stream) -> None:
    """The free of line 8 with a larger order."""
    stream.pfn[7], stream.order[7] = 0, 1


@pytest.mark.parametrize(
    ("change", "code", "line"),
    [
        (moved_refill, "PA101", 2),
        (moved_request, "PA103", 5),
        (swapped_refills, "PA102", 2),
        (other_order, "PA111", 6),
        (freed_larger, "PA105", 8),
    ],
)
def test_one_fault_is_one_divergence_at_its_line(change: Change, code: str, line: int) -> None:
    trace = healthy()
    change(trace.stream)
    _, ledger = play(trace, Rules(bulk_unlogged=False))
    assert (code, line) in codes(ledger)
    assert len([found for found in ledger.divergences if found.severity != "note"]) <= 2


def test_a_block_freed_twice_is_an_error_where_it_is_freed_again() -> None:
    trace = Trace()
    trace.refill(0, 4, order=2)
    trace.add(ALLOC, 0, 2)
    trace.add(FREE, 0, 2)
    trace.add(FREE, 0, 2)
    _, ledger = play(trace)
    assert codes(ledger) == [("PA104", 5)]


def test_an_announced_vmalloc_takes_its_pages_without_a_line() -> None:
    trace = Trace()
    trace.add(VMALLOC, 2, migratetype=0, extra=-1)
    trace.refill(0, 1, 2, migratetype=0)
    trace.add(ALLOC, 2, migratetype=0, extra=1)
    rules = Rules()
    zone = Zone("Normal", 0, 0, 2048, rules)
    zone.insert(0, 10, 0, tail=True)
    ledger = Ledger("page_alloc")
    account = Account(trace.stream, ledger)
    Twin(PageAllocator([zone], rules), trace.stream, account, {}).run(0, 5)
    account.close()
    assert ledger.kind("pfn").matched == 1
    assert not ledger.divergences


def test_pages_passed_over_are_bulk_allocated_if_later_lines_allow_it() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, 3)
    trace.add(ALLOC, 0)
    trace.add(ALLOC, 3)
    trace.add(FREE, 1)
    twin, ledger = play(trace)
    assert ledger.kind("pfn").inferred == 1
    assert codes(ledger) == [("PA112", 6)]
    assert 2 in twin.in_use


def test_a_request_interrupted_before_its_line_still_has_its_page() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, pid=7)
    trace.add(ALLOC, 1, pid=8)
    trace.add(ALLOC, 0, pid=7)
    _, ledger = play(trace)
    assert ledger.kind("pfn").matched == 2


def test_a_free_in_an_interrupt_passes_the_held_lists_by() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, depth=3)
    trace.add(ALLOC, 0)
    trace.refill(4, order=2, depth=3)
    trace.add(FREE, 0, context=1, depth=3)
    trace.add(ALLOC, 4, 2)
    twin, ledger = play(trace)
    assert twin.allocator.zones[0].block_with(0) == 0
    assert not ledger.divergences


def test_drains_follow_the_page_just_freed() -> None:
    trace = Trace()
    trace.refill(0, 1, 2)
    trace.add(ALLOC, 0)
    trace.add(FREE, 0)
    for pfn in (2, 1, 0):
        trace.add(PCPU_DRAIN, pfn)
    twin, ledger = play(trace)
    assert ledger.kind("drain").matched == 3
    assert twin.allocator.zones[0].free_pages == 2048


def test_a_list_of_pages_is_drained_before_its_last_pages_arrive() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, 3)
    for pfn in (0, 1, 2, 3):
        trace.add(ALLOC, pfn)
    for pfn in (0, 1):
        trace.add(FREE, pfn)
    trace.add(FREE_BATCHED, 0)
    trace.add(PCPU_DRAIN, 0)
    trace.add(FREE_BATCHED, 1)
    trace.add(PCPU_DRAIN, 1)
    _, ledger = play(trace)
    assert ledger.kind("drain").matched == 2


def test_vfree_gives_neighbours_back_as_one_block_since_7_2() -> None:
    trace = Trace()
    trace.add(VMALLOC, 4, migratetype=0)
    trace.refill(0, 4, order=2)
    trace.add(ALLOC, 0, 2)
    for pfn in range(4):
        trace.add(FREE, pfn)
    trace.add(VFREE, 0)
    trace.add(ALLOC, 0, 2)
    _, ledger = play(trace, Rules(vfree_merges=True, bulk_unlogged=False))
    assert ledger.kind("pfn").matched == 2


COUNTS = "      1" * 10
BUDDYINFO = "Node 0, zone   Normal      {}" + COUNTS + "\n"


@pytest.mark.parametrize(("shown", "matched", "found"), [(1, 11, []), (2, 10, ["PA108"])])
def test_buddyinfo_is_met_within_its_window(shown: int, matched: int, found: list[str]) -> None:
    trace = Trace()
    trace.refill(0)
    trace.mark("tracekit: snapshot begin")
    trace.add(ALLOC, 0)
    trace.refill(1)
    trace.mark("tracekit: snapshot end")
    rules = Rules()
    zone = Zone("Normal", 0, 0, 2048, rules)
    for pfn in (0, 1024):
        zone.insert(pfn, 10, MOVABLE, tail=True)
    ledger = Ledger("page_alloc")
    twin = Twin(PageAllocator([zone], rules), trace.stream, Account(trace.stream, ledger), {})
    windows = find_windows(trace.stream)
    twin.recorder = Recorder(twin.allocator, windows)
    twin.run(0, len(trace.stream))
    files = {"buddyinfo": ("buddyinfo", BUDDYINFO.format(shown))}
    check_snapshot(ledger, windows, files, [zone])
    assert ledger.kind("snapshot").matched == matched
    assert [divergence.code for divergence in ledger.divergences] == found


def test_where_the_state_is_not_known_nothing_diverges() -> None:
    trace = healthy()
    trace.stream.pfn[1] = 900
    ledger = Ledger("page_alloc")
    account = Account(trace.stream, ledger)
    account.reason = "no dmesg"
    rules = Rules()
    twin = Twin(PageAllocator([Zone("DMA", 0, 0, 2048, rules)], rules), trace.stream, account, {})
    twin.resync.handed_over = False
    twin.run(0, len(trace.stream))
    account.close()
    assert not ledger.divergences
    assert ledger.kind("refill").unchecked["no dmesg"] == 4


def test_a_row_that_differs_does_not_tell_how_far_the_reading_had_come() -> None:
    trace = Trace()
    trace.mark("tracekit: snapshot begin")
    trace.refill(0)
    trace.mark("tracekit: snapshot end")
    rules = Rules()
    zones = [Zone(name, 0, start, start + 1024, rules) for name, start in (("A", 1024), ("B", 0))]
    for zone in zones:
        zone.insert(zone.start, 10, MOVABLE, tail=True)
    empty = "      0" * 10
    text = f"Node 0, zone A      7{empty}\nNode 0, zone B      0{empty[7:]}      1\n"
    for unsettled, reasons in ((set(), 0), ({(0, "A")}, 2)):
        ledger = Ledger("page_alloc")
        allocator = PageAllocator(zones, rules)
        twin = Twin(allocator, trace.stream, Account(trace.stream, ledger), {})
        windows = find_windows(trace.stream)
        twin.recorder = Recorder(allocator, windows)
        twin.run(0, len(trace.stream))
        check_snapshot(ledger, windows, {"buddyinfo": ("b", text)}, zones, unsettled=unsettled)
        found = ledger.kind("snapshot")
        assert found.matched == 1
        assert found.unchecked.total() == reasons
        assert len(ledger.divergences) == (not unsettled)
        zones[1].clear()
        zones[1].insert(0, 10, MOVABLE, tail=True)
