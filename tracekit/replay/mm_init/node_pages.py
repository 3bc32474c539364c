"""Checks of nodes, present pages, holes, and what the memory map costs.

All of it follows from RAM's ranges and the zone limits, by the rules in mm/mm_init.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tracekit.boot import Boot
from tracekit.events.base import Event
from tracekit.events.memblock import MemblockRequest
from tracekit.events.mm_init import (
    InitmemSetup,
    MemmapUsed,
    NodeRangeLine,
    NodeTotalPages,
    UnavailablePages,
    Zonelists,
    ZonePages,
    ZoneRangesHeader,
    ZoneReserved,
)
from tracekit.mm.mm_init import (
    HIGHMEM,
    Node,
    PfnRange,
    Zone,
    ZoneRange,
    dma_reserve_pages,
    free_area_init,
    free_kernel_pages,
    zone_batchsize,
)
from tracekit.replay.ledger import Ledger
from tracekit.replay.mm_init.memmap_model import MemmapModel, zone_lines
from tracekit.replay.mm_init.setting import (
    ADDED,
    NO_RAM,
    Setting,
    is_memmap_request,
    memmap_request_sizes,
    span,
)

FROM_LOG = "RAM is known from these very lines"
BY_FIRMWARE = "this wording shows the node as firmware describes it, holes included"
NO_RESERVED = "what is reserved when zones are set up is not in the log"
NO_VERSION = "kernels count it in two ways, and the log does not tell the version"
NO_SIZE = "the size of a struct page is not known"
MIB = 1 << 20


@dataclass(slots=True)
class Pages:
    """The nodes and zones as simulated, and the page counts that hash tables go by.

    ``kernel_pages`` and ``all_pages`` are nr_kernel_pages and nr_all_pages as (least, most),
    None where RAM is not known.
    """

    nodes: list[Node] = field(default_factory=list)
    kernel_pages: tuple[int, int] | None = None
    all_pages: tuple[int, int] | None = None

    @property
    def present(self) -> int:
        """Pages of RAM on all nodes."""
        return sum(node.present for node in self.nodes)


class NodeChecks:
    """Checks the lines of free_area_init() that come after the zone ranges."""

    def __init__(
        self,
        setting: Setting,
        limits: dict[str, ZoneRange],
        movable: dict[int, int],
        ledger: Ledger,
    ) -> None:
        self.setting = setting
        self.limits = limits
        self.ledger = ledger
        self.ranges: Sequence[PfnRange] = setting.memory.ranges or []
        self.pages = Pages()
        if self.ranges and limits:
            self.pages.nodes = free_area_init(
                self.ranges,
                limits,
                movable,
                mirrored=setting.memory.mirrored if setting.mirrors_kernelcore else None,
            )
        self.model = MemmapModel(setting, self.pages.nodes)

    def run(self, boot: Boot) -> Pages:
        """Check every line; return the simulated zones."""
        self._node_ranges(boot.of(NodeRangeLine))
        self._initmem(boot)
        reserve = self._dma_reserve()
        self.model.settle(boot, self._least_reserve() if reserve is None else reserve, self.ledger)
        self._count_pages(reserve)
        for total in boot.of(NodeTotalPages):
            self._node_total(total)
        for zone, used in zone_lines(boot, MemmapUsed, self.pages.nodes):
            self._memmap_line(zone, used)
        charged = next((e.pages for e in boot.of(ZoneReserved)), 0)
        for zone, sized in zone_lines(boot, ZonePages, self.pages.nodes):
            self._zone_pages(zone, sized, charged)
        for line in boot.of(ZoneReserved):
            self._zone_reserved(line, reserve)
        self._unavailable(boot.of(UnavailablePages))
        for lists in boot.of(Zonelists):
            self._zonelists(lists)
        self._memmap_requests(boot.of(MemblockRequest))
        return self.pages

    def _pages(
        self, kind: str, code: str, event: Event, what: str, logged: int, wanted: int
    ) -> None:
        if logged != wanted:
            self.ledger.diverged(
                kind,
                code,
                event.source,
                what,
                logged=f"{logged} pages",
                simulated=f"{wanted} pages",
            )
        elif self.model.inferred and code in ("MI106", "MI109", "MI110"):
            # The first line that shows the layout is its evidence; the others bear it out.
            self.model.inferred = False
            self.ledger.inferred(kind)
        else:
            self.ledger.matched(kind)

    # -- where the nodes lie --------------------------------------------------------------

    def _node_ranges(self, lines: Sequence[NodeRangeLine]) -> None:
        page = self.setting.page_size
        for index, line in enumerate(lines):
            unit = 1 if line.in_pfn else page
            logged = PfnRange(line.start // unit, line.end // unit, line.nid)
            wanted = self.ranges[index] if index < len(self.ranges) else None
            if not self.ranges or self.setting.memory.from_log:
                self.ledger.unchecked("zone", FROM_LOG if self.ranges else NO_RAM)
            else:
                self._range("MI103", line, logged, wanted)

    def _initmem(self, boot: Boot) -> None:
        page = self.setting.page_size
        nodes = {node.nid: node for node in self.pages.nodes}
        header = next((e.source.line for e in boot.of(ZoneRangesHeader)), 0)
        for line in boot.of(InitmemSetup):
            node = nodes.get(line.nid)
            if not nodes or line.source.line < header:
                self.ledger.unchecked("zone", BY_FIRMWARE if nodes else NO_RAM)
                continue
            wanted = PfnRange(node.start_pfn, node.end_pfn, node.nid) if node else None
            logged = PfnRange(line.start // page, line.end // page, line.nid)
            self._range("MI104", line, logged, wanted)

    def _range(self, code: str, line: Event, logged: PfnRange, wanted: PfnRange | None) -> None:
        if logged == wanted:
            by_lines = self.setting.memory.nodes_from_log and code == "MI103"
            self.ledger.inferred("zone") if by_lines else self.ledger.matched("zone")
            return
        page = self.setting.page_size
        shown = [
            f"node {r.nid}: {span(r.start_pfn * page, r.end_pfn * page)}" if r else "no RAM"
            for r in (logged, wanted)
        ]
        what = f"node {logged.nid}"
        self.ledger.diverged("zone", code, line.source, what, logged=shown[0], simulated=shown[1])

    # -- page counts ----------------------------------------------------------------------

    def _dma_reserve(self) -> int | None:
        """Return what x86_64 charges to its DMA zone, 0 elsewhere, None where not known."""
        if self.setting.kernel.arch != "x86_64":
            return 0
        free = self.setting.memory.free_at_zones
        if free is None:
            return None
        return dma_reserve_pages(self.ranges, free, 16 * MIB // self.setting.page_size)

    def _least_reserve(self) -> int:
        """Return what is surely reserved below 16 MiB where memblock's lists are not known."""
        if self.setting.kernel.arch != "x86_64" or not self.setting.has("x86_reserves_low_1m"):
            return 0
        border = MIB // self.setting.page_size
        return sum(max(min(r.end_pfn, border) - r.start_pfn, 0) for r in self.ranges)

    def _count_pages(self, reserve: int | None) -> None:
        """Find nr_kernel_pages and nr_all_pages, which hash tables are sized by."""
        if not self.pages.nodes:
            return
        if self.setting.has("kernel_pages_from_memblock"):
            low, high = self._count_free()
        else:
            first = self.pages.nodes[0].zones[0]
            most = first.present - self.model.memmap(first) - 1
            low = self.model.charge(most if reserve is None else reserve)
            high = self.model.charge(self._least_reserve() if reserve is None else reserve)
        self.pages.kernel_pages, self.pages.all_pages = (low[0], high[0]), (low[1], high[1])

    def _count_free(self) -> tuple[tuple[int, int], tuple[int, int]]:
        highmem = self.limits[HIGHMEM].start_pfn if HIGHMEM in self.limits else None
        free = self.setting.memory.free_at_zones
        if free is None:
            return (0, 0), free_kernel_pages(self.ranges, highmem)
        found = free_kernel_pages(free, highmem)
        return found, found

    def _node_total(self, event: NodeTotalPages) -> None:
        present = {node.nid: node.present for node in self.pages.nodes}
        if not present:
            self.ledger.unchecked("present_pages", NO_RAM)
            return
        wanted = present.get(event.nid, 0)
        self._pages("present_pages", "MI105", event, f"node {event.nid}", event.pages, wanted)

    def _memmap_line(self, zone: Zone | None, event: MemmapUsed) -> None:
        if zone is None:
            self.ledger.unchecked("memmap", NO_RAM)
            return
        what = f"memory map of node {zone.nid}, zone {zone.name}"
        self._pages("memmap", "MI106", event, what, event.pages, self.model.memmap(zone))

    def _zone_pages(self, zone: Zone | None, event: ZonePages, reserve: int) -> None:
        if zone is None:
            self.ledger.unchecked("present_pages", NO_RAM)
            return
        whole = self.setting.has("present_pages_whole")
        present = zone.present
        if not whole:
            present -= self.model.memmap(zone)
            present -= reserve if zone is self.pages.nodes[0].zones[0] else 0
        what = f"node {zone.nid}, zone {zone.name}"
        if event.pages != present:
            self._pages("present_pages", "MI105", event, what, event.pages, present)
            return
        limit = MIB if self.setting.has("zone_batch_1m") else MIB // 2
        batch = zone_batchsize(zone.managed if whole else present, self.setting.page_size, limit)
        what = f"per-cpu batch of {what}"
        self._pages("present_pages", "MI107", event, what, event.batch, batch)

    def _zone_reserved(self, event: ZoneReserved, reserve: int | None) -> None:
        if reserve is None or not self.pages.nodes:
            self.ledger.unchecked("present_pages", NO_RESERVED)
            return
        what = f"reserved pages of zone {event.zone}"
        self._pages("present_pages", "MI108", event, what, event.pages, reserve)

    # -- holes, zonelists, requests -------------------------------------------------------

    def _unavailable(self, lines: Sequence[UnavailablePages]) -> None:
        predicted = self.model.holes() if lines and self.pages.nodes else []
        for index, line in enumerate(lines):
            if not self.pages.nodes:
                self.ledger.unchecked("present_pages", NO_RAM)
                continue
            hole = predicted[index] if index < len(predicted) else None
            same = hole is not None and (line.nid, line.zone) == (hole.nid, hole.zone)
            wanted = hole.pages if hole is not None and same else 0
            what = f"holes of node {line.nid}, zone {line.zone}"
            self._pages("present_pages", "MI109", line, what, line.pages, wanted)

    def _zonelists(self, line: Zonelists) -> None:
        if line.pages is None:
            return
        if self.setting.is_hotplug(line):
            self.ledger.unchecked("present_pages", ADDED)
            return
        if not self.pages.nodes or self.pages.all_pages is None:
            self.ledger.unchecked("present_pages", NO_RAM)
            return
        low, high = self.pages.all_pages
        if self.setting.has("kernel_pages_from_memblock"):
            low = high = self.pages.present
        if low <= line.pages < high:
            self.ledger.unchecked("present_pages", NO_RESERVED)
            return
        if line.pages != high and line.pages == self.pages.present:
            self._infer_present(line)
            return
        if line.pages != high and self.setting.kernel.version is None:
            self.ledger.unchecked("present_pages", NO_VERSION)
            return
        what = "pages of all zonelists"
        self._pages("present_pages", "MI110", line, what, line.pages, high)

    def _infer_present(self, line: Zonelists) -> None:
        """Take it that a kernel between two releases counts as the later one does."""
        self.ledger.infer(
            "zonelist_pages",
            "zonelists count present pages, as since v6.10",
            "the number is that of all present pages, memory map included",
            line.source,
        )
        self.ledger.inferred("present_pages")

    def _memmap_requests(self, requests: Sequence[MemblockRequest]) -> None:
        asked = [e for e in requests if is_memmap_request(e, self.setting)]
        sizes = memmap_request_sizes(self.setting, self.setting.struct_page)
        for index, event in enumerate(asked):
            wanted = sizes[index] if index < len(sizes) else 0
            if self.setting.guessed or not self.ranges:
                self.ledger.unchecked("memmap", NO_SIZE)
            elif event.size == wanted:
                self.ledger.matched("memmap")
            else:
                self.ledger.diverged(
                    "memmap",
                    "MI111",
                    event.source,
                    f"memory map asked for by {event.by}",
                    logged=f"{event.size} bytes",
                    simulated=f"{wanted} bytes",
                )
