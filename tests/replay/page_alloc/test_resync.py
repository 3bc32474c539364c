"""What lines prove of blocks that no line has touched."""

from __future__ import annotations

from tests.replay.page_alloc.play import Trace, play
from tracekit.replay.page_alloc.stream import ALLOC, BLIND, FREE


def test_a_block_whose_buddy_left_the_free_lists_first_was_whole_until_then() -> None:
    trace = Trace()
    trace.add(BLIND, 0)
    trace.refill(0, 1, 2)
    trace.add(ALLOC, 0)
    trace.add(FREE, 0)
    twin, _ = play(trace)
    twin.resync.window = 0
    rows = len(trace.stream)
    assert twin.resync.split_since(3, 0, rows)
    assert twin.resync.split_since(8, 3, rows)
    assert not twin.resync.hidden(3, 0, rows)


def test_a_block_whose_buddy_was_in_use_before_proves_nothing() -> None:
    trace = Trace()
    trace.add(FREE, 2047)
    twin, _ = play(trace)
    assert not twin.resync.split_since(2046, 0, len(trace.stream))
