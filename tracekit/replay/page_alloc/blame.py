"""Faults that show only later: which earlier line was wrong.

A line that names the wrong page of several in use breaks no rule where it stands. When the
right page turns up again, the two lines together tell which of them was wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.replay.page_alloc.account import LEGAL, PFN
from tracekit.replay.page_alloc.future import Future
from tracekit.replay.page_alloc.stream import ALLOC, FREE

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Twin


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

    def orphan(self, row: int) -> bool:
        """Return whether the row's page is the one that a reported free should have named."""
        twin = self.twin
        pfn, order = twin.stream.pfn[row], twin.stream.order[row]
        if order not in self.orphans or twin.in_use.get(pfn) != order:
            return False
        self.orphans.remove(order)
        twin.in_use.pop(pfn)
        twin.account.matched[PFN] += 1
        return True

    def _wrong_free(self, row: int, logged: int, real: int) -> int | None:
        """Return the row that may have freed ``real`` but names ``logged``.

        ``real`` is in use as far as the lines say, and yet comes out of a per-cpu list where
        ``logged`` stood; ``logged`` is freed once more before anybody is given it.
        """
        twin = self.twin
        freed = self.future.last_row(logged, row)
        order = twin.stream.order[row]
        if freed is None or twin.stream.kind[freed] != FREE or twin.stream.order[freed] != order:
            return None
        if twin.in_use.get(real) != order or self.future.next_kind(logged, row) != FREE:
            return None
        return freed

    def suspect_free(self, row: int, logged: int) -> None:
        """Note the earlier free that may be wrong instead of the row, with equal right."""
        real = self.twin.stream.pfn[row]
        freed = self._wrong_free(row, logged, real)
        if freed is not None:
            self.twin.account.note(
                "PA110",
                freed,
                f"mm_page_free order {self.twin.stream.order[row]}",
                logged=f"free of pfn {logged:#x}",
                simulated=f"free of pfn {real:#x}",
                alternatives=[f"line {self.twin.stream.line[row]} names the wrong page"],
            )

    def other_arrived(self, freed: int, real: int) -> None:
        """Report a free whose page did not arrive in a per-cpu list, but ``real`` did; mend it."""
        twin = self.twin
        stream = twin.stream
        logged, order = stream.pfn[freed], stream.order[freed]
        twin.in_use.pop(real)
        twin.in_use[logged] = order
        stream.pfn[freed] = real
        twin.account.matched[LEGAL] -= 1
        twin.account.diverged(
            LEGAL,
            "PA110",
            freed,
            f"mm_page_free order {order}",
            logged=f"free of pfn {logged:#x}",
            simulated=f"free of pfn {real:#x}",
            explanation="mm_page_free_batched shows that another page was freed here",
        )

    def drained_instead(self, row: int, logged: int) -> bool:
        """Blame the free of ``logged`` if the page that is drained was freed there."""
        twin = self.twin
        stream = twin.stream
        real, order = stream.pfn[row], stream.order[row]
        freed = self._wrong_free(row, logged, real)
        if freed is None:
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
            explanation=f"line {stream.line[row]} drains the page that was freed here",
        )
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
