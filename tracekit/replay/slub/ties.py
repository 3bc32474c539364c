"""Events of different cpus with one time stamp: the file's order among them means nothing.

The ring buffers of the cpus are merged by time. Where a clock ticks slowly many events share a
time, and an object may be freed on one cpu some lines before another cpu's line allocates it.
"""

from __future__ import annotations

from collections.abc import Callable

from tracekit.replay.slub.stream import ALLOC, FREE, SlabStream


class Ties:
    """Has rows of another cpu taken first where only then the lines make sense.

    ``take`` replays one row before its turn, once; ``leave`` has a row left out when it comes.
    """

    def __init__(
        self, stream: SlabStream, take: Callable[[int], None], leave: Callable[[int], None]
    ) -> None:
        self.stream = stream
        self._times = stream.trace["time"]
        self.take = take
        self.leave = leave

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

    def given_back_first(self, row: int, holder: int) -> bool:
        """Return whether the object that the row allocates had gone before ``holder`` took it.

        Row ``holder`` of another cpu has the same time, and so has a free that is still to come:
        they may be the later owner and the end of this one, whose free is left out then.
        """
        stream = self.stream
        if holder < 0 or stream.cpu[holder] == stream.cpu[row]:
            return False
        times, where = self._times, stream.where[row]
        time = times[stream.index[row]]
        if times[stream.index[holder]] != time:
            return False
        for other in range(row + 1, len(stream)):
            if times[stream.index[other]] != time:
                return False
            if stream.where[other] == where:
                if stream.op[other] == FREE:
                    self.leave(other)
                return stream.op[other] == FREE
        return False

    def _allocation(self, row: int) -> int | None:
        """Return the last row that allocates the object anew, of another cpu at the same time."""
        stream = self.stream
        where, cpu = stream.where[row], stream.cpu[row]
        times = self._times
        time = times[stream.index[row]]
        found = None
        for other in range(row + 1, len(stream)):
            if times[stream.index[other]] != time:
                break
            if stream.where[other] == where:
                if stream.cpu[other] == cpu:
                    break
                found = other if stream.op[other] == ALLOC else None
        return found
