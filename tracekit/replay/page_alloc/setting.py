"""The kernel's page allocator as a ``Rules``, and the hand-off state as its zones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tracekit.kernel.kernel import Kernel
from tracekit.mm.handoff import BuddyZone, Handoff
from tracekit.mm.mm_init import HIGHMEM
from tracekit.mm.page_alloc_reserve import min_watermarks, set_reserve, steps
from tracekit.mm.page_alloc_rules import (
    PAGE_ALLOC_COSTLY_ORDER,
    UNMOVABLE,
    Drain,
    Fallback,
    Rules,
)
from tracekit.mm.page_alloc_zone import Zone
from tracekit.mm.ranges import union
from tracekit.replay.page_alloc.stream import ZONE_LOCKED, Stream

# pages of a word of 32 bits: only 32-bit kernels number pageblocks from a zone's first page
WORD_ORDER = 5


def migrate_types(kernel: Kernel) -> tuple[str, ...]:
    """Return the names of the migrate types by number (enum migratetype).

    Isolate and CMA exist where the build has memory isolation and CMA; an unknown build is
    taken to have them last, which shifts nothing that a trace of a boot shows.
    """
    if kernel.has("migrate_highatomic", default=True):
        types = ["Unmovable", "Movable", "Reclaimable", "HighAtomic"]
    else:
        types = ["Unmovable", "Reclaimable", "Movable", "Reserve"]
    if kernel.evidence.config.get("CONFIG_CMA") == "y":
        types.append("CMA")
    return (*types, "Isolate")


def fallback_style(kernel: Kernel) -> Fallback:
    """Return how this kernel hands over what it takes from another migrate type."""
    if kernel.has("fallback_claims"):
        return Fallback.CLAIM
    if kernel.has("fallback_takes"):
        return Fallback.TAKE
    return Fallback.MOVE if kernel.has("fallback_moves", default=True) else Fallback.REMOVE


def huge_refills(stream: Stream) -> bool:
    """Return whether the trace shows per-cpu refills of huge pages."""
    rows = zip(stream.kind, stream.order, stream.extra, strict=True)
    return any(
        kind == ZONE_LOCKED and order > PAGE_ALLOC_COSTLY_ORDER and refill == 1
        for kind, order, refill in rows
    )


def read_rules(kernel: Kernel, nr_orders: int, pageblock_order: int, stream: Stream) -> Rules:
    """Return the habits of the kernel's page allocator."""
    high_orders = kernel.has("pcp_high_orders", default=True)
    config = kernel.evidence.config
    huge = config.get("CONFIG_TRANSPARENT_HUGEPAGE") == "y" or huge_refills(stream)
    return Rules(
        max_order=nr_orders - 1,
        pageblock_order=pageblock_order,
        types=migrate_types(kernel),
        fallback=fallback_style(kernel),
        drain=Drain.FREED_FIRST if kernel.has("drain_freed_first") else Drain.ROTATE,
        pcp_max_order=3 if high_orders else 0,
        pcp_thp_order=pageblock_order if high_orders and huge else None,
        move_to_tail=kernel.has("move_to_tail", default=True),
        merge_to_tail=kernel.has("buddy_merge_likely", default=True),
        misses_upper=kernel.has("merge_likely_misses_upper"),
        bulk_unlogged=kernel.has("vmalloc_in_bulk"),
        pcp_trylock=kernel.has("pcp_trylock"),
        exact_to_tail=kernel.has("exact_to_tail"),
        contig_by_pageblock=kernel.has("contig_by_pageblock", default=True),
        vfree_merges=kernel.has("vfree_in_blocks"),
        merge_retypes=kernel.has("merge_retypes_buddy"),
        typed_drains=kernel.has("drain_event_shows_type", default=True),
        steals_more=kernel.has("fallback_steals_more", default=True),
        shuffled=kernel.option("page_alloc.shuffle") in ("1", "y", "Y"),
    )


def set_reserved_movable(handoff: Handoff) -> None:
    """Make the pageblocks Movable whose struct pages are deferred but whose start is reserved.

    memblock_free_all() initialises reserved pages itself, and since v6.13 it sets the type of
    the pageblocks that begin with one; those that begin with a free page wait for pgdatinit.
    """
    size = 1 << handoff.rules.pageblock_order
    waiting = handoff.deferred
    for area in handoff.ranges:
        first = handoff.first_deferred_pfn.get(area.nid, area.end_pfn)
        for pfn in range(-(-max(first, area.start_pfn) // size) * size, area.end_pfn, size):
            if not any(free.start_pfn <= pfn < free.end_pfn for free in waiting):
                handoff.set_movable(pfn, pfn + 1)


def _pageblocks(handoff: Handoff, zone: Zone) -> Iterator[int]:
    """Yield the first pfn of each pageblock of the zone that has struct pages."""
    size = 1 << zone.rules.pageblock_order
    for area in handoff.mapped:
        start, end = max(area.start_pfn, zone.start), min(area.end_pfn, zone.end)
        if area.nid == zone.nid and start < end:
            yield from range(start & -size, end, size)


def _set_unaligned(zone: Zone) -> None:
    """Number the pageblocks from the zone's first page; aligned pages make theirs Movable.

    Until v3.7 get_pageblock_flags_group() of mm/page_alloc.c does so where memory is flat.
    """
    zone.block_types.clear()
    zone.block_base = zone.start
    size = 1 << zone.rules.pageblock_order
    for pfn in range(zone.start, zone.end, size):
        zone.set_pageblock_type(pfn, 0, UNMOVABLE)
    for pfn in range(-(-zone.start // size) * size, zone.end, size):
        zone.set_pageblock_type(pfn, 0, zone.rules.movable)


def _free(zone: Zone, pfn: int, order: int, least: int) -> None:
    """Free a block in the pieces that lie in one pageblock each, down to the order ``least``.

    The kernel frees words of bootmem's bitmap and as large pieces of memblock's areas, HighMem
    page by page. What merges joins the list of the piece freed last.
    """
    base, shift = zone.block_base, zone.rules.pageblock_order
    last = pfn + (1 << order) - 1
    if not base or order <= least or pfn - base >> shift == last - base >> shift:
        zone.free_one(pfn, order, zone.pageblock_type(pfn))
        return
    for half in (pfn, pfn + (1 << order - 1)):
        _free(zone, half, order - 1, least)


def zones_of(handoff: Handoff, rules: Rules, *, holes: bool = False) -> list[Zone]:
    """Return the zones with the free lists of the hand-off.

    Without sections each zone has its own pageblock types, and a pageblock that
    begins in the zone below keeps the type 0 here (mm/page_alloc.c:get_pageblock_bitmap).
    ``holes``: the struct pages of holes belong to their zone, and pageblocks of them have type 0.
    """
    found = []
    flat = handoff.rules.flat
    freed = _freed(handoff)
    for buddy in handoff.zones:
        zone = Zone(buddy.zone.name, buddy.zone.nid, buddy.zone.start_pfn,
                    buddy.zone.end_pfn, rules)  # fmt: skip
        if flat and holes:
            size = 1 << rules.pageblock_order
            for pfn in range(zone.start & -size, zone.end, size):
                zone.set_pageblock_type(pfn, 0, UNMOVABLE)
        for pfn in _pageblocks(handoff, zone):
            foreign = flat and pfn < zone.start
            kind = UNMOVABLE if foreign else rules.types.index(handoff.migratetype(pfn))
            zone.set_pageblock_type(pfn, 0, kind)
        if handoff.rules.blocks_from_zone:
            _set_unaligned(zone)
        apart = zone.name == HIGHMEM and handoff.rules.highmem_apart is not None
        if handoff.rules.to_tail and not apart:
            for pfn, (order, _) in _blocks(handoff, buddy):
                zone.insert(pfn, order, zone.pageblock_type(pfn), tail=True)
        else:
            for pfn, order in freed[buddy.zone.nid, buddy.zone.name]:
                _free(zone, pfn, order, 0 if apart else WORD_ORDER)
        found.append(zone)
    return found


def _blocks(handoff: Handoff, buddy: BuddyZone) -> list[tuple[int, tuple[int, str]]]:
    """Return the free blocks as (pfn, (order, migrate type)), in list order."""
    return [
        (pfn, buddy.free[pfn])
        for name in buddy.lists
        for order in range(handoff.rules.nr_orders)
        for pfn in buddy.area(name, order)
    ]


def set_reserves(
    kernel: Kernel, handoff: Handoff, zones: list[Zone], present: dict[tuple[int, str], int]
) -> None:
    """Set pageblocks aside as init_per_zone_wmark_min() does, on kernels that have a reserve.

    ``present`` are the pages of the zones as the log shows them, by node and zone name.
    """
    sizes = {}
    given = handoff.managed()
    for zone in zones:
        key = zone.nid, zone.name
        sizes[zone] = present.get(key, given[key])
    aligned = kernel.has("reserve_steps_aligned")
    free = _FreeAtHandoff(handoff, whole=kernel.has("reserve_blocks_whole"))
    for zone, watermark in min_watermarks(sizes, kernel.page_size or 4096).items():
        pfns = steps(zone, aligned=aligned)
        set_reserve(zone, watermark, [pfn for pfn in pfns if free.at(pfn, zone.end)])


class _FreeAtHandoff:
    """Tells whether a pageblock held no reserved page: all of it free, or until v2.6.39 its first.

    Mirrors pageblock_is_reserved() of mm/page_alloc.c.
    """

    def __init__(self, handoff: Handoff, *, whole: bool) -> None:
        self.whole = whole
        self.size = 1 << handoff.rules.pageblock_order
        self.ranges = union((pfn, pfn + (1 << order)) for pfn, order in handoff.freed)

    def at(self, pfn: int, zone_end: int) -> bool:
        """Return whether the kernel may set aside the pageblock at which it looks."""
        end = min(pfn + self.size, zone_end) if self.whole else pfn + 1
        return any(start <= pfn and end <= stop for start, stop in self.ranges)


def _freed(handoff: Handoff) -> dict[tuple[int, str], list[tuple[int, int]]]:
    """Return (node, zone name) -> the blocks freed to it as (pfn, order), in order.

    Until v5.9, and for HighMem while it was freed page by page, they go through __free_page(),
    where each goes to the head of its list, or to the tail if it is likely to merge.
    """
    found: dict[tuple[int, str], list[tuple[int, int]]] = defaultdict(list)
    for pfn, order in handoff.freed:
        zone = handoff.zone_of(pfn).zone
        found[zone.nid, zone.name].append((pfn, order))
    return found
