"""Events of different cpus with the same time stamp: the file's order among them means nothing.

The ring buffers of the cpus are merged by time. Where a clock ticks slowly, many events share
a time, and those of one cpu come out in a run. Only the order within a cpu is certain: what
one cpu takes under a zone's lock may therefore have come before what stands first.
"""

from __future__ import annotations

from tracekit.replay.page_alloc.future import Future
from tracekit.replay.page_alloc.stream import ZONE_LOCKED, Stream


class Ties:
    """The order in which rows are replayed: that of the trace, but for ties."""

    def __init__(self, stream: Stream, future: Future) -> None:
        self.stream = stream
        self.future = future
        self.sequence = list(range(len(stream)))
        self.position = 0
        self.moved = 0
        # rows that gave way, and to which: in a trace out of order two may each want the other
        self.gave_way: set[tuple[int, int]] = set()

    def taken_first(self, row: int, pfn: int) -> bool:
        """Return whether another cpu took ``pfn`` at the very time of the row.

        If so, the rows of that cpu up to that one are put before the row, which is then up
        again after them.
        """
        stream = self.stream
        other = self.future.next_row(pfn, row)
        if other is None or stream.kind[other] != ZONE_LOCKED:
            return False
        if stream.cpu[other] == stream.cpu[row] or stream.time[other] != stream.time[row]:
            return False
        if (row, other) in self.gave_way:
            return False
        self.gave_way.add((row, other))
        here = self.position - 1
        try:
            there = self.sequence.index(other, here)
        except ValueError:
            return False
        waiting = self.sequence[here : there + 1]
        first = [r for r in waiting if stream.cpu[r] == stream.cpu[other]]
        rest = [r for r in waiting if stream.cpu[r] != stream.cpu[other]]
        self.sequence[here : there + 1] = first + rest
        self.position = here
        self.moved += 1
        return True
