"""Events of several cpus that share one time stamp."""

from __future__ import annotations

import pytest

from tests.replay.page_alloc.play import Trace, codes, play
from tracekit.replay.page_alloc.future import Future
from tracekit.replay.page_alloc.stream import ALLOC, ZONE_LOCKED
from tracekit.replay.page_alloc.ties import Ties


def at_once(time: int, cpu: int) -> Trace:
    """Return a trace in which cpu 0 takes block 512 before ``cpu`` takes block 0 at ``time``."""
    trace = Trace()
    trace.add(ZONE_LOCKED, 512, 9, time=5)
    trace.add(ALLOC, 512, 9, time=6)
    trace.add(ZONE_LOCKED, 0, 9, time=time, cpu=cpu, pid=3)
    return trace


@pytest.mark.parametrize(("time", "cpu", "moved"), [(5, 1, 1), (4, 1, 0), (5, 0, 0)])
def test_what_another_cpu_took_at_that_time_may_have_come_first(
    time: int, cpu: int, moved: int
) -> None:
    trace = at_once(time, cpu)
    ties = Ties(trace.stream, Future(trace.stream))
    ties.position = 1
    assert ties.taken_first(0, 0) == bool(moved)
    assert ties.moved == moved
    assert ties.sequence == ([2, 0, 1] if moved else [0, 1, 2])
    assert ties.position == 1 - moved


def test_the_rows_are_replayed_in_the_order_that_fits() -> None:
    twin, ledger = play(at_once(5, 1))
    assert codes(ledger) == []
    assert ledger.kind("refill").matched == 2
    assert twin.ties.moved == 1


def test_two_rows_give_way_to_each_other_once() -> None:
    trace = at_once(5, 1)
    ties = Ties(trace.stream, Future(trace.stream))
    ties.position = 1
    assert ties.taken_first(0, 0)
    ties.sequence = [0, 1, 2]
    ties.position = 1
    assert not ties.taken_first(0, 0)
