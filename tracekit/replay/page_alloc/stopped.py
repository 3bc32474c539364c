"""Stretches in which tracing was stopped: pages went without a line, and nothing says when.

Writing buffer_size_kb stops tracing while the ring buffer grows, which takes thousands of
pages. The first page that comes out of a per-cpu list without ever having entered it proves
such a stretch. The free lists then follow as they do for the run before the trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.mm.page_alloc import PcpList
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.future import Future
from tracekit.replay.page_alloc.stream import ALLOC, FREE, PCPU_DRAIN, ZONE_LOCKED

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Twin

MAX_STRETCHES = 8


class Stopped:
    """Recognises stretches without events; ``rows`` are the rows that proved them."""

    def __init__(self, twin: Twin, future: Future) -> None:
        self.twin = twin
        self.future = future
        self.rows: list[int] = []

    def proved_by_alloc(self, row: int, zone: Zone | None) -> bool:
        """Return whether the page of an allocation had left the free lists without a line.

        It is free as far as the lines say, and later lines treat it as taken.
        """
        stream = self.twin.stream
        pfn, order = stream.pfn[row], stream.order[row]
        if zone is None or not zone.is_free(pfn, order):
            return False
        if self.future.next_kind(pfn, row) not in (FREE, ALLOC):
            return False
        return self._begin(row)

    def came_back(self, row: int, predicted: int | None) -> bool:
        """Return whether a page in use was given out again, and not by a wrong line.

        Its free must be missing then. Were the line wrong, the predicted page would be freed
        next instead of being given out.
        """
        twin = self.twin
        pfn, order = twin.stream.pfn[row], twin.stream.order[row]
        if predicted is None or twin.in_use.get(pfn) != order:
            return False
        expected = self.future.next_kind(predicted, row) != FREE
        return expected and self.future.next_kind(pfn, row) == FREE

    def proved_by_free(self, row: int, predicted: int | None) -> bool:
        """Return whether the free of an allocation's page is missing (see came_back)."""
        return self.came_back(row, predicted) and self._begin(row)

    def proved_by_refill(self, row: int, zone: Zone, predicted: int | None) -> bool:
        """Return whether blocks before the logged one had left the free lists without a line."""
        stream = self.twin.stream
        pfn, order = stream.pfn[row], stream.order[row]
        if predicted is None or not zone.is_free(pfn, order):
            return False
        if self.future.next_kind(predicted, row) not in (FREE, None):
            return False
        if self.future.next_kind(pfn, row) not in (ALLOC, PCPU_DRAIN):
            return False
        return self._begin(row)

    def _begin(self, row: int) -> bool:
        if len(self.rows) >= MAX_STRETCHES or not self.twin.resync.handed_over:
            return False
        self.rows.append(row)
        self.twin.resync.window = row - 1
        for pages in self.twin.allocator.all_lists():
            self._empty(pages, row)
        self.twin.rerun(row)
        return True

    def _empty(self, pages: PcpList, row: int) -> None:
        """Take off a per-cpu list what left it during the stretch."""
        twin = self.twin
        for pfn in list(pages.pages):
            after = self.future.next_kind(pfn, row - 1)
            if after in (ALLOC, PCPU_DRAIN):
                continue
            twin.allocator.drop(pfn)
            if after == ZONE_LOCKED:
                kind = pages.zone.pageblock_type(pfn)
                pages.zone.free_one(pfn, pages.order, kind)
            else:
                twin.in_use[pfn] = pages.order
