"""Frees that were logged and then interrupted, before their page reached a per-cpu list.

The page floats until the task that frees it runs again: nobody else can be given it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.mm.page_alloc import PcpList
from tracekit.replay.page_alloc.future import Future
from tracekit.replay.page_alloc.stream import FREE

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Twin


class Floating:
    """Pages taken off their lists again until their task logs something."""

    def __init__(self, twin: Twin, future: Future) -> None:
        self.twin = twin
        self.future = future
        self.pages: dict[int, list[tuple[int, PcpList]]] = {}

    def lift(self, row: int, pages: list[int]) -> list[int]:
        """Lift those of ``pages`` whose free may still be in progress; return the others."""
        left = []
        for page in pages:
            freed = self.future.last_row(page, row)
            home = self.twin.allocator.where.get(page)
            if freed is None or home is None or not self._in_progress(freed, row):
                left.append(page)
                continue
            self.twin.allocator.drop(page)
            self.pages.setdefault(self.twin.stream.pid[freed], []).append((page, home))
        return left

    def _in_progress(self, freed: int, row: int) -> bool:
        stream = self.twin.stream
        if stream.kind[freed] != FREE or stream.context[freed]:
            return False
        pid = stream.pid[freed]
        return pid != stream.pid[row] and all(
            stream.pid[r] != pid or stream.context[r] for r in range(freed + 1, row)
        )

    def landed_late(self, row: int, pages: list[int]) -> bool:
        """Return whether the row's page came into its list only after ``pages`` had.

        Its free was logged before theirs, but an interrupt or another task ran next on that cpu,
        and the one that freed it logged nothing until after theirs. They must still be there:
        freed again without an allocation they are not.
        """
        stream, future = self.twin.stream, self.future
        freed = future.last_row(stream.pfn[row], row)
        if not pages or freed is None or stream.kind[freed] != FREE or stream.context[freed]:
            return False
        pid, cpu = stream.pid[freed], stream.cpu[freed]
        after = range(freed + 1, row)
        following = next((r for r in after if stream.cpu[r] == cpu), row)
        if stream.pid[following] == pid and not stream.context[following]:
            return False
        resumed = next((r for r in after if stream.pid[r] == pid and not stream.context[r]), row)
        others = [future.last_row(page, row) for page in pages]
        return all(
            other is not None and stream.kind[other] == FREE and freed < other < resumed
            for other in others
        ) and not any(future.next_kind(page, row) == FREE for page in pages)

    def land(self, pid: int) -> None:
        """Let the pages of a task that runs again reach their lists."""
        for page, home in self.pages.pop(pid, ()):
            self.twin.allocator.push(home, page, tail=False)
