"""Blocks whose free is logged, but that have not reached the zone's free lists yet.

mm_page_free is logged before the zone is locked (mm/page_alloc.c:__free_pages_ok). A task that
is interrupted or preempted there, or whose virtual cpu stands still, puts its block into the
lists only later, and until then others take what stands behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.future import Future
from tracekit.replay.page_alloc.stream import FREE

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Twin

REASON = "a block was freed, but had not reached the free lists yet"


class InFlight:
    """Blocks that were taken off the free lists again; ``blocks`` maps them to order and free."""

    def __init__(self, twin: Twin, future: Future) -> None:
        self.twin = twin
        self.future = future
        self.blocks: dict[int, tuple[Zone, int, int]] = {}

    def explains(self, row: int, zone: Zone, predicted: int | None) -> bool:
        """Return whether the logged block was taken because another one was still in flight.

        The prediction is then taken back. What is left must give the logged block.
        """
        stream = self.twin.stream
        pfn, order, migratetype = stream.pfn[row], stream.order[row], stream.migratetype[row]
        if predicted is not None:
            zone.undo(predicted, order, migratetype)
        if self._landed(pfn) or (predicted is not None and self._lift(row, zone, predicted)):
            if zone.peek(order, migratetype) == pfn:
                zone.rmqueue_smallest(order, migratetype)
                return True
            self._land(predicted)
        if predicted is not None:
            zone.rmqueue_smallest(order, migratetype)
        return False

    def land_all(self, row: int) -> None:
        """Let the blocks of the row's task reach the lists: it has gone on."""
        stream = self.twin.stream
        who = (stream.pid[row], stream.context[row])
        for pfn, (_, _, freed) in list(self.blocks.items()):
            if (stream.pid[freed], stream.context[freed]) == who:
                self._land(pfn)

    def _lift(self, row: int, zone: Zone, block: int) -> bool:
        """Take a free block off its list if its free may still be in flight."""
        stream = self.twin.stream
        freed = self.future.last_row(block, row)
        if freed is None or stream.kind[freed] != FREE or stream.pfn[freed] != block:
            return False
        if zone.blocks.get(block, -1) >> 3 != stream.order[freed] or not self._flies(freed, row):
            return False
        zone.remove(block)
        self.blocks[block] = (zone, stream.order[freed], freed)
        return True

    def _flies(self, freed: int, row: int) -> bool:
        """Return whether the task of the free logged nothing since, and did not run on."""
        stream = self.twin.stream
        who = (stream.pid[freed], stream.context[freed])
        after = range(freed + 1, row + 1)
        return all((stream.pid[r], stream.context[r]) != who for r in after)

    def _landed(self, pfn: int) -> bool:
        """Put the block with the page back, if it is in flight; return whether it was."""
        found = [
            first
            for first, (_, order, _) in self.blocks.items()
            if first <= pfn < first + (1 << order)
        ]
        for first in found:
            self._land(first)
        return bool(found)

    def _land(self, block: int | None) -> None:
        if block is not None and block in self.blocks:
            zone, order, _ = self.blocks.pop(block)
            zone.free_one(block, order, zone.pageblock_type(block))
