"""Nodes and zones as ``free_area_init()`` lays them out: ranges, spans, holes, sizes.

Mirrors mm/mm_init.c, before v6.4 the same code in mm/page_alloc.c. All numbers are page frame
numbers (pfn) or pages; ends are exclusive. Nothing here knows of logs::

    ranges = mem_pfn_ranges([(0x1000, 0x9e000, 0), (0x100000, 0x1fee0000, 0)], 4096)
    limits = zone_ranges({"DMA": 0x1000, "DMA32": 0x1FFE0, "Normal": 0x1FFE0}, ranges[0].start_pfn)
    nodes = free_area_init(ranges, limits)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

ZONE_NAMES = ("DMA", "DMA32", "Normal", "HighMem", "Movable", "Device")
MOVABLE = "Movable"
HIGHMEM = "HighMem"


class PfnRange(NamedTuple):
    """RAM from ``start_pfn`` up to but not including ``end_pfn``, on one node."""

    start_pfn: int
    end_pfn: int
    nid: int = 0

    @property
    def pages(self) -> int:
        """Pages in the range."""
        return self.end_pfn - self.start_pfn


@dataclass(frozen=True, slots=True)
class ZoneRange:
    """What an architecture allows a zone: the lowest pfn and the first above the highest."""

    name: str
    start_pfn: int
    end_pfn: int

    @property
    def empty(self) -> bool:
        """Whether the kernel prints ``empty`` for it."""
        return self.start_pfn == self.end_pfn


@dataclass(slots=True)
class Zone:
    """One zone of one node.

    ``spanned`` counts pages with the holes, ``present`` without; ``managed`` is what the
    kernel assumes before the hand-off and counts at the hand-off. ``start_pfn`` is 0 where
    nothing is spanned.
    """

    nid: int
    name: str
    start_pfn: int = 0
    spanned: int = 0
    present: int = 0
    managed: int = 0

    @property
    def end_pfn(self) -> int:
        """First pfn after the zone's span."""
        return self.start_pfn + self.spanned


@dataclass(slots=True)
class Node:
    """One node with its populated and empty zones in the kernel's order."""

    nid: int
    start_pfn: int
    end_pfn: int
    zones: list[Zone] = field(default_factory=list)

    @property
    def present(self) -> int:
        """Pages of RAM on the node (``On node N totalpages``)."""
        return sum(zone.present for zone in self.zones)

    @property
    def spanned(self) -> int:
        """Pages that the node's zones span."""
        return sum(zone.spanned for zone in self.zones)


class Unavailable(NamedTuple):
    """Pages of holes whose struct pages are given to a zone but never freed."""

    nid: int
    zone: str
    pages: int


def mem_pfn_ranges(regions: Iterable[tuple[int, int, int]], page_size: int) -> list[PfnRange]:
    """Return the whole pages of memory regions given as (base, size, nid) in bytes.

    A region without a whole page is left out (mm/memblock.c:__next_mem_pfn_range).
    """
    found = []
    for base, size, nid in sorted(regions):
        start, end = -(-base // page_size), (base + size) // page_size
        if start < end:
            found.append(PfnRange(start, end, max(nid, 0)))
    return found


def zone_ranges(max_zone_pfn: Mapping[str, int], start_pfn: int) -> dict[str, ZoneRange]:
    """Return the range of each zone but Movable, from the highest pfn of each.

    A zone begins where the one before it ends, and is empty where its limit does not lie
    above that (mm/mm_init.c:free_area_init). The order is that of ``ZONE_NAMES``.
    """
    found = {}
    for name in ZONE_NAMES:
        if name != MOVABLE and name in max_zone_pfn:
            end_pfn = max(max_zone_pfn[name], start_pfn)
            found[name] = ZoneRange(name, start_pfn, end_pfn)
            start_pfn = end_pfn
    return found


def movable_zone(limits: Mapping[str, ZoneRange]) -> str:
    """Return the zone that Movable takes its pages from: the highest with a range.

    Where no zone has one it is the highest of all. mm/mm_init.c:find_usable_zone_for_movable.
    """
    filled = [name for name, limit in limits.items() if not limit.empty]
    return (filled or list(limits))[-1]


def absent_pages(ranges: Iterable[PfnRange], nid: int | None, start_pfn: int, end_pfn: int) -> int:
    """Return the pages of holes in [start_pfn, end_pfn) (mm/mm_init.c:__absent_pages_in_range)."""
    covered = sum(
        max(min(r.end_pfn, end_pfn) - max(r.start_pfn, start_pfn), 0)
        for r in ranges
        if nid is None or r.nid == nid
    )
    return end_pfn - start_pfn - covered


def _zone_span(
    name: str, node: Node, limits: Mapping[str, ZoneRange], movable_pfn: int, mirrored: bool
) -> tuple[int, int]:
    if name == MOVABLE:
        if not movable_pfn:
            return 0, 0
        limit = limits[movable_zone(limits)]
        return max(movable_pfn, node.start_pfn), min(node.end_pfn, limit.end_pfn)
    limit = limits[name]
    start = min(max(node.start_pfn, limit.start_pfn), limit.end_pfn)
    end = min(max(node.end_pfn, limit.start_pfn), limit.end_pfn)
    if movable_pfn and start >= movable_pfn:
        return 0, 0
    if movable_pfn and not mirrored and end > movable_pfn:
        end = movable_pfn
    return start, end


def free_area_init(
    ranges: Sequence[PfnRange],
    limits: Mapping[str, ZoneRange],
    movable_pfns: Mapping[int, int] | None = None,
    *,
    mirrored: Sequence[PfnRange] | None = None,
    nodes: Iterable[int] = (),
) -> list[Node]:
    """Return the nodes with their zones sized (mm/mm_init.c:calculate_node_totalpages).

    ``movable_pfns`` is where Movable begins on each node that has it, ``mirrored`` the
    mirrored RAM under kernelcore=mirror. ``nodes`` adds nodes that have no memory.
    """
    movable_pfns = movable_pfns or {}
    found = []
    for nid in sorted({r.nid for r in ranges} | set(nodes)):
        own = [r for r in ranges if r.nid == nid]
        node = Node(nid, own[0].start_pfn if own else 0, max((r.end_pfn for r in own), default=0))
        for name in (name for name in ZONE_NAMES if name in limits or name == MOVABLE):
            movable = movable_pfns.get(nid, 0)
            start, end = _zone_span(name, node, limits, movable, mirrored is not None)
            apart = mirrored if movable else None
            node.zones.append(_size_zone(nid, name, start, end, own, apart))
        found.append(node)
    return found


def _size_zone(
    nid: int,
    name: str,
    start: int,
    end: int,
    own: Sequence[PfnRange],
    mirrored: Sequence[PfnRange] | None,
) -> Zone:
    if start >= end:
        return Zone(nid, name)
    present = end - start - absent_pages(own, nid, start, end)
    if mirrored is not None and name in (MOVABLE, "Normal"):
        inside = end - start - absent_pages(mirrored, None, start, end)
        present = present - inside if name == MOVABLE else inside
    return Zone(nid, name, start, end - start, present, present)


def memmap_pages(zone: Zone, struct_page: int, page_size: int, *, sparsemem: bool) -> int:
    """Return the pages charged to a zone for its struct pages (``pages used for memmap``).

    With sparsemem and holes of more than a sixteenth only present pages count
    (mm/mm_init.c:calc_memmap_size). ``struct_page`` is sizeof(struct page) in bytes.
    """
    pages = zone.spanned
    if sparsemem and zone.spanned > zone.present + (zone.present >> 4):
        pages = zone.present
    return -(-pages * struct_page // page_size)


def charge_memmap(
    nodes: Sequence[Node],
    struct_page: int,
    page_size: int,
    *,
    sparsemem: bool,
    dma_reserve: int,
    highmem_pays: bool = False,
) -> tuple[int, int]:
    """Set each zone's ``managed`` as before v6.10; return (nr_kernel_pages, nr_all_pages).

    The memmap is taken from each zone, ``dma_reserve`` pages from the first. HighMem's memmap
    is taken from HighMem itself where ``highmem_pays`` (before v3.9), else from the kernel's
    pages (free_area_init_core() until v6.9).
    """
    kernel = everything = 0
    for node in nodes:
        for index, zone in enumerate(node.zones):
            memmap = memmap_pages(zone, struct_page, page_size, sparsemem=sparsemem)
            free = zone.present
            if (zone.name != HIGHMEM or highmem_pays) and free >= memmap:
                free -= memmap
            if index == 0 and free > dma_reserve:
                free -= dma_reserve
            if zone.name != HIGHMEM:
                kernel += free
            elif kernel > memmap * 2 and not highmem_pays:
                kernel -= memmap
            everything += free
            zone.managed = free
    return kernel, everything


def free_kernel_pages(free: Iterable[PfnRange], highmem_pfn: int | None = None) -> tuple[int, int]:
    """Return (nr_kernel_pages, nr_all_pages) as since v6.10, from memblock's free ranges.

    ``highmem_pfn`` is where HighMem begins (mm/mm_init.c:calc_nr_kernel_pages).
    """
    kernel = everything = 0
    for area in free:
        everything += area.pages
        end = area.end_pfn if highmem_pfn is None else min(area.end_pfn, highmem_pfn)
        kernel += max(end - area.start_pfn, 0)
    return kernel, everything


def dma_reserve_pages(
    ranges: Iterable[PfnRange], free: Iterable[PfnRange], max_dma_pfn: int
) -> int:
    """Return the pages below ``max_dma_pfn`` that are RAM but reserved.

    x86 charges them to its DMA zone until v6.10 (arch/x86/mm/init.c:memblock_find_dma_reserve).
    """
    total, left = (
        sum(max(min(r.end_pfn, max_dma_pfn) - r.start_pfn, 0) for r in some)
        for some in (ranges, free)
    )
    return total - left


def zone_batchsize(managed: int, page_size: int, limit: int = 1 << 20) -> int:
    """Return the per-cpu batch of a zone (``LIFO batch``).

    A 1024th of the zone, at most ``limit`` bytes, divided by four and made one less than a
    power of two (mm/page_alloc.c:zone_batchsize). The limit was 512 KiB before v4.20
    (d8a759b57035, "mm, page_alloc: double zone's batchsize").
    """
    batch = min(managed // 1024, limit // page_size) // 4
    batch = max(batch, 1)
    return (1 << ((batch + batch // 2).bit_length() - 1)) - 1


def unavailable_ranges(
    nodes: Sequence[Node],
    ranges: Sequence[PfnRange],
    valid: Iterable[PfnRange],
    tail_align: int,
) -> Iterator[Unavailable]:
    """Yield the holes whose struct pages exist, in the kernel's order.

    ``valid`` is what pfn_valid() accepts (the present sections, or the flat memmap), and the
    last hole reaches up to a multiple of ``tail_align`` pages (mm/mm_init.c:memmap_init and
    init_unavailable_range, since v5.12, 0740a50b9baa).
    """
    accepted = list(valid)
    by_nid = {node.nid: node for node in nodes}
    hole = 0
    zone = nodes[0].zones[0]
    for area in ranges:
        for candidate in by_nid[area.nid].zones:
            start = max(area.start_pfn, candidate.start_pfn)
            end = min(area.end_pfn, candidate.end_pfn)
            if not candidate.present or start >= end:
                continue
            zone = candidate
            yield from _hole(hole, start, zone, accepted)
            hole = end
    tail = -(-ranges[-1].end_pfn // tail_align) * tail_align
    yield from _hole(hole, tail, zone, accepted)


def _hole(start: int, end: int, zone: Zone, valid: Sequence[PfnRange]) -> Iterator[Unavailable]:
    if start < end:
        pages = end - start - absent_pages(valid, None, start, end)
        if pages:
            yield Unavailable(zone.nid, zone.name, pages)
