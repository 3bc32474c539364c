"""What is known of RAM while zones are set up and at the hand-off: ranges, free areas.

The best source is memblock's replay. Where the log has no memblock lines, the node ranges
that the kernel printed say what is RAM, and nothing says what is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tracekit.boot import Boot
from tracekit.events.bootmem import BootmemInit, BootmemReleased
from tracekit.events.mm_init import NodeRangeLine, whole_node_ranges
from tracekit.events.numa import EmulatedNode, SratMemory
from tracekit.mm.bootmem_handoff import Releases
from tracekit.mm.handoff import free_pfn_ranges, free_ranges
from tracekit.mm.memblock import Memblock
from tracekit.mm.memblock_type import (
    MEMBLOCK_DRIVER_MANAGED,
    MEMBLOCK_HOTPLUG,
    MEMBLOCK_MIRROR,
    MEMBLOCK_NOMAP,
)
from tracekit.mm.mm_init import PfnRange, mem_pfn_ranges
from tracekit.replay.context import Context
from tracekit.replay.memblock.moments import Moments

SKIPPED = MEMBLOCK_NOMAP | MEMBLOCK_DRIVER_MANAGED


@dataclass(slots=True)
class EarlyMemory:
    """RAM by page, and memblock's free areas when zones are set up and at the hand-off.

    ``ranges`` are None where the log says nothing of RAM, the free areas where memblock's
    reserved list is not known. ``from_log`` is true where the printed node ranges had to do,
    ``nodes_from_log`` where they said which node a range belongs to.
    ``hotpluggable`` are the ranges that movable_node gives to Movable, ``mirrored`` those that
    kernelcore=mirror keeps from it, ``orders`` the number of orders where an early allocation
    shows it, ``released`` what bootmem handed over.
    """

    ranges: list[PfnRange] | None = None
    free_at_zones: list[PfnRange] | None = None
    free_at_handoff: list[PfnRange] | None = None
    from_log: bool = False
    nodes_from_log: bool = False
    hotpluggable: list[PfnRange] = field(default_factory=list)
    mirrored: list[PfnRange] = field(default_factory=list)
    orders: int | None = None
    released: Releases | None = None

    @property
    def start_pfn(self) -> int:
        """Lowest pfn of RAM."""
        assert self.ranges
        return self.ranges[0].start_pfn

    @property
    def end_pfn(self) -> int:
        """First pfn above RAM."""
        assert self.ranges
        return self.ranges[-1].end_pfn


def from_node_ranges(boot: Boot, page_size: int) -> EarlyMemory:
    """Return what the printed node ranges say; nothing where one may be lost."""
    lines = whole_node_ranges(boot.events)
    read = {event.source.line for event in boot.events}
    numbers = [line.source.line for line in lines]
    if numbers and not set(range(numbers[0], numbers[-1])) <= read:
        return EarlyMemory()
    return EarlyMemory(node_ranges(lines, page_size) or None, from_log=True)


def node_ranges(lines: Sequence[NodeRangeLine], page_size: int) -> list[PfnRange]:
    """Return the ranges that the node range lines show."""
    units = [(1 if line.in_pfn else page_size, line) for line in lines]
    return [PfnRange(e.start // unit, e.end // unit, e.nid) for unit, e in units]


def with_nodes(memory: EarlyMemory, shown: Sequence[PfnRange]) -> EarlyMemory:
    """Give ranges whose node memblock does not know to the nodes of ``shown``.

    Memblock records nodes since v3.3 only, and never without a NUMA configuration.
    """
    if len({r.nid for r in shown}) < 2 or len({r.nid for r in memory.ranges or []}) > 1:
        return memory
    memory.ranges = _split(memory.ranges or [], shown)
    memory.free_at_zones = _split(memory.free_at_zones, shown)
    memory.free_at_handoff = _split(memory.free_at_handoff, shown)
    return memory


def _split(areas: list[PfnRange] | None, nodes: Sequence[PfnRange]) -> list[PfnRange] | None:
    """Cut areas where the node changes; what no node's range covers keeps node 0."""
    if areas is None:
        return None
    found = []
    for area in areas:
        position = area.start_pfn
        for node in sorted(nodes):
            start, end = max(position, node.start_pfn), min(area.end_pfn, node.end_pfn)
            if start >= end:
                continue
            if position < start:
                found.append(PfnRange(position, start, 0))
            found.append(PfnRange(start, end, node.nid))
            position = end
        if position < area.end_pfn:
            found.append(PfnRange(position, area.end_pfn, 0))
    return found


def from_memblock(at_zones: Memblock, at_handoff: Memblock | None, page_size: int) -> EarlyMemory:
    """Return what memblock's states at the two moments say."""
    return EarlyMemory(
        ranges=_ranges(at_zones, page_size, 0),
        free_at_zones=_free(at_zones, page_size),
        free_at_handoff=_free(at_handoff, page_size) if at_handoff else None,
        hotpluggable=_ranges(at_zones, page_size, MEMBLOCK_HOTPLUG),
        mirrored=_ranges(at_zones, page_size, MEMBLOCK_MIRROR),
    )


def _ranges(memblock: Memblock, page_size: int, flag: int) -> list[PfnRange]:
    rows = [(r.base, r.size, r.nid) for r in memblock.memory if not flag or r.flags & flag]
    return mem_pfn_ranges(rows, page_size)


def _free(memblock: Memblock, page_size: int) -> list[PfnRange]:
    memory = [(r.base, r.size, r.nid) for r in memblock.memory if not r.flags & SKIPPED]
    reserved = [(r.base, r.size) for r in memblock.reserved]
    return free_pfn_ranges(free_ranges(memory, reserved), page_size)


def find_memory(context: Context) -> EarlyMemory:
    """Return what is known of RAM: memblock's replay where there is one, else the log's lines."""
    boot = context.boot
    page_size = boot.kernel.page_size or 4096
    moments = context.take(Moments)
    if moments is None or not (moments.zones or moments.handoff):
        return from_node_ranges(boot, page_size)
    zones = moments.zones or moments.handoff
    assert zones is not None
    if not zones.memory:
        return from_node_ranges(boot, page_size)
    # With bootmem between the two, memblock's lists are not what the page allocator gets.
    last = None if _has_bootmem(boot) else moments.handoff
    memory = from_memblock(zones, last, page_size)
    firmware = firmware_nodes(boot, page_size)
    if firmware:
        return with_nodes(memory, firmware)
    memory = with_nodes(memory, node_ranges(boot.of(NodeRangeLine), page_size))
    memory.nodes_from_log = len({r.nid for r in memory.ranges or []}) > 1 and not any(
        region.nid > 0 for region in zones.memory
    )
    return memory


def _has_bootmem(boot: Boot) -> bool:
    return any(isinstance(event, BootmemInit | BootmemReleased) for event in boot.events)


def firmware_nodes(boot: Boot, page_size: int, *, faked: bool = True) -> list[PfnRange]:
    """Return the nodes that the command line faked or that firmware described, by page.

    Those of firmware alone without ``faked``.
    """
    fakes = [
        PfnRange(e.start // page_size, e.end // page_size, e.nid)
        for e in boot.of(EmulatedNode)
        if faked
    ]
    return fakes or [
        PfnRange(e.start // page_size, e.end // page_size, e.pxm if e.nid is None else e.nid)
        for e in boot.of(SratMemory)
        if e.enabled
    ]
