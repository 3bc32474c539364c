"""The page events of a trace as columns, in the order of the trace.

One row is one event that the page allocator's twin needs: the page events, the array of pages
that announces a vmalloc(), the kfree() that ends a vfree(), a marker, and the sign that events
had been switched off just before (BLIND). Everything is a number, so
that a compiled loop can read the same columns.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

ALLOC = 0
FREE = 1
FREE_BATCHED = 2
ZONE_LOCKED = 3
PCPU_DRAIN = 4
EXTFRAG = 5
VMALLOC = 6
VFREE = 7
MARKER = 8
BLIND = 9
IMPOSSIBLE = 10
REPEATED = 11

NO_PFN = -1

# characters of the flags where the real-time patches add none
PLAIN_FLAGS = 5


class Stream:
    """Columns of equal length; ``line`` is the line in the trace as given.

    ``context`` is 0 in a task, 1 in a softirq, 2 in a hardirq or NMI; ``depth`` the preempt
    depth, -1 where the trace does not show it. ``pfn`` is NO_PFN for a failed allocation, and
    the number of pages for VMALLOC. ``extra`` is the gfp mask's index in ``gfps`` for ALLOC,
    1 for a per-cpu refill in ZONE_LOCKED, the node for VMALLOC, the index in ``labels`` for
    MARKER, and for EXTFRAG what ``fallback`` unpacks. ``event`` is the index in the trace,
    ``time`` in nanoseconds or ticks. The idle tasks share pid 0: theirs is minus the cpu.
    ``deferred`` are the rows of frees by deferred initialisation.
    """

    def __init__(self, file: str = "", gfps: Iterable[str] = ()) -> None:
        self.file = file
        # those that are seldom read make no objects
        self.event = array("q")
        self.kind: list[int] = []
        self.line = array("q")
        self.time = array("q")
        self.cpu: list[int] = []
        self.pid: list[int] = []
        self.context: list[int] = []
        self.depth: list[int] = []
        self.pfn: list[int] = []
        self.order: list[int] = []
        self.migratetype: list[int] = []
        self.extra: list[int] = []
        self.gfps = list(gfps)
        self.labels: list[str] = []
        self.deferred: set[int] = set()

    def __len__(self) -> int:
        return len(self.kind)

    def rows(self, kind: int) -> Iterator[int]:
        """Yield the rows of one kind, in order."""
        row = -1
        for _ in range(self.kind.count(kind)):
            row = self.kind.index(kind, row + 1)
            yield row

    def fallback(self, row: int) -> tuple[int, int, bool]:
        """Return (fallback order, fallback migrate type, change_ownership) of an EXTFRAG row."""
        packed = self.extra[row]
        return packed >> 8, packed >> 1 & 0x7F, bool(packed & 1)

    def append(
        self,
        kind: int,
        line: int,
        *,
        time: int = 0,
        cpu: int = 0,
        pid: int = 0,
        context: int = 0,
        depth: int = -1,
        pfn: int = 0,
        order: int = 0,
        migratetype: int = 0,
        extra: int = 0,
    ) -> None:
        """Add one row."""
        self.event.append(len(self.kind))
        self.kind.append(kind)
        self.line.append(line)
        self.time.append(time)
        self.cpu.append(cpu)
        self.pid.append(pid)
        self.context.append(context)
        self.depth.append(depth)
        self.pfn.append(pfn)
        self.order.append(order)
        self.migratetype.append(migratetype)
        self.extra.append(extra)


def _after_resched(flags: str) -> int:
    """Return where the flags stand that say in which context an event was logged.

    They follow irqs-off and need-resched. The real-time patches of v5.x show need-resched-lazy
    between, and the lazy preempt depth: seven characters (trace_default_header()).
    """
    return 3 if len(flags) > PLAIN_FLAGS else 2


def interrupt_context(flags: str) -> int:
    """Return 0, 1 or 2 for the hardirq/softirq flag of an ftrace line (``d.h1.``)."""
    place = _after_resched(flags)
    mark = flags[place : place + 1]
    return 1 if mark == "s" else 2 if mark in "hHzZ" and mark else 0


def preempt_depth(flags: str) -> int:
    """Return the preempt depth that ftrace flags show, -1 where they do not."""
    place = _after_resched(flags) + 1
    mark = flags[place : place + 1]
    if mark == ".":
        return 0
    return int(mark, 16) if mark and mark in "0123456789abcdef" else -1
