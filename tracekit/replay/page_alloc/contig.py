"""Contiguous allocations (CMA): taken out of the free lists without an event of their own.

alloc_contig_range() isolates the pageblocks of its range, takes whole free blocks out of the
lists, and gives back what it does not need page by page: those frees are all that a trace
shows. cma_alloc() looks for the first place that fits, so what lies below in the same area was
taken before. Mirrors mm/page_alloc.c:alloc_contig_range and mm/cma.c:cma_alloc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.stream import FREE

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Twin


class Contig:
    """The contiguous allocations that one twin has inferred; ``rows`` are where.

    ``areas`` are the pfn ranges of the CMA areas, as far as the log names them, ends exclusive.
    ``giving`` is the row whose page goes straight back to the zone: its pageblock is isolated.
    """

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.areas: Sequence[tuple[int, int]] = ()
        self.rows: list[int] = []
        self.giving = -1
        self._giving_back: set[int] = set()

    def gives_back(self, pfn: int, row: int) -> bool:
        """Return whether the free of a page belongs to a contiguous allocation's surplus."""
        if pfn not in self._giving_back:
            return False
        self._giving_back.discard(pfn)
        self.giving = row
        return True

    def explains(self, row: int, zone: Zone) -> bool:
        """Explain the free of a page that is free, in a pageblock of a CMA area.

        The free block that holds the page was taken whole; from the page on it comes back.
        """
        twin = self.twin
        stream = twin.stream
        pfn = stream.pfn[row]
        cma = twin.rules.type_number("CMA")
        first = zone.block_with(pfn)
        if cma is None or stream.order[row] or first is None:
            return False
        if zone.pageblock_type(pfn) != cma or zone.blocks[first] & 7 != cma:
            return False
        self._take_between(zone, self._area_start(zone, pfn, cma), first)
        first, end = self._whole_block(zone, first, pfn)
        start = first if pfn == first else pfn
        for page in range(first, start):
            twin.in_use[page] = 0
        self._giving_back.update(range(start + 1, end))
        self.rows.append(row)
        self.giving = row
        return True

    def _whole_block(self, zone: Zone, first: int, pfn: int) -> tuple[int, int]:
        """Take the free block at ``first`` off the lists, or only the pageblock of ``pfn``."""
        rules = self.twin.rules
        if rules.contig_by_pageblock and zone.blocks[first] >> 3 > rules.pageblock_order:
            first = pfn & -(1 << rules.pageblock_order)
            zone.carve(first, rules.pageblock_order)
            return first, first + (1 << rules.pageblock_order)
        return first, first + (1 << zone.remove(first))

    def _take_between(self, zone: Zone, start: int, end: int) -> None:
        """Take the free blocks that start within [start, end)."""
        for first in list(zone.free_in(start, end)):
            self.twin.in_use[first] = zone.remove(first)

    def _area_start(self, zone: Zone, pfn: int, cma: int) -> int:
        """Return where the CMA area of ``pfn`` begins; neighbouring areas look like one."""
        for start, end in self.areas:
            if start <= pfn < end:
                return start
        size = 1 << self.twin.rules.pageblock_order
        block = pfn & -size
        while zone.start <= block - size and zone.pageblock_type(block - size) == cma:
            block -= size
        return block

    def took_before(self, row: int, zone: Zone) -> bool:
        """Explain a refill by whole CMA blocks before its own that left without a line.

        Later lines must agree: the next that is heard of their pages is their free.
        """
        stream, future = self.twin.stream, self.twin.resync.future
        pfn, order, migratetype = stream.pfn[row], stream.order[row], stream.migratetype[row]
        if migratetype != self.twin.rules.type_number("CMA"):
            return False
        gone: list[tuple[int, int]] = []
        while (block := zone.peek(order, migratetype)) is not None:
            size = 1 << (zone.blocks[block] >> 3)
            if block == pfn:
                zone.rmqueue_smallest(order, migratetype)
                self.twin.in_use.update(gone)
                self.rows.append(row)
                return True
            if not all(
                future.next_kind(p, row) in (FREE, None) for p in range(block, block + size)
            ):
                break
            gone.append((block, zone.remove(block)))
        for block, high in reversed(gone):
            zone.insert(block, high, migratetype, tail=False)
        return False
