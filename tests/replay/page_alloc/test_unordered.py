"""Blocks whose order in a list no line tells."""

from __future__ import annotations

import pytest

from tests.replay.page_alloc.play import MOVABLE, Trace, codes, play
from tracekit.mm.page_alloc_rules import Rules
from tracekit.replay.page_alloc.stream import ALLOC, FREE, VFREE, ZONE_LOCKED
from tracekit.replay.page_alloc.unordered import AT_ONCE, SHUFFLED

ORDER = 4


def freed(first: dict[str, int], second: dict[str, int], *between: dict[str, int]) -> Trace:
    """Return a trace in which two blocks are freed, and the one freed first is taken first."""
    trace = Trace()
    for pfn in (0, 16, 32, 48):
        trace.add(ZONE_LOCKED, pfn, ORDER)
        trace.add(ALLOC, pfn, ORDER)
    trace.add(FREE, 0, ORDER, **first)
    for who in between:
        trace.add(FREE, 512, 0, **who)
    trace.add(FREE, 32, ORDER, **second)
    trace.add(VFREE, 0, **second)
    trace.add(ZONE_LOCKED, 0, ORDER)
    return trace


@pytest.mark.parametrize(
    ("first", "second", "between", "told"),
    [
        ({"cpu": 1, "pid": 8}, {"pid": 9}, (), False),
        ({"pid": 8}, {"pid": 9}, (), False),
        ({"pid": 8}, {"pid": 8, "context": 1}, (), False),
        ({"pid": 8}, {"pid": 8}, (), True),
        ({"pid": 8}, {"pid": 9}, ({"pid": 8},), True),
        ({"cpu": 1, "pid": 8}, {"pid": 9}, ({"cpu": 1, "pid": 7},), True),
    ],
)
def test_two_tasks_that_free_at_once(
    first: dict[str, int],
    second: dict[str, int],
    between: tuple[dict[str, int], ...],
    told: bool,
) -> None:
    trace = freed(first, second, *between)
    twin, ledger = play(trace)
    refills = ledger.kind("refill")
    line = len(trace.stream)
    assert [found for found in codes(ledger) if found[1] == line] == [("PA101", line)] * told
    assert refills.unchecked[AT_ONCE] == (not told)
    assert twin.allocator.zones[0].blocks.get(0) is None


@pytest.mark.parametrize("shuffled", [True, False])
def test_shuffled_blocks_come_in_any_order(shuffled: bool) -> None:
    trace = Trace()
    trace.add(ZONE_LOCKED, 1024, 10)
    _, ledger = play(trace, Rules(shuffled=shuffled), MOVABLE)
    assert ledger.kind("refill").unchecked[SHUFFLED] == shuffled
    # else the run before the trace took the block before it
    assert ledger.kind("refill").inferred == (not shuffled)
