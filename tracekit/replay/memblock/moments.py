"""Memblock's state at the moments that later allocators start from."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.events.base import Event
from tracekit.events.mm_init import MemoryLine, SlubBanner, ZoneRangesHeader
from tracekit.mm.memblock import Memblock


@dataclass(slots=True)
class Moments:
    """Copies of memblock when zones are set up, and when all is handed to the page allocator.

    Until v6.11 mem_init() ends with the Memory: line, later kmem_cache_init() is the first to
    print after the hand-off. A copy is None where the log does not come to that moment.
    """

    zones: Memblock | None = None
    handoff: Memblock | None = None

    def passing(self, event: Event, memblock: Memblock) -> None:
        """Take a copy if the event is the first line of a moment."""
        if self.zones is None and opens_zones(event):
            self.zones = memblock.copy()
        if self.handoff is None and follows_handoff(event):
            self.handoff = memblock.copy()


def opens_zones(event: Event) -> bool:
    """Whether the event is printed by free_area_init() before it does anything."""
    return isinstance(event, ZoneRangesHeader)


def follows_handoff(event: Event) -> bool:
    """Whether the event is the first that can follow memblock_free_all()."""
    return isinstance(event, MemoryLine | SlubBanner)
