"""The simulated free lists at the moments that the user wants to see (``--state``)."""

from __future__ import annotations

from typing import Any

from tracekit.mm.page_alloc import PageAllocator
from tracekit.replay.context import Context
from tracekit.replay.page_alloc.snapshot import PREFIX
from tracekit.replay.page_alloc.state import show_free_lists
from tracekit.replay.page_alloc.stream import MARKER, Stream

SNAPSHOT = "snapshot"


class Moments:
    """Shows the free lists in the report when the replay comes by.

    ``rows`` maps a row to the moment that it ends: ``snapshot``, or a line of the trace.
    """

    def __init__(self, context: Context, allocator: PageAllocator, stream: Stream) -> None:
        self._context = context
        self._allocator = allocator
        self.rows: dict[int, str] = {}
        for moment in context.wanted:
            row = _row_of(stream, moment)
            if row is not None:
                self.rows[row] = moment

    def see(self, row: int) -> None:
        """Show the state if the replay has come to a wanted moment; ``row`` comes next."""
        moment = self.rows.pop(row, None)
        if moment is not None:
            show_free_lists(self._context, moment, free_lists(self._allocator))

    def show_left(self, end: int) -> None:
        """Show the state at the end for moments that lie behind it."""
        for row in [row for row in self.rows if row >= end]:
            self.see(row)


def _row_of(stream: Stream, moment: str) -> int | None:
    if moment == SNAPSHOT:
        return _snapshot_row(stream)
    if not moment.isdigit():
        return None
    line = int(moment)
    return next((row for row, at in enumerate(stream.line) if at > line), len(stream))


def _snapshot_row(stream: Stream) -> int | None:
    found = None
    for row, kind in enumerate(stream.kind):
        if kind == MARKER and stream.labels[stream.extra[row]].startswith(PREFIX):
            found = row
    return found


def free_lists(allocator: PageAllocator) -> dict[str, Any]:
    """Return node -> zone -> order -> migratetype -> [pfn, in list order]; empty ones left out."""
    found: dict[str, Any] = {}
    for zone in allocator.zones:
        orders: dict[str, dict[str, list[int]]] = {}
        for order, area in enumerate(zone.areas):
            named = zip(zone.rules.types, area, strict=True)
            lists = {name: list(pages) for name, pages in named if pages}
            if lists:
                orders[str(order)] = lists
        found.setdefault(str(zone.nid), {})[zone.name] = orders
    return found
