"""Faults that show only later: which earlier line was wrong.

A line that names the wrong page of several in use breaks no rule where it stands. When the
right page turns up again, the two lines together tell which of them was wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.replay.page_alloc.account import LEGAL, PFN
from tracekit.replay.page_alloc.future import Future
from tracekit.replay.page_alloc.stream import ALLOC, FREE, PCPU_DRAIN

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
        used = twin.in_use.get(real, -1) == order or self.future.last_row(real, row) is None
        return freed if used and self.future.next_kind(logged, row) == FREE else None

    def other_freed(self, row: int) -> bool:
        """Blame one of two frees of a page for a page that comes back without one; mend it.

        The row frees again what an earlier row has freed. Where later lines give out or drain
        exactly one page that is in use and that no line frees, one of the two meant it.
        """
        twin, stream = self.twin, self.twin.stream
        logged, order = stream.pfn[row], stream.order[row]
        freed = self.future.last_row(logged, row)
        if freed is None or stream.kind[freed] != FREE or stream.order[freed] != order:
            return False
        found = [page for page in self.future.coming_back(row) if self._in_use(page, freed, row)]
        if len(found) != 1:
            return False
        (real,) = found
        wrong = freed if self._freed_before(real, freed, row) else row
        twin.in_use.pop(real, None)
        if wrong == freed:
            twin.account.matched[LEGAL] -= 1
            self._put_right(freed, real)
        self._free_diverged(wrong, logged, real, f"no line frees pfn {real:#x}, and it comes back")
        twin.account.matched[LEGAL] += wrong == freed
        stream.pfn[wrong] = real
        return True

    def _in_use(self, page: int, freed: int, row: int) -> bool:
        """Return whether the page may be what one of the two frees of ``row``'s page meant.

        It is in use as far as lines say, or since before the trace.
        """
        twin, future, order = self.twin, self.future, self.twin.stream.order[row]
        zone = twin.allocator.zone_of(page)
        used = twin.in_use.get(page, -1) == order or future.last_row(page, row) is None
        listed = page in twin.allocator.where or page in twin.frees.moving
        return (
            used
            and not listed
            and not page & ((1 << order) - 1)
            and future.untouched_between(page, freed, row)
            and zone is not None
            and zone is twin.allocator.zone_of(twin.stream.pfn[row])
            and zone.block_with(page) is None
        )

    def _freed_before(self, real: int, first: int, second: int) -> bool:
        """Return whether ``real`` was freed at the first of two rows, by the order of its list.

        What is freed first is given out last, and drained first. Without a page freed after the
        first row that went the same way, the first one is the likelier.
        """
        stream, future = self.twin.stream, self.future
        back = future.next_row(real, first)
        for row in (second, *range(first + 1, second)):
            if stream.kind[row] != FREE or stream.cpu[row] != stream.cpu[first]:
                continue
            other = future.next_row(stream.pfn[row], row)
            if other is None or back is None or stream.kind[other] != stream.kind[back]:
                continue
            if stream.kind[back] in (ALLOC, PCPU_DRAIN):
                return (back > other) == (stream.kind[back] == ALLOC)
        return True

    def _put_right(self, freed: int, real: int) -> None:
        """Let ``real`` take the place of the page that the row ``freed`` had put into a list."""
        twin = self.twin
        allocator, logged, order = twin.allocator, twin.stream.pfn[freed], twin.stream.order[freed]
        zone = allocator.zone_of(logged)
        if logged in allocator.where:
            allocator.replace(logged, real)
        elif logged in twin.frees.moving:
            twin.frees.moving[real] = twin.frees.moving.pop(logged)
        elif zone is not None:
            zone.evict(logged, order)
            zone.free_one(real, order, zone.pageblock_type(real))

    def _free_diverged(self, freed: int, logged: int, real: int, explanation: str) -> None:
        self.twin.account.diverged(
            LEGAL,
            "PA110",
            freed,
            f"mm_page_free order {self.twin.stream.order[freed]}",
            logged=f"free of pfn {logged:#x}",
            simulated=f"free of pfn {real:#x}",
            explanation=explanation,
        )

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
        why = "mm_page_free_batched shows that another page was freed here"
        self._free_diverged(freed, logged, real, why)

    def drained_instead(self, row: int, logged: int) -> bool:
        """Blame the free of ``logged`` if the page that is drained was freed there."""
        twin = self.twin
        stream = twin.stream
        real, order = stream.pfn[row], stream.order[row]
        freed = self._wrong_free(row, logged, real)
        if freed is None:
            return False
        twin.in_use.pop(real, None)
        twin.in_use[logged] = order
        twin.account.matched[LEGAL] -= 1
        why = f"line {stream.line[row]} drains the page that was freed here"
        self._free_diverged(freed, logged, real, why)
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
