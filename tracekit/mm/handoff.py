"""The hand-off: memblock's free memory becomes the buddy allocator's free lists.

Mirrors mm/memblock.c:memblock_free_all, mm/mm_init.c:memblock_free_pages and
memmap_init_range, and mm/page_alloc.c:__free_one_page as far as boot needs it. All numbers
are pfn and pages, ends exclusive. The result is the page allocator's starting state::

    handoff = Handoff(nodes, ranges, Rules())
    handoff.free_all(free_pfn_ranges(free_bytes, 4096))
    handoff.free_lists()
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tracekit.mm.mm_init import HIGHMEM, Node, PfnRange, Zone

UNMOVABLE = "Unmovable"
MOVABLE_TYPE = "Movable"

FreeLists = dict[str, dict[str, list[int]]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What differs between kernels and builds at the hand-off.

    ``nr_orders`` is the number of free areas of a zone (11 by default), ``pageblock_order``
    the size of a pageblock. ``to_tail`` is true since v5.10 (7fef431be9c9): freed blocks go
    to the tail of their list. ``merge_retypes`` is true since v6.10: merging
    gives the buddy's pageblock the freed block's type. ``section_pages`` is the unit of
    deferred initialisation, None where struct pages are not deferred.
    ``highmem_apart`` says that HighMem is freed page by page in a pass of its own, before
    (True) or after (False) the rest, None that it is freed with the rest. ``flat``: the memory
    map has no sections, and each zone has its own pageblock types, which are numbered from
    the zone's first page if ``blocks_from_zone``.
    """

    nr_orders: int = 11
    pageblock_order: int = 9
    to_tail: bool = True
    merge_retypes: bool = False
    section_pages: int | None = None
    highmem_apart: bool | None = None
    flat: bool = False
    blocks_from_zone: bool = False


@dataclass(slots=True)
class BuddyZone:
    """A zone with its free lists; ``free`` maps the first pfn of a free block to its order.

    ``lists[migratetype][order]`` holds first pfns in the order in which they were added; a
    dict keeps that order and gives a block up at once when it merges.
    """

    zone: Zone
    nr_orders: int
    managed: int = 0
    lists: dict[str, list[dict[int, None]]] = field(default_factory=dict)
    free: dict[int, tuple[int, str]] = field(default_factory=dict)

    def area(self, migratetype: str, order: int) -> dict[int, None]:
        """Return the list of one type and order."""
        if migratetype not in self.lists:
            self.lists[migratetype] = [{} for _ in range(self.nr_orders)]
        return self.lists[migratetype][order]

    def remove(self, pfn: int) -> str:
        """Take a free block off its list; return the list's type."""
        order, migratetype = self.free.pop(pfn)
        del self.area(migratetype, order)[pfn]
        return migratetype

    @property
    def free_pages(self) -> int:
        """Pages on all lists of the zone."""
        return sum(1 << order for order, _ in self.free.values())


class Handoff:
    """The state between ``memmap_init()`` and the end of ``memblock_free_all()``.

    ``ranges`` is RAM, ``mapped`` what memmap_init() goes over: RAM, and until v5.7 holes that
    have struct pages. ``freed`` are the blocks that were freed, as (pfn, order) in the order
    of their frees.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        ranges: Sequence[PfnRange],
        rules: Rules,
        mapped: Sequence[PfnRange] | None = None,
    ) -> None:
        self.nodes = list(nodes)
        self.ranges = list(ranges)
        self.mapped = self.ranges if mapped is None else list(mapped)
        self.rules = rules
        self.zones = [
            BuddyZone(zone, rules.nr_orders)
            for node in nodes
            for zone in node.zones
            if zone.present
        ]
        self.freed: list[tuple[int, int]] = []
        self.pageblocks: dict[int, str] = {}
        self.first_deferred_pfn: dict[int, int] = {}
        self.deferred: list[PfnRange] = []
        self._find_deferred()
        self._init_pageblocks()
        self._index = sorted((z.zone.start_pfn, i) for i, z in enumerate(self.zones))
        self._starts = [start for start, _ in self._index]

    # -- before the hand-off --------------------------------------------------------------

    def _find_deferred(self) -> None:
        section = self.rules.section_pages
        for node in self.nodes if section else ():
            pfn = first_deferred_pfn(node, self.ranges, section or 1)
            if pfn is not None:
                self.first_deferred_pfn[node.nid] = pfn

    def _init_pageblocks(self) -> None:
        for area in self.mapped:
            stop = min(area.end_pfn, self.first_deferred_pfn.get(area.nid, area.end_pfn))
            self.set_movable(area.start_pfn, stop)

    def set_movable(self, start_pfn: int, end_pfn: int) -> None:
        """Make every pageblock that begins in [start_pfn, end_pfn) Movable."""
        block = 1 << self.rules.pageblock_order
        for pfn in range(-(-start_pfn // block) * block, end_pfn, block):
            self.pageblocks[pfn] = MOVABLE_TYPE

    def migratetype(self, pfn: int) -> str:
        """Return the type of the pageblock that holds ``pfn``."""
        return self.pageblocks.get(
            pfn >> self.rules.pageblock_order << self.rules.pageblock_order, UNMOVABLE
        )

    # -- the hand-off ---------------------------------------------------------------------

    def free_all(self, free: Iterable[PfnRange]) -> None:
        """Hand memblock's free ranges over, in ascending order (mm/memblock.c)."""
        areas = list(free)
        apart = self.rules.highmem_apart
        if apart:
            self._free_highmem(areas)
        border = self._highmem_start() if apart is not None else None
        for area in areas:
            end = area.end_pfn if border is None else min(area.end_pfn, border)
            for pfn, order in self._blocks(area.start_pfn, end):
                self._free_or_defer(pfn, order, area.nid)
        if apart is False:
            self._free_highmem(areas)

    def free_released(self, blocks: Iterable[tuple[int, int]], areas: Iterable[PfnRange]) -> None:
        """Hand over what bootmem freed, then HighMem, which it knows nothing of.

        ``blocks`` are (pfn, order) in the order of mm/bootmem.c:free_all_bootmem_core(), the
        bitmap's own pages included; ``areas`` is what is free of RAM in HighMem.
        """
        for pfn, order in blocks:
            self.free_block(pfn, order)
        self._free_highmem(areas)

    def _highmem_start(self) -> int | None:
        return min((z.zone.start_pfn for z in self.zones if z.zone.name == HIGHMEM), default=None)

    def _free_highmem(self, areas: Iterable[PfnRange]) -> None:
        # The kernel frees page by page. Buddies merge as they come, so that the blocks and
        # their order in the lists are those of the largest aligned blocks, ascending.
        border = self._highmem_start()
        for area in areas if border is not None else ():
            for pfn, order in self._blocks(max(area.start_pfn, border or 0), area.end_pfn):
                self.free_block(pfn, order)

    def _blocks(self, start_pfn: int, end_pfn: int) -> Iterator[tuple[int, int]]:
        return split_blocks(start_pfn, end_pfn, self.rules.nr_orders)

    def _free_or_defer(self, pfn: int, order: int, nid: int) -> None:
        limit = self.first_deferred_pfn.get(nid)
        if limit is not None and pfn >= limit:
            self._defer(pfn, pfn + (1 << order), nid)
        else:
            self.free_block(pfn, order)

    def _defer(self, start: int, end: int, nid: int) -> None:
        if self.deferred and self.deferred[-1].end_pfn == start and self.deferred[-1].nid == nid:
            self.deferred[-1] = self.deferred[-1]._replace(end_pfn=end)
        else:
            self.deferred.append(PfnRange(start, end, nid))

    def zone_of(self, pfn: int) -> BuddyZone:
        """Return the populated zone that a page of RAM belongs to.

        Raises LookupError for a pfn that no zone spans. Zones of interleaved nodes overlap:
        then the node of the RAM decides.
        """
        near = [self.zones[i] for _, i in self._index[: bisect_right(self._starts, pfn)]]
        spans = [z for z in near if pfn < z.zone.end_pfn]
        if not spans:
            raise LookupError(f"no zone spans pfn {pfn:#x}")
        if len(spans) == 1:
            return spans[0]
        nid = next(r.nid for r in self.ranges if r.start_pfn <= pfn < r.end_pfn)
        return next(z for z in reversed(spans) if z.zone.nid == nid)

    def free_block(self, pfn: int, order: int) -> None:
        """Free a block into its zone and merge it with its buddies (__free_one_page)."""
        zone = self.zone_of(pfn)
        migratetype = self.migratetype(pfn)
        self.freed.append((pfn, order))
        zone.managed += 1 << order
        while order < self.rules.nr_orders - 1:
            buddy = pfn ^ (1 << order)
            if zone.free.get(buddy, (-1, ""))[0] != order:
                break
            if zone.remove(buddy) != migratetype and self.rules.merge_retypes:
                self._retype(buddy, order, migratetype)
            pfn &= buddy
            order += 1
        zone.free[pfn] = (order, migratetype)
        zone.area(migratetype, order)[pfn] = None

    def _retype(self, pfn: int, order: int, migratetype: str) -> None:
        block = 1 << self.rules.pageblock_order
        for start in range(pfn // block * block, pfn + (1 << order), block):
            self.pageblocks[start] = migratetype

    # -- the result -----------------------------------------------------------------------

    def deferred_init(self, nid: int | None = None) -> None:
        """Initialise and free the deferred pages (mm/mm_init.c:deferred_init_memmap).

        Whole largest blocks are freed as such, the rest page by page, which gives the same
        blocks in the same order.
        """
        waiting = [area for area in self.deferred if nid in (None, area.nid)]
        self.deferred = [area for area in self.deferred if nid not in (None, area.nid)]
        for area in waiting:
            self.set_movable(area.start_pfn, area.end_pfn)
            for pfn, order in self._blocks(area.start_pfn, area.end_pfn):
                self.free_block(pfn, order)

    def managed(self) -> dict[tuple[int, str], int]:
        """Return the pages handed to each zone, by (nid, zone name)."""
        return {(z.zone.nid, z.zone.name): z.managed for z in self.zones}

    def listed(self, zone: BuddyZone, migratetype: str, order: int) -> list[int]:
        """Return one free list of a zone in list order, head first."""
        pfns = list(zone.area(migratetype, order))
        return pfns if self.rules.to_tail else pfns[::-1]

    def free_lists(self) -> dict[str, dict[str, FreeLists]]:
        """Return node -> zone -> order -> migratetype -> [pfn, in list order].

        Empty lists are left out.
        """
        found: dict[str, dict[str, FreeLists]] = {}
        for zone in self.zones:
            orders: FreeLists = {}
            for order in range(self.rules.nr_orders):
                lists = {mt: self.listed(zone, mt, order) for mt in zone.lists}
                if any(lists.values()):
                    orders[str(order)] = {mt: pfns for mt, pfns in lists.items() if pfns}
            found.setdefault(str(zone.zone.nid), {})[zone.zone.name] = orders
        return found


def free_pfn_ranges(free: Iterable[tuple[int, int, int]], page_size: int) -> list[PfnRange]:
    """Return the whole pages of free areas given as (start, end, nid) in bytes, end exclusive.

    Areas of one memory region each, ascending, as for_each_free_mem_range() gives them.
    """
    found = []
    for start, end, nid in free:
        first, last = -(-start // page_size), end // page_size
        if first < last:
            found.append(PfnRange(first, last, max(nid, 0)))
    return found


def free_ranges(
    memory: Iterable[tuple[int, int, int]], reserved: Iterable[tuple[int, int]]
) -> list[tuple[int, int, int]]:
    """Return memory minus reserved as (start, end, nid), one or more per memory region.

    ``memory`` is (base, size, nid) and ``reserved`` (base, size) in bytes, both sorted; what
    the kernel skips (MEMBLOCK_NOMAP, hotpluggable under movable_node) must be left out of
    ``memory`` (mm/memblock.c:__next_mem_range).
    """
    holes = sorted(reserved)
    found = []
    first = 0
    for base, size, nid in sorted(memory):
        start, end = base, base + size
        while first < len(holes) and sum(holes[first]) <= base:
            first += 1
        for hole_base, hole_size in holes[first:]:
            if hole_base >= end:
                break
            if hole_base > start:
                found.append((start, hole_base, nid))
            start = max(start, hole_base + hole_size)
        if start < end:
            found.append((start, end, nid))
    return found


def split_blocks(start_pfn: int, end_pfn: int, nr_orders: int) -> Iterator[tuple[int, int]]:
    """Yield (pfn, order) of the blocks that a free range is handed over in.

    Each is the largest that is aligned and fits (mm/memblock.c:__free_pages_memory).
    """
    pfn = start_pfn
    while pfn < end_pfn:
        order = min(nr_orders - 1, (pfn & -pfn).bit_length() - 1) if pfn else nr_orders - 1
        order = min(order, (end_pfn - pfn).bit_length() - 1)
        yield pfn, order
        pfn += 1 << order


def first_deferred_pfn(node: Node, ranges: Iterable[PfnRange], section_pages: int) -> int | None:
    """Return the first pfn whose struct page is initialised late, or None.

    Only the node's highest zone defers: after more than a section of its pages, from the
    next section's start on (mm/mm_init.c:defer_init, since v4.18).
    """
    last = [zone for zone in node.zones if zone.spanned][-1:]
    done = 0
    for zone in last:
        for area in (r for r in ranges if r.nid == node.nid):
            start, end = max(area.start_pfn, zone.start_pfn), min(area.end_pfn, zone.end_pfn)
            if start >= end:
                continue
            after = max(start, start + section_pages - done)
            pfn = -(-after // section_pages) * section_pages
            if pfn < end:
                return pfn
            done += end - start
    return None
