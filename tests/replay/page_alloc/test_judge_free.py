"""Drains that were not expected: interrupted ones, and pages that a vmalloc() left alone."""

from __future__ import annotations

from tests.replay.page_alloc.play import MOVABLE, Trace, codes, play
from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_rules import UNMOVABLE, Drain, Rules
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.ledger import Ledger
from tracekit.replay.page_alloc.account import Account
from tracekit.replay.page_alloc.judge_free import COMPACTED
from tracekit.replay.page_alloc.stream import ALLOC, BLIND, FREE, PCPU_DRAIN, VMALLOC
from tracekit.replay.page_alloc.twin import Twin


def test_a_drain_goes_on_with_its_own_list_after_another_task_took_a_page() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, 3, pid=9)
    trace.refill(1024, 1025, 1026, 1027, order=0, migratetype=0, pid=9)
    trace.add(ALLOC, 0, pid=7)
    trace.add(ALLOC, 1024, pid=9, migratetype=0)
    trace.add(FREE, 0, pid=7)
    trace.add(PCPU_DRAIN, 3, pid=7)
    trace.add(ALLOC, 1025, pid=9, migratetype=0)
    trace.add(PCPU_DRAIN, 2, pid=7)
    rules = Rules()
    twin, ledger = play(trace, rules)
    drains = ledger.kind("drain")
    assert (drains.matched, drains.diverged) == (2, 0)
    assert twin.rules is rules


def test_pages_that_a_vmalloc_did_not_take_after_all_are_drained() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, 3, migratetype=UNMOVABLE)
    trace.add(ALLOC, 0, migratetype=UNMOVABLE)
    trace.add(VMALLOC, 2, extra=-1)
    for pfn in (3, 2, 1):
        trace.add(PCPU_DRAIN, pfn, pid=5, migratetype=UNMOVABLE)
    _, ledger = play(trace, migratetype=UNMOVABLE)
    assert not [found for found in ledger.divergences if found.severity != "note"]
    assert ledger.kind("drain").inferred == 1


def test_a_drained_page_that_no_line_listed_came_while_events_were_off() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, 3)
    trace.add(ALLOC, 0)
    trace.add(BLIND, 0)
    trace.add(PCPU_DRAIN, 3, migratetype=MOVABLE)
    trace.add(PCPU_DRAIN, 2047, migratetype=MOVABLE)
    twin, ledger = play(trace)
    # the page is free for all that is known: nobody can have drained it
    assert codes(ledger) == [("PA106", 8)]
    assert twin.resync.window == 5


def drained_again(wrong: int) -> Trace:
    """Return a trace in which a drain of the list last freed to ends, and ``wrong`` follows."""
    trace = Trace()
    trace.refill(0, 1, 2, 3)
    trace.add(ALLOC, 0)
    trace.refill(4, 6, 8, order=1)
    trace.add(ALLOC, 4, 1)
    trace.add(FREE, 4, 1)
    trace.add(PCPU_DRAIN, 8, 1, migratetype=MOVABLE)
    trace.add(PCPU_DRAIN, wrong, migratetype=MOVABLE)
    trace.add(PCPU_DRAIN, wrong - 1, migratetype=MOVABLE)
    return trace


def test_a_drain_may_begin_with_the_first_list_behind_another_one() -> None:
    twin, ledger = play(drained_again(3))
    assert not ledger.divergences
    assert (ledger.kind("drain").matched, ledger.kind("drain").inferred) == (2, 1)
    assert twin.resync.begun_rows == [11]


def test_a_drain_never_begins_in_the_middle_of_a_list() -> None:
    _, ledger = play(drained_again(2))
    assert ("PA106", 12) in codes(ledger)


def test_a_drain_that_was_interrupted_goes_on_at_its_own_depth() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, 3, pid=9)
    trace.refill(4, 6, 8, 10, order=1, pid=9)
    trace.add(ALLOC, 0, pid=9)
    trace.add(ALLOC, 4, 1, pid=9)
    trace.add(FREE, 4, 1, pid=9, depth=0)
    trace.add(PCPU_DRAIN, 10, 1, migratetype=MOVABLE, pid=9, depth=3)
    trace.add(FREE, 0, pid=9, context=1, depth=1)
    trace.add(PCPU_DRAIN, 3, migratetype=MOVABLE, pid=9, depth=2)
    _, ledger = play(trace)
    assert not ledger.divergences
    assert (ledger.kind("drain").matched, ledger.kind("drain").inferred) == (2, 0)


def test_pages_listed_while_events_were_off_are_drained_in_a_run() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, 3)
    trace.add(ALLOC, 0)
    trace.add(BLIND, 0)
    for pfn in (4097, 4098, 3):
        trace.add(PCPU_DRAIN, pfn, migratetype=MOVABLE)
    twin, _ = play(trace)
    judge = twin.judge_free
    twin.allocator.push(twin.allocator.pcp(twin.allocator.zones[0], 0, 1), 3, tail=True)
    # row 6 is the first of the drains: 3 is the first listed page behind it
    assert judge._stays(3, 6)
    assert not judge._stays(2, 6)
    assert judge._stays(None, 6)


def test_an_order_that_nothing_showed_is_wrong_if_its_pages_are_freed_one_by_one() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, 3)
    trace.add(FREE, 4096, 1)
    trace.add(FREE, 4097)
    twin, ledger = play(trace, zone_pages=8192)
    assert codes(ledger) == [("PA105", 5)]
    assert list(twin.cpus[0].pending) == [4, 5]
    assert twin.stream.order[4] == 0


def test_a_block_comes_back_in_pieces_only_if_all_of_them_do() -> None:
    for second, kind, found in (
        (1, UNMOVABLE, []),
        (None, UNMOVABLE, [("PA105", 3)]),
        (None, MOVABLE, []),
    ):
        trace = Trace()
        trace.refill(0, order=1, migratetype=kind)
        trace.add(ALLOC, 0, 1, migratetype=kind)
        trace.add(FREE, 0)
        if second is not None:
            trace.add(FREE, second)
        _, ledger = play(trace, migratetype=kind)
        assert codes(ledger) == found


def test_after_compaction_took_free_pages_no_failed_prediction_is_an_error() -> None:
    trace = Trace()
    trace.refill(0, 1, 2, 3)
    for pfn in (0, 1, 2, 3):
        trace.add(ALLOC, pfn)
    for pfn in (0, 1, 2, 3):
        trace.add(FREE, pfn)
    for pfn in (0, 1, 2, 3):
        trace.add(PCPU_DRAIN, pfn, migratetype=MOVABLE)
    # page 2 is free, but has a user who gives it back
    trace.add(FREE, 2)
    trace.add(ALLOC, 2)
    trace.refill(9)
    twin, ledger = play(trace)
    assert not ledger.divergences
    assert ledger.kind("legal").inferred == 1
    assert ledger.kind("refill").unchecked[COMPACTED] == 1
    assert len(twin.resync.taken_rows) == 1


def test_where_lists_take_turns_a_page_that_no_line_listed_puts_its_list_off() -> None:
    trace = Trace()
    trace.refill(0, 1, migratetype=0)
    trace.add(ALLOC, 0, migratetype=0)
    trace.refill(1024, 1025, migratetype=1)
    trace.add(ALLOC, 1024, migratetype=1)
    for pfn, kind in ((1900, 1), (1, 0), (1025, 1)):
        trace.add(PCPU_DRAIN, pfn, migratetype=kind)
    rules = Rules(drain=Drain.ROTATE, pcp_max_order=0, pcp_thp_order=None)
    zone = Zone("Normal", 0, 0, 2048, rules)
    zone.insert(0, 9, 0, tail=True)
    zone.insert(1024, 9, 1, tail=True)
    ledger = Ledger("page_alloc")
    account = Account(trace.stream, ledger)
    twin = Twin(PageAllocator([zone], rules), trace.stream, account, {})
    twin.resync.run_freed = True
    twin.run(0, len(trace.stream))
    account.close()
    drains = ledger.kind("drain")
    assert (drains.matched, drains.unchecked.total(), drains.diverged) == (2, 1, 0)
