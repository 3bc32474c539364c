"""What happens to a page later in the trace: the independent line that bears an inference out.

Built only when something needs explaining, because a healthy stretch of trace never asks.
"""

from __future__ import annotations

from bisect import bisect_right

from tracekit.replay.page_alloc.stream import (
    ALLOC,
    FREE,
    PCPU_DRAIN,
    ZONE_LOCKED,
    Stream,
)


class Future:
    """The rows that touch each page, found on first use."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._rows: dict[int, list[int]] | None = None

    def _index(self) -> dict[int, list[int]]:
        stream = self._stream
        rows: dict[int, list[int]] = {}
        for row in range(len(stream.kind)):
            kind = stream.kind[row]
            if kind not in (ALLOC, FREE, ZONE_LOCKED, PCPU_DRAIN):
                continue
            first, order = stream.pfn[row], stream.order[row]
            for page in range(first, first + (1 << order)):
                found = rows.get(page)
                if found is None:
                    rows[page] = [row]
                else:
                    found.append(row)
        return rows

    def _all(self) -> dict[int, list[int]]:
        if self._rows is None:
            self._rows = self._index()
        return self._rows

    def next_row(self, pfn: int, after: int) -> int | None:
        """Return the first row after ``after`` that touches the page, None where none does."""
        rows = self._all().get(pfn)
        if rows is None or rows[-1] <= after:
            return None
        return rows[bisect_right(rows, after)]

    def next_kind(self, pfn: int, after: int) -> int | None:
        """Return the kind of the next event that touches the page, None where none does."""
        row = self.next_row(pfn, after)
        return None if row is None else self._stream.kind[row]

    def last_row(self, pfn: int, before: int) -> int | None:
        """Return the last row before ``before`` that touches the page, None where none does."""
        rows = self._all().get(pfn, [])
        place = bisect_right(rows, before - 1)
        return rows[place - 1] if place else None

    def coming_back(self, row: int) -> list[int]:
        """Return the pages that are given out, drained or leave a free list next after the row."""
        kinds, rows = self._stream.kind, self._all()
        following = ((page, self.next_row(page, row)) for page in rows)
        return [page for page, then in following if then is not None and kinds[then] != FREE]

    def untouched_between(self, pfn: int, after: int, row: int) -> bool:
        """Return whether no row after ``after`` and before ``row`` touches the page."""
        following = self.next_row(pfn, after)
        return following is None or following >= row
