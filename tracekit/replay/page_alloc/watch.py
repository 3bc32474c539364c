"""Looks at the page allocator's zones while the replay runs.

A ``PageWatch`` that is handed to a replay before it starts is called after every row of the
trace; where none is, nothing is called.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.snapshot import Recorder
from tracekit.replay.page_alloc.stream import Stream

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Twin

BEFORE_ALL = -1


@dataclass(frozen=True, slots=True)
class ZoneSample:
    """One zone at one moment, in pages.

    ``free`` are on the zone's free lists, ``listed`` in per-cpu lists. ``largest`` is the
    largest order that has a free block, -1 where none has. ``unusable`` is the share, 0 to 1,
    of the free pages that lie in blocks smaller than a pageblock
    (mm/vmstat.c:unusable_free_index for the order of a pageblock).
    """

    free: int
    listed: int
    largest: int
    unusable: float


@dataclass(frozen=True, slots=True)
class Sample:
    """All zones after a row of the trace; ``row`` is BEFORE_ALL for the state at its start.

    ``event`` is the number of events of the trace that came before, ``line`` and ``time`` (in
    nanoseconds or ticks) are those of the row, or of the first. ``reason`` says why the
    figures mean nothing here, "" where they do.
    """

    row: int
    event: int
    line: int
    time: int
    zones: tuple[ZoneSample, ...]
    reason: str = ""


@dataclass(slots=True)
class PageWatch:
    """A wish to see the zones: at ``count`` places of the trace, evenly spread, and ``at``
    events of the trace (before the event of that index). The replay fills the rest.
    """

    count: int = 200
    at: tuple[int, ...] = ()
    samples: list[Sample] = field(default_factory=list)
    twin: Twin | None = None

    def start(self, twin: Twin, recorder: Recorder) -> Watcher:
        """Return what the twin calls after every row; it passes rows on to ``recorder``."""
        self.twin = twin
        return Watcher(self, twin, recorder)

    def before(self, event: int) -> Sample | None:
        """Return the state before an event of the trace, as far as it was looked at."""
        passed = [sample for sample in self.samples if sample.event <= event]
        return passed[-1] if passed else None


class Watcher(Recorder):
    """Takes the samples of a watch, and does what the recorder in its place would do."""

    def __init__(self, watch: PageWatch, twin: Twin, inner: Recorder) -> None:
        super().__init__(twin.allocator, inner.windows)
        self.inner = inner
        self.watch = watch
        self.twin = twin
        self.first, self.last = 0, len(twin.stream) - 1
        self._due = iter(_rows(watch, twin.stream))
        self._next = next(self._due, len(twin.stream))
        self._sample(BEFORE_ALL, 0)

    def see(self, row: int) -> None:
        """Look at the zones if a sample is due after this row."""
        if row >= self._next:
            while row >= self._next:
                self._next = next(self._due, len(self.twin.stream))
            self._sample(row, self.twin.stream.event[row] + 1)
        if self.inner.first <= row <= self.inner.last:
            self.inner.see(row)

    def _sample(self, row: int, event: int) -> None:
        allocator = self.twin.allocator
        zones = tuple(zone_sample(zone, allocator) for zone in allocator.zones)
        stream, at = self.twin.stream, max(row, 0)
        line, time = (stream.line[at], stream.time[at]) if len(stream) else (0, 0)
        reason = self.twin.account.reason
        self.watch.samples.append(Sample(row, event, line, time, zones, reason))


def _rows(watch: PageWatch, stream: Stream) -> list[int]:
    """Return the rows after which samples are due, ascending."""
    rows = len(stream)
    spread: Iterable[int] = (rows * (i + 1) // watch.count - 1 for i in range(watch.count))
    wanted = (bisect_left(stream.event, event) - 1 for event in watch.at)
    return sorted({row for row in (*spread, *wanted) if row >= 0})


def zone_sample(zone: Zone, allocator: PageAllocator) -> ZoneSample:
    """Return the figures of a zone as it is now."""
    blocks = [sum(len(pages) for pages in area) for area in zone.areas]
    free = sum(count << order for order, count in enumerate(blocks))
    usable = sum(
        count << order for order, count in enumerate(blocks) if order >= zone.rules.pageblock_order
    )
    listed = sum(
        len(pages.pages) << pages.order for pages in allocator.all_lists() if pages.zone is zone
    )
    largest = max((order for order, count in enumerate(blocks) if count), default=-1)
    return ZoneSample(free, listed, largest, (free - usable) / free if free else 0.0)
