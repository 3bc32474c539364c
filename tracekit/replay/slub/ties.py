"""Events of different cpus with one time stamp: the file's order among them means nothing.

The ring buffers of the cpus are merged by time. Where a clock ticks slowly many events share a
time, and an object may be freed on one cpu some lines before another cpu's line allocates it.
"""

from __future__ import annotations

from collections.abc import Callable

from tracekit.replay.slub.stream import ALLOC, SlabStream


class Ties:
    """Has rows of another cpu taken first where only then the lines make sense.

    ``take`` replays one row before its turn, once.
    """

    def __init__(self, stream: SlabStream, take: Callable[[int], None]) -> None:
        self.stream = stream
        self.take = take

    def allocated_first(self, row: int) -> bool:
        """Return whether another cpu allocated the object that the row frees, at that very time.

        If so, the rows of that cpu up to that one have been taken, and will not come again.
        """
        stream = self.stream
        other = self._allocation(row)
        if other is None:
            return False
        for ahead in range(row + 1, other + 1):
            if stream.cpu[ahead] == stream.cpu[other]:
                self.take(ahead)
        return True

    def _allocation(self, row: int) -> int | None:
        stream = self.stream
        where, cpu = stream.where[row], stream.cpu[row]
        times = stream.trace["time"]
        time = times[stream.index[row]]
        for other in range(row + 1, len(stream)):
            if times[stream.index[other]] != time:
                return None
            if stream.where[other] == where and stream.op[other] == ALLOC:
                return other if stream.cpu[other] != cpu else None
        return None
