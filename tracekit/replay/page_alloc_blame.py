"""Faults that show only later: which earlier line was wrong.

A line that names the wrong page of several in use breaks no rule where it stands. When the
right page turns up again, the two lines together tell which of them was wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.mm.page_alloc import PcpList
from tracekit.replay.page_alloc_account import LEGAL, PFN
from tracekit.replay.page_alloc_future import Future
from tracekit.replay.page_alloc_stream import ALLOC, FREE

if TYPE_CHECKING:
    from tracekit.replay.page_alloc_twin import Twin


class Blame:
    """Looks back from a mismatch; ``skipped`` are the pages passed over for a page.

    ``orphans`` are the orders of reported frees that named a page which could not be freed: of
    each, the page that was meant may turn up once.
    """

    def __init__(self, twin: Twin, future: Future) -> None:
        self.twin = twin
        self.future = future
        self.skipped: dict[int, list[int]] = {}
        self.orphans: list[int] = []

    def freed_instead(self, row: int, logged: int, real: int) -> bool:
        """Blame the free of ``logged`` if all lines agree that ``real`` was freed there.

        ``real`` is in use as far as the lines say, and yet comes out of a per-cpu list where
        ``logged`` stood; of ``logged`` nothing is heard before it is freed once more.
        """
        twin = self.twin
        stream = twin.stream
        if twin.in_use.get(real) == stream.order[row] and stream.order[row] in self.orphans:
            self.orphans.remove(stream.order[row])
            twin.in_use.pop(real)
            return True
        freed = self.future.last_row(logged, row)
        order = stream.order[row]
        if freed is None or stream.kind[freed] != FREE or stream.order[freed] != order:
            return False
        if twin.in_use.get(real) != order or self.future.next_kind(logged, row) not in (FREE, None):
            return False
        twin.in_use.pop(real)
        twin.in_use[logged] = order
        twin.account.matched[LEGAL] -= 1
        twin.account.diverged(
            LEGAL,
            "PA110",
            freed,
            f"mm_page_free order {order}",
            logged=f"free of pfn {logged:#x}",
            simulated=f"free of pfn {real:#x}",
            explanation=f"line {stream.line[row]} takes the page that was freed here",
        )
        return True

    def earlier_free(self, row: int, pages: PcpList) -> bool:
        """Blame an earlier free for the page that a request was given."""
        head, pfn = pages.head, self.twin.stream.pfn[row]
        known = len(self.orphans)
        if head is None or not self.freed_instead(row, head, pfn):
            return False
        if len(self.orphans) == known:
            self.twin.allocator.drop(head)
        self.twin.account.matched[PFN] += 1
        return True

    def earlier_alloc(self, row: int) -> bool:
        """Blame an earlier allocation of the page: it was taken for the one before it.

        Where pages were passed over then, one of them was the page that was given out.
        """
        twin = self.twin
        stream = twin.stream
        pfn = stream.pfn[row]
        passed = self.skipped.pop(pfn, None)
        earlier = self.future.last_row(pfn, row)
        if passed is None or earlier is None or stream.kind[earlier] != ALLOC:
            return False
        twin.account.inferred[PFN] -= 1
        twin.account.diverged(
            PFN,
            "PA103",
            earlier,
            f"mm_page_alloc order {stream.order[earlier]}",
            logged=f"pfn {pfn:#x}",
            simulated=f"pfn {passed[0]:#x}",
            explanation=f"line {stream.line[row]} gives the same page out again",
        )
        twin.account.matched[PFN] += 1
        return True
