"""Contiguous allocations (CMA): taken out of the free lists without an event of their own.

alloc_contig_range() isolates the pageblocks of its range, takes whole free blocks out of the
lists, and gives back what it does not need page by page: those frees are all that a trace
shows. cma_alloc() looks for the first place that fits, so what lies below in the same area was
taken before. Mirrors mm/page_alloc.c:alloc_contig_range and mm/cma.c:cma_alloc.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.mm.page_alloc_zone import Zone

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Twin


class Contig:
    """The contiguous allocations that one twin has inferred; ``rows`` are where.

    ``giving`` is the row whose page goes straight back to the zone: its pageblock is isolated.
    """

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
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
        self._take_below(zone, first, cma)
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

    def _take_below(self, zone: Zone, pfn: int, cma: int) -> None:
        """Take the free blocks of the same CMA area that lie below ``pfn``."""
        size = 1 << self.twin.rules.pageblock_order
        block = pfn & -size
        while zone.start <= block - size and zone.pageblock_type(block - size) == cma:
            block -= size
        for first in list(zone.free_in(block, pfn)):
            order = zone.remove(first)
            self.twin.in_use[first] = order
