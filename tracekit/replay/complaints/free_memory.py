"""What the kernel showed of its free memory: each zone's blocks, watermark and reserve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tracekit.boot import Boot
from tracekit.events.base import Event
from tracekit.events.complaints import FreeBlocks, LowmemReserve, ZoneWatermarks
from tracekit.replay.complaints.finding import following

# Letters of migrate types whose free blocks any request may have (show_migration_types):
# highatomic (H), CMA (C) and isolated (I) blocks serve few.
ANYBODYS = set("UMER")


@dataclass(frozen=True, slots=True)
class ZoneMemory:
    """One zone as show_free_areas() printed it; ``kept_kib`` is what the request may not have.

    That is the min watermark and the lowmem reserve against requests that prefer a higher zone.
    """

    blocks: FreeBlocks
    free_kib: int
    kept_kib: int
    protected: bool
    page_kib: int

    @property
    def name(self) -> str:
        """Node and zone."""
        return f"node {self.blocks.nid} {self.blocks.zone}"

    def has(self, order: int) -> bool:
        """Return whether a block of this order, or a larger one, is free for anybody."""
        return any(
            count and (not letters or ANYBODYS & set(letters))
            for count, _, letters in self.blocks.blocks[order:]
        )

    def short(self, order: int = 0) -> bool:
        """Return whether a block of this order would take the zone below what it must keep.

        Mirrors __zone_watermark_ok().
        """
        return self.free_kib - ((1 << order) - 1) * self.page_kib <= self.kept_kib

    def __str__(self) -> str:
        """Return the zone in words, with its largest free block."""
        counts = enumerate(self.blocks.blocks)
        largest = max((order for order, (count, *_) in counts if count), default=None)
        most = "nothing free" if largest is None else f"largest free block of order {largest}"
        kept = f", {self.kept_kib} KiB of it reserved" if self.protected else ""
        return f"{self.name}: {self.blocks.free_kib} KiB free{kept}, {most}"


def zones_shown(boot: Boot, event: Event) -> list[ZoneMemory]:
    """Return the zones that the report which ``event`` begins shows, in its order."""
    shown = list(following(boot, event, FreeBlocks))
    page_kib = shown[0].blocks[0][1] if shown else 0
    marks = dict(_marks(boot, event, page_kib))
    # A request for a lower zone than the highest has a smaller reserve to respect, and the line
    # does not say which of the numbers is its own.
    several = any(row.zone in ("HighMem", "Movable") for row in shown)
    return [_zone(row, marks.get((row.nid, row.zone)), several, page_kib) for row in shown]


def _zone(
    row: FreeBlocks, mark: tuple[ZoneWatermarks, int] | None, several: bool, page_kib: int
) -> ZoneMemory:
    if mark is None:
        return ZoneMemory(row, row.free_kib, -1, False, page_kib)
    watermarks, reserve = mark
    held = 0 if several else reserve
    return ZoneMemory(row, watermarks.free_kib, watermarks.min_kib + held, held > 0, page_kib)


def _marks(
    boot: Boot, event: Event, page_kib: int
) -> Iterator[tuple[tuple[int, str], tuple[ZoneWatermarks, int]]]:
    """Yield each zone's watermarks, with the largest reserve of the line below in KiB."""
    above = None
    for row in following(boot, event, Event):
        if isinstance(row, ZoneWatermarks):
            above = row
            yield (row.nid, row.zone), (row, 0)
        elif isinstance(row, LowmemReserve) and above is not None:
            yield (above.nid, above.zone), (above, max(row.pages) * page_kib)
