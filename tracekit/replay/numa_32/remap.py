"""Predicts the remap_alloc lines of 3.0 to 3.8, where memblock finds both halves of an area."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.events.base import Event
from tracekit.events.memblock import MemblockCall
from tracekit.events.mm_init import NodeMemMap, NodeRangeLine
from tracekit.events.numa_32 import NodePfn, RemapAlloc, RemapFailed, RemappedNodeData
from tracekit.mm import numa_32
from tracekit.mm.memblock import Memblock
from tracekit.replay.numa_32.kva import NO_RESERVED, NO_SPAN
from tracekit.replay.numa_32.setting import Setting
from tracekit.replay.numa_32.structures import check_structures
from tracekit.replay.numa_32.worlds import KIND, Area, Value, World, Worlds

PAGE = numa_32.PAGE_SIZE


@dataclass(slots=True)
class RemapLines:
    """Reads the lines in order. `node` is the node whose area was made last."""

    worlds: Worlds
    setting: Setting
    large: int
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    starts: dict[int, int] = field(default_factory=dict)
    late: list[MemblockCall] = field(default_factory=list)
    node: int | None = None
    promised: NodePfn | None = None

    def read(self, event: Event) -> None:
        """Check one line, or learn from it."""
        if isinstance(event, (NodePfn, RemappedNodeData, NodeRangeLine)):
            self._missing()
        match event:
            case NodePfn():
                self.promised = event
                self.spans[event.nid] = (event.start_pfn, event.end_pfn)
            case MemblockCall() if self.spans and event.by != "init_alloc_remap":
                self.late.append(event)
            case RemapAlloc():
                self._alloc(event)
            case RemapFailed():
                self._failed(event)
            case RemappedNodeData():
                self._node_data(event)
            case NodeRangeLine():
                pfn = event.start if event.in_pfn else event.start // PAGE
                self.starts[event.nid] = min(pfn, self.starts.get(event.nid, pfn))
            case NodeMemMap():
                self._mem_map(event)

    def _missing(self) -> None:
        """A node's own line announces an area, or a failure, on a line after it."""
        promised, self.promised = self.promised, None
        if promised is None:
            return
        nid = self.node = promised.nid
        self.worlds.ledger.diverged(
            KIND,
            "NR109",
            promised.source,
            f"remap area of node {nid}",
            logged="no such line",
            simulated="a line that begins with remap_alloc:",
        )
        self.worlds.possible = [self._predicted(world, nid) for world in self.worlds.possible]

    def _predicted(self, world: World, nid: int) -> World:
        """The world in which a node got what the rules say."""
        found = self._outcome(world, nid)
        if not isinstance(found, numa_32.RemapArea):
            return world
        mapped = found.remap_pa + numa_32.PAGE_OFFSET
        end = found.node_pa + found.size
        return self._adopt(world, nid, (found.node_pa, end, mapped, mapped + found.size))

    def _size(self, world: World, nid: int) -> int:
        start, end = self.spans[nid]
        memmap = numa_32.memmap_bytes(start, end, world.struct_page)
        return numa_32.remap_bytes(memmap, world.pgdat, self.large)

    def _outcome(self, world: World, nid: int) -> numa_32.RemapArea | str | None:
        """What init_alloc_remap() does for a node; None where the log does not say enough."""
        if nid not in self.spans or not self.setting.ram or self.setting.max_low_pfn is None:
            return None
        start, end = self.spans[nid]
        lowmem = (0, self.setting.max_low_pfn * PAGE)
        size = self._size(world, nid)
        node = (start * PAGE, end * PAGE)
        memblock = self._memblock(world)
        return numa_32.init_alloc_remap(memblock, nid, node, lowmem, size, self.large)

    def _memblock(self, world: World) -> Memblock:
        """memblock as it is when the next area is made."""
        memblock = Memblock()
        for low, high in self.setting.ram:
            memblock.add(low, high - low)
        for low, high in self.setting.reserved:
            memblock.reserve(low, high - low)
        for call in self.late:
            end = call.bound if self.setting.end_exclusive else call.bound + 1
            change = memblock.reserve if call.is_reserve else memblock.free
            change(call.base, end - call.base)
        mapped = dict(world.mapped)
        for nid, area in world.areas:
            memblock.reserve(area.pfn * PAGE, area.pages * PAGE)
            memblock.reserve(mapped[nid] - numa_32.PAGE_OFFSET, area.pages * PAGE)
        return memblock

    def _alloc(self, event: RemapAlloc) -> None:
        nid = self.node = event.nid
        self.promised = None
        logged: Value = (event.start, event.end, event.remap_start, event.remap_end)

        def predict(world: World) -> Value | None:
            outcome = self._outcome(world, nid)
            if isinstance(outcome, numa_32.RemapArea):
                mapped = outcome.remap_pa + numa_32.PAGE_OFFSET
                found = (outcome.node_pa, outcome.node_pa + outcome.size)
                value: Value = (*found, mapped, mapped + outcome.size)
            elif outcome is None:
                return None
            else:
                value = (f"no room in {outcome}", "", "", "")
            return value if value == logged or self.setting.reserved_known else None

        self.worlds.check(
            "NR111",
            event,
            f"remap area of node {nid}",
            logged,
            predict,
            lambda world, value: self._adopt(world, nid, value),
            "[{}-{}) -> [{}-{})",
            NO_RESERVED if nid in self.spans else NO_SPAN,
        )

    @staticmethod
    def _adopt(world: World, nid: int, value: Value) -> World:
        start, end, mapped, _ = value
        if not (isinstance(start, int) and isinstance(end, int) and isinstance(mapped, int)):
            return world
        area = Area((end - start) // PAGE, start // PAGE)
        return world.with_area(nid, area).with_mapping(nid, mapped)

    def _failed(self, event: RemapFailed) -> None:
        nid, self.promised = event.nid, None
        where = "lowmem" if event.area else "node"

        def predict(world: World) -> Value | None:
            outcome = self._outcome(world, nid)
            if outcome is None:
                return None
            found = outcome if isinstance(outcome, str) else "neither"
            value: Value = (self._size(world, nid), found)
            return value if value[1] == where or self.setting.reserved_known else None

        self.worlds.check(
            "NR112",
            event,
            f"remap area of node {nid}",
            (event.size, where),
            predict,
            words="{} bytes, no room in {}",
            unknown=NO_RESERVED,
        )

    def _node_data(self, event: RemappedNodeData) -> None:
        nid = self.node

        def predict(world: World) -> Value | None:
            mapped = dict(world.mapped).get(nid) if nid is not None else None
            if mapped is None:
                return None
            start = mapped - numa_32.PAGE_OFFSET
            return start, start + numa_32.round_up(world.pgdat, PAGE) - 1

        self.worlds.check(
            "NR107",
            event,
            f"pg_data_t of node {nid}",
            (event.first, event.last),
            predict,
            words="[{}-{}]",
        )

    def _mem_map(self, event: NodeMemMap) -> None:
        nid = event.nid
        known = nid in self.spans and nid in self.starts
        pages = (self.starts[nid], self.spans[nid][1]) if known else None
        check_structures(self.worlds, event, _area_addresses, pages, may_fill=True)


def _area_addresses(world: World, nid: int) -> tuple[int, int] | None:
    """The first address of a node's area, and the one behind it."""
    mapped, area = dict(world.mapped).get(nid), world.area(nid)
    return None if mapped is None or area is None else (mapped, mapped + area.pages * PAGE)
