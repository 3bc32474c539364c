"""The kernel's page allocator as a ``Rules``, and the hand-off state as its zones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tracekit.kernel.kernel import Kernel
from tracekit.mm.handoff import BuddyZone, Handoff
from tracekit.mm.mm_init import HIGHMEM
from tracekit.mm.page_alloc_rules import (
    PAGE_ALLOC_COSTLY_ORDER,
    UNMOVABLE,
    Drain,
    Fallback,
    Rules,
)
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.stream import ZONE_LOCKED, Stream


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
        bulk_unlogged=kernel.has("vmalloc_in_bulk"),
        pcp_trylock=kernel.has("pcp_trylock"),
        exact_to_tail=kernel.has("exact_to_tail"),
        contig_by_pageblock=kernel.has("contig_by_pageblock", default=True),
        vfree_merges=kernel.has("vfree_in_blocks"),
        merge_retypes=kernel.has("merge_retypes_buddy"),
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
        apart = zone.name == HIGHMEM and handoff.rules.highmem_apart is not None
        if handoff.rules.to_tail and not apart:
            for pfn, (order, _) in _blocks(handoff, buddy):
                zone.insert(pfn, order, zone.pageblock_type(pfn), tail=True)
        else:
            for pfn, order in freed[buddy.zone.nid, buddy.zone.name]:
                zone.free_one(pfn, order, zone.pageblock_type(pfn))
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
