"""Rows whose page lies in no zone: memory that came later, or a number that is wrong.

Zones are known from the hand-off. Where many rows name pages beyond them, memory was added while
the kernel ran; where hardly any does, the line is damaged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.stream import FREE, NO_PFN, PCPU_DRAIN, ZONE_LOCKED

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Twin

FEW = 2


class Strays:
    """Tells what to do with rows beyond all zones."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self._few: bool | None = None

    def wrong(self) -> bool:
        """Return whether a page beyond all zones is a wrong number here."""
        if self._few is None:
            stream, zone_of = self.twin.stream, self.twin.allocator.zone_of
            rows = zip(stream.kind, stream.pfn, strict=True)
            pages = [pfn for kind, pfn in rows if kind <= PCPU_DRAIN and pfn != NO_PFN]
            start = min((zone.start for zone in self.twin.allocator.zones), default=0)
            end = max((zone.end for zone in self.twin.allocator.zones), default=0)
            beyond = [p for p in pages if not start <= p < end or zone_of(p) is None]
            self._few = len(beyond) <= FEW
        return self._few

    def zone_for(self, row: int) -> Zone | None:
        """Return the zone that the row's cpu is refilling from or draining to, None if none.

        A page that is wrong for sure is judged as if it lay there.
        """
        if not self.wrong():
            return None
        stream = self.twin.stream
        cpu = self.twin.cpu(stream.cpu[row])
        if stream.kind[row] == PCPU_DRAIN:
            return cpu.draining
        if cpu.refilled is not None:
            return cpu.refilled.zone
        following = row + 1
        if following < len(stream) and stream.kind[following] == ZONE_LOCKED:
            return self.twin.allocator.zone_of(stream.pfn[following])
        return None

    def freed(self, row: int) -> bool:
        """Report the free of a page that does not exist; return whether it is one."""
        if self.twin.stream.kind[row] != FREE or not self.wrong():
            return False
        self.twin.judge_free.beyond(row)
        return True
