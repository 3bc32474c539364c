"""Predicts the KVA lines of 2.6.x: sizes, places, how nodes shrink, what is mapped where.

Three generations print them: up to 2.6.19 (the area lies above lowmem, which ends lower by
it), up to 2.6.26 (inside lowmem, below an initrd), and 2.6.27 to 2.6.39 (found in free RAM).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tracekit.events.base import Event
from tracekit.events.mm_init import NodeMemMap, NodeRangeLine
from tracekit.events.numa_32 import (
    AllocatePgdat,
    KvaReserve,
    KvaReservePages,
    KvaShrink,
    KvaShrinkFurther,
    KvaStart,
    KvaTotal,
    MaxLowPfn,
    MemoryChunk,
    NodePfn,
    PhysnodeMap,
    RemapNode,
    RemapPage,
    WillRemap,
)
from tracekit.mm import numa_32
from tracekit.replay.numa_32.addresses import (
    place_above_lowmem,
    place_from_start,
    place_inside_lowmem,
)
from tracekit.replay.numa_32.order import LineOrder
from tracekit.replay.numa_32.setting import Setting
from tracekit.replay.numa_32.structures import check_structures
from tracekit.replay.numa_32.worlds import KIND, Area, Value, World, Worlds

MOST_LARGE_PAGES = 64
NOWHERE = "no free one"
NO_SPAN = "the node's pages are not logged"
NO_AREAS = "the lines with the nodes' areas are not in the log (they are debug messages)"
NO_RESERVED = "what was reserved before is not logged"


@dataclass(slots=True)
class KvaLines:
    """Reads the lines in order. `spans` are the nodes' pages as the firmware gives them.

    `hexed` says in which base this kernel prints pfns that have no 0x.
    """

    worlds: Worlds
    setting: Setting
    large: int
    hexed: bool
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    starts: dict[int, int] = field(default_factory=dict)
    highstart: int | None = None
    first_nid: int | None = None
    chunked: bool = False
    inside_lowmem: bool = False
    found_in_ram: bool = False
    mapping: RemapNode | None = None
    page: int = 0
    order: LineOrder = field(init=False)

    def __post_init__(self) -> None:
        self.order = LineOrder(self.worlds.ledger)

    def read(self, event: Event) -> None:
        """Check one line, or learn from it."""
        self._make_up_for(event)
        self._check(event)
        self.order.see(event)

    def _make_up_for(self, event: Event) -> None:
        """Where a line before this one is missing, go on with what it should have said."""
        nids = [nid for nid, _ in self.worlds.possible[0].areas]
        for what, nid in self.order.missing(event, nids, self.found_in_ram):
            if what == "reserve":
                self.found_in_ram = True
                self.worlds.possible = [self._predicted(w, nid) for w in self.worlds.possible]
            elif what == "start" and self.setting.max_low_pfn is not None:
                low = self.setting.max_low_pfn
                self.worlds.possible = [
                    _with_start(w, (self._lowmem(w, low),)) for w in self.worlds.possible
                ]
        self._end_of_pages(event)

    def _end_of_pages(self, event: Event) -> None:
        """All large pages of a node are mapped before another line comes."""
        if self.mapping is None or isinstance(event, RemapPage):
            return
        done, self.mapping = self.mapping, None
        areas = [world.area(done.nid) for world in self.worlds.possible]
        if all(area is not None and self.page * self.large < area.pages for area in areas):
            self.order.report(f"large pages of node {done.nid}", "remap_numa_kva:")

    def _check(self, event: Event) -> None:
        match event:
            case MemoryChunk():
                self._chunk(event)
            case NodePfn():
                self.spans[event.nid] = (event.start_pfn, event.end_pfn)
                self.order.promise(event, self.setting.max_pfn)
            case PhysnodeMap() if not self.chunked and not self.found_in_ram:
                self._physnode(event)
            case KvaReserve():
                self._reserve(event)
            case KvaShrink():
                self._shrink(event)
            case KvaShrinkFurther():
                self._further(event)
            case KvaTotal():
                self._total(event)
            case KvaStart():
                self._start(event)
            case KvaReservePages():
                self._reserve_pages(event)
            case MaxLowPfn():
                self.highstart = self._number(event.start_number)
            case WillRemap():
                self._will_remap(event)
            case AllocatePgdat():
                self._pgdat(event)
            case RemapNode():
                self.mapping, self.page = event, 0
            case RemapPage():
                self._remap_page(event)
            case NodeRangeLine() if event.in_pfn:
                self.starts[event.nid] = min(event.start, self.starts.get(event.nid, event.start))
            case NodeMemMap():
                self._mem_map(event)

    def _predicted(self, world: World, nid: int) -> World:
        """The world in which a node gave up what the rules say."""
        pages, (start, _) = self._pages(world, nid), self.spans[nid]
        free = self._free(world, nid)
        pfn = numa_32.place_downwards(start, self._end(nid), pages, self.large, free)
        return world.with_area(nid, Area(pages, pfn or self._end(nid) - pages))

    def _number(self, text: str) -> int | None:
        """A number that was decimal up to 2.6.26; None if it is garbled."""
        digits = "0123456789abcdef" if self.hexed else "0123456789"
        return int(text, len(digits)) if set(text) <= set(digits) else None

    def _chunk(self, event: MemoryChunk) -> None:
        """The SRAT's chunks decide: a node reaches from its first chunk to its last."""
        if not self.chunked:
            self.chunked = True
            self.spans.clear()
        self._join(event.nid, event.start_pfn, event.end_pfn)

    def _physnode(self, event: PhysnodeMap) -> None:
        """Without a SRAT the node's ranges are printed as they are entered (memory_present())."""
        if event.start_number.isdigit() and event.end_number.isdigit():
            self._join(event.nid, int(event.start_number), int(event.end_number))

    def _join(self, nid: int, start: int, end: int) -> None:
        old = self.spans.get(nid, (start, end))
        self.spans[nid] = (min(start, old[0]), max(end, old[1]))

    def _end(self, nid: int) -> int:
        """The end of a node's RAM."""
        end = self.spans[nid][1]
        limits = [self.setting.max_pfn] if self.setting.max_pfn is not None else []
        limits += [high // numa_32.PAGE_SIZE for _, high in self.setting.ram[-1:]]
        return min([end, *limits])

    # -- sizes and places -------------------------------------------------------------------

    def _reserve(self, event: KvaReserve) -> None:
        nid = event.nid
        self.first_nid = nid if self.first_nid is None else self.first_nid
        self.found_in_ram = event.pfn is not None
        known = nid in self.spans
        self.worlds.check(
            "NR101",
            event,
            f"remap area of node {nid}",
            (event.pages,),
            lambda world: (self._pages(world, nid),) if known else None,
            lambda world, value: self._give_up(world, nid, value),
            "{} pages",
            NO_SPAN,
        )
        if event.pfn is not None:
            self._place(event, event.pfn)

    def _pages(self, world: World, nid: int) -> int:
        """What calculate_numa_remap_pages() works out for a node."""
        start, end = self.spans[nid]
        memmap = numa_32.memmap_bytes(start, end, world.struct_page)
        pages = numa_32.remap_pages(memmap, world.pgdat, self.large)
        if self.found_in_ram or not self.setting.ram:
            return pages
        top = self._end(nid)
        lowest, highest = (top - pages) * numa_32.PAGE_SIZE, top * numa_32.PAGE_SIZE
        inside = any(low <= lowest and highest <= high for low, high in self.setting.ram)
        return pages if inside else 0

    def _give_up(self, world: World, nid: int, value: Value) -> World:
        """The world in which a node gives up so many pages at its end."""
        pages = value[0] if isinstance(value[0], int) else 0
        end = self._end(nid) if nid in self.spans else 0
        # Later a line of its own says that odd pages at the end go too.
        return world.with_area(nid, Area(pages, end - pages))

    def _place(self, event: KvaReserve, logged: int) -> None:
        nid = event.nid

        def adopt(world: World, value: Value) -> World:
            area = world.area(nid)
            if area is None or not isinstance(value[0], int):
                return world
            return world.with_area(nid, Area(area.pages, value[0]))

        def predict(world: World) -> Value | None:
            area = world.area(nid)
            if nid not in self.spans or area is None or not self.setting.ram:
                return None
            start, _ = self.spans[nid]
            pfn = numa_32.place_downwards(
                start, self._end(nid), area.pages, self.large, self._free(world, nid)
            )
            if pfn != logged and not self.setting.reserved_known:
                return None
            return (NOWHERE if pfn is None else pfn,)

        self.worlds.check(
            "NR102",
            event,
            f"remap area of node {nid}",
            (logged,),
            predict,
            adopt,
            "page {}",
            NO_RESERVED,
        )

    def _free(self, world: World, besides: int | None = None) -> numa_32.FreeTest:
        """Which memory is free when the areas that were made before are reserved too."""
        size = numa_32.PAGE_SIZE
        areas = [a for n, a in world.areas if n != besides]
        taken = [(a.pfn * size, (a.pfn + a.pages) * size) for a in areas]

        def is_free(start: int, end: int) -> bool:
            if any(start < high and low < end for low, high in taken):
                return False
            return self.setting.is_free(start, end)

        return is_free

    def _shrink(self, event: KvaShrink) -> None:
        nid = event.nid

        def predict(world: World) -> Value | None:
            area = world.area(nid)
            if area is None or nid not in self.spans:
                return None
            if event.removed:
                return area.pfn, area.pfn + area.pages
            return self._end(nid), self._end(nid) - area.pages

        self.worlds.check(
            "NR103",
            event,
            f"end of node {nid}",
            (event.old_end, event.new_end),
            predict,
            words="pages {} to {}",
        )

    def _further(self, event: KvaShrinkFurther) -> None:
        nid, odd = event.nid, event.pages

        def adopt(world: World, value: Value) -> World:
            area = world.area(nid)
            if area is None or not isinstance(value[0], int):
                return world
            return world.with_area(nid, Area(area.pages, area.pfn - value[0]))

        self.worlds.check(
            "NR103",
            event,
            f"end of node {nid}",
            (odd,),
            lambda _: (self._end(nid) % self.large,) if nid in self.spans else None,
            adopt,
            "{} odd pages",
        )

    def _total(self, event: KvaTotal) -> None:
        self.worlds.check(
            "NR104",
            event,
            "remap areas of all nodes",
            (self._number(event.total_number),),
            lambda world: (world.total,) if world.areas else None,
            words="{} pages",
            unknown=NO_AREAS,
        )

    def _start(self, event: KvaStart) -> None:
        """The first page of lowmem that is mapped over."""
        logged, end = self._number(event.start_number), self._number(event.end_number)
        self.inside_lowmem = True
        if logged is None or end is None:
            self.worlds.ledger.unchecked(KIND, "a number is garbled")
            return
        if event.decimal:
            self._start_below_initrd(event, logged, end)
            return
        low = self.setting.max_low_pfn or end
        self.worlds.check(
            "NR105",
            event,
            "KVA area",
            (logged, end),
            lambda world: self._found(world, low, logged),
            _with_start,
            "from page {}, lowmem ends at {}",
            NO_RESERVED,
        )

    def _lowmem(self, world: World, low: int) -> int | None:
        """Where the areas of all nodes find room in lowmem."""
        if not self.setting.ram:
            return None
        low = min(low, self.setting.ram[-1][1] // numa_32.PAGE_SIZE)
        pages = numa_32.round_up(world.total, self.large)
        return numa_32.place_downwards(0, low, pages, self.large, self._free(world))

    def _found(self, world: World, low: int, logged: int) -> Value | None:
        if not world.areas:
            return None
        pfn = self._lowmem(world, low)
        if pfn != logged and not (self.setting.reserved_known and self.setting.ram):
            return None
        return NOWHERE if pfn is None else pfn, low

    def _start_below_initrd(self, event: KvaStart, logged: int, end: int) -> None:
        """Up to 2.6.26 the area lies below lowmem's end, or below the initrd if there is one."""
        total = self.worlds.possible[0].total
        plain = numa_32.kva_start(end, total, self.large)
        if logged < plain and logged % self.large == 0:
            first = logged + total
            self.worlds.ledger.infer(
                "initrd",
                f"an initrd begins in pages [{first:#x}-{first + self.large:#x})",
                "the KVA area lies below lowmem's end by more than its size",
                event.source,
            )
            self.worlds.ledger.inferred(KIND)
            self.worlds.possible = [_with_start(w, (logged,)) for w in self.worlds.possible]
            return
        self.worlds.check(
            "NR105",
            event,
            "KVA area",
            (logged, end),
            lambda world: (numa_32.kva_start(end, world.total, self.large), end),
            _with_start,
            "from page {}, lowmem ends at {}",
        )

    def _reserve_pages(self, event: KvaReservePages) -> None:
        """Up to 2.6.19: the total again, and where lowmem ended before it was cut."""
        self.worlds.check(
            "NR104",
            event,
            "remap areas of all nodes",
            (event.pages,),
            lambda world: (world.total,) if world.areas else None,
            words="{} pages",
            unknown=NO_AREAS,
        )

    # -- addresses --------------------------------------------------------------------------

    def _vaddr(self, world: World, nid: int) -> tuple[int, int] | None:
        """Where a node's area is mapped, and the end that the kernel prints."""
        area = world.area(nid)
        if area is None:
            return None
        if self.found_in_ram:
            return place_from_start(world, nid, area.pages)
        if self.highstart is None:
            return None
        if self.inside_lowmem:
            return place_inside_lowmem(world, nid, area.pages, self.highstart)
        whole = self.first_nid == 0
        return place_above_lowmem(world, nid, area.pages, self.highstart, whole=whole)

    def _will_remap(self, event: WillRemap) -> None:
        if not any(world.area(event.nid) for world in self.worlds.possible):
            return
        self.worlds.check(
            "NR106",
            event,
            f"addresses of node {event.nid}",
            (event.start, event.end),
            lambda world: self._vaddr(world, event.nid),
            words="{} to {}",
        )

    def _pgdat(self, event: AllocatePgdat) -> None:
        def predict(world: World) -> Value | None:
            place = self._vaddr(world, event.nid)
            return None if place is None else (place[0],)

        self.worlds.check("NR107", event, f"pg_data_t of node {event.nid}", (event.start,), predict)

    def _remap_page(self, event: RemapPage) -> None:
        """The large pages are mapped in order; after a lost line the next one is looked for."""
        if self.mapping is None:
            self.worlds.ledger.unchecked(KIND, "the line that names the node is missing")
            return
        nid, index = self.mapping.nid, self.page
        logged: Value = (event.start, event.pfn)
        self.worlds.check(
            "NR108",
            event,
            f"large page {index} of node {nid}",
            logged,
            lambda world: self._mapped(world, nid, index),
            words="{} -> page {}",
        )
        later = range(index, index + MOST_LARGE_PAGES)
        world = self.worlds.possible[0]
        found = [i for i in later if self._mapped(world, nid, i) == logged]
        self.page = (found[0] if found else index) + 1

    def _mapped(self, world: World, nid: int, index: int) -> Value | None:
        """Address and first pfn of a node's large page."""
        area, place = world.area(nid), self._vaddr(world, nid)
        if area is None or place is None:
            return None
        step = index * self.large
        if step >= area.pages:
            return "no address", "none"
        return place[0] + step * numa_32.PAGE_SIZE, area.pfn + step

    def _mem_map(self, event: NodeMemMap) -> None:
        nid = event.nid
        known = nid in self.spans and nid in self.starts
        pages = (self.starts[nid], self._end(nid)) if known else None
        check_structures(self.worlds, event, self._area_addresses, pages, may_fill=False)

    def _area_addresses(self, world: World, nid: int) -> tuple[int, int] | None:
        """The first address of a node's area, and the one behind it."""
        place, area = self._vaddr(world, nid), world.area(nid)
        if place is None or area is None:
            return None
        return place[0], place[0] + area.pages * numa_32.PAGE_SIZE


def _with_start(world: World, value: Value) -> World:
    """The world in which the KVA area starts at a page."""
    start = value[0]
    return replace(world, kva_start=start if isinstance(start, int) else None)
