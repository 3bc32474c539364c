"""Frees in interrupts that passed the per-cpu lists by, because their lock was held.

Where the holder had logged nothing yet, the free itself does not show it. Later lines do: the
page leaves the zone's free lists again without ever having been drained to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.future import Future
from tracekit.replay.page_alloc.passed_snapshot import Passing, would_change
from tracekit.replay.page_alloc.stream import FREE, ZONE_LOCKED

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Twin


class PassedBy:
    """Remembers frees in interrupts, in runs: one interrupt's frees share their fate.

    ``runs`` maps a page to the rows of the interrupt that freed it last, if one did.
    """

    def __init__(self, twin: Twin, future: Future) -> None:
        self.twin = twin
        self.future = future
        self.rows: list[int] = []
        self.runs: dict[int, list[int]] = {}
        self._last: dict[int, list[int]] = {}

    def freed(self, row: int) -> None:
        """Note a free in an interrupt whose page went to a per-cpu list."""
        stream = self.twin.stream
        cpu = stream.cpu[row]
        run = self._last.get(cpu)
        if run is None or not self._continues(run[-1], row):
            run = self._last[cpu] = []
        run.append(row)
        self.runs[stream.pfn[row]] = run

    def _continues(self, earlier: int, row: int) -> bool:
        stream = self.twin.stream
        same = (stream.pid[earlier], stream.context[earlier]) == (
            stream.pid[row],
            stream.context[row],
        )
        return same and all(
            stream.cpu[between] != stream.cpu[row] for between in range(earlier + 1, row)
        )

    def _released(self, pfn: int, row: int) -> bool:
        """Move the run that freed ``pfn`` to the zone's free lists, if later lines allow it."""
        twin = self.twin
        stream, allocator = twin.stream, twin.allocator
        run = self.runs.get(pfn, [])
        homes = {r: allocator.where.get(stream.pfn[r]) for r in run}
        zone = allocator.zone_of(pfn)
        still = [r for r, home in homes.items() if home is not None and home.zone is zone]
        if not twin.rules.pcp_trylock or not still:
            return False
        seen = {self.future.next_kind(stream.pfn[r], row - 1) for r in still}
        nested = any(self._nested(r) for r in still)
        if not seen <= {ZONE_LOCKED, None} or not (nested or ZONE_LOCKED in seen):
            return False
        for freed in still:
            page, order = stream.pfn[freed], stream.order[freed]
            home = allocator.drop(page)
            home.zone.free_one(page, order, home.zone.pageblock_type(page))
            del self.runs[page]
        self.rows.append(row)
        return True

    def _nested(self, row: int) -> bool:
        """Return whether the free may have interrupted a holder of the lists' lock."""
        depth = self.twin.stream.depth[row]
        return depth >= 2 or depth < 0

    def passing(self) -> list[Passing]:
        """Return the interrupts' frees whose pages may stand in a zone instead of their lists."""
        if not self.twin.rules.pcp_trylock:
            return []
        stream, where = self.twin.stream, self.twin.allocator.where
        found = []
        for run in {id(run): run for run in self.runs.values()}.values():
            by_zone: dict[Zone, list[int]] = {}
            for row in run if any(self._nested(row) for row in run) else ():
                home = where.get(stream.pfn[row])
                if home is not None and self.runs.get(stream.pfn[row]) is run:
                    by_zone.setdefault(home.zone, []).append(row)
            for zone, rows in by_zone.items():
                change = would_change(zone, ((stream.pfn[r], stream.order[r]) for r in rows))
                found.append(Passing(tuple(rows), zone, change))
        return found

    def came_after(self, row: int, pages: list[int]) -> bool:
        """Return whether all of ``pages`` were freed since the row's task last logged anything.

        The task had then taken its page before they came, and was interrupted before it could
        log that. They must still be there: freed again without an allocation they are not.
        """
        stream = self.twin.stream
        freed = [self.future.last_row(page, row) for page in pages]
        if not pages or any(r is None or stream.kind[r] != FREE for r in freed):
            return False
        if any(self.future.next_kind(page, row) == FREE for page in pages):
            return False
        first = min(r for r in freed if r is not None)
        pid = stream.pid[row]
        return all(stream.pid[r] != pid or stream.context[r] for r in range(first, row))

    def release(self, row: int, pages: list[int]) -> list[int]:
        """Let those of ``pages`` that passed the list by go to the zone; return the others."""
        passed: set[int] = set()
        for page in pages:
            home = self.twin.allocator.where.get(page)
            if home is not None and self._released(page, row):
                passed.update(p for p in pages if p not in self.twin.allocator.where)
        return [page for page in pages if page not in passed]

    def explains_refill(self, row: int, zone: Zone, predicted: int | None) -> bool:
        """Return whether the block that left the zone had passed a per-cpu list by.

        The wrong prediction is taken back first; the right one is then taken.
        """
        twin = self.twin
        stream = twin.stream
        pfn, order, migratetype = stream.pfn[row], stream.order[row], stream.migratetype[row]
        freed = next((p for p in range(pfn, pfn + (1 << order)) if p in self.runs), None)
        if freed is None or freed not in twin.allocator.where:
            return False
        if predicted is not None:
            zone.undo(predicted, order, migratetype)
        if self._released(freed, row) and zone.peek(order, migratetype) == pfn:
            zone.rmqueue_smallest(order, migratetype)
            return True
        if predicted is not None:
            zone.rmqueue_smallest(order, migratetype)
        return False
