"""What is known of RAM while zones are set up and at the hand-off: ranges, free areas.

The best source is memblock's replay. Where the log has no memblock lines, the node ranges
that the kernel printed say what is RAM, and nothing says what is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tracekit.boot import Boot
from tracekit.events.base import Event
from tracekit.events.mm_init import (
    InitmemSetup,
    MemoryLine,
    NodeRangeLine,
    SlubBanner,
    ZoneRangesHeader,
)
from tracekit.mm.handoff import free_pfn_ranges, free_ranges
from tracekit.mm.memblock import Memblock
from tracekit.mm.memblock_type import MEMBLOCK_DRIVER_MANAGED, MEMBLOCK_HOTPLUG, MEMBLOCK_NOMAP
from tracekit.mm.mm_init import PfnRange, mem_pfn_ranges

SKIPPED = MEMBLOCK_NOMAP | MEMBLOCK_DRIVER_MANAGED


@dataclass(slots=True)
class EarlyMemory:
    """RAM by page, and memblock's free areas when zones are set up and at the hand-off.

    ``ranges`` are None where the log says nothing of RAM, the free areas where memblock's
    reserved list is not known. ``from_log`` is true where the printed node ranges had to do.
    ``hotpluggable`` are the ranges that movable_node gives to Movable.
    """

    ranges: list[PfnRange] | None = None
    free_at_zones: list[PfnRange] | None = None
    free_at_handoff: list[PfnRange] | None = None
    from_log: bool = False
    hotpluggable: list[PfnRange] = field(default_factory=list)

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


def handoff_line(boot: Boot) -> Event | None:
    """Return the first event that the kernel prints after memblock_free_all(), or None.

    Until v6.11 mem_init() ends with the Memory: line, later kmem_cache_init() follows.
    """
    return next((e for e in boot.events if isinstance(e, MemoryLine | SlubBanner)), None)


def zones_line(boot: Boot) -> Event | None:
    """Return the event that opens the zone ranges, or None."""
    wanted = ZoneRangesHeader | InitmemSetup
    return next((e for e in boot.events if isinstance(e, wanted)), None)


def from_node_ranges(boot: Boot, page_size: int) -> EarlyMemory:
    """Return what the printed node ranges say, or the node spans where they are missing."""
    lines: Sequence[NodeRangeLine] = boot.of(NodeRangeLine)
    rows = [
        (e.start * page_size, (e.end - e.start) * page_size, e.nid)
        if e.in_pfn
        else (e.start, e.end - e.start, e.nid)
        for e in lines
    ]
    return EarlyMemory(mem_pfn_ranges(rows, page_size) or None, from_log=True)


def from_memblock(
    at_zones: Memblock, at_handoff: Memblock, page_size: int, nodes: dict[int, int] | None = None
) -> EarlyMemory:
    """Return what memblock's states at the two moments say.

    ``nodes`` maps the base of a memory region to its node where memblock's own list lacks it.
    """
    return EarlyMemory(
        ranges=_ranges(at_zones, page_size, nodes or {}, 0),
        free_at_zones=_free(at_zones, page_size),
        free_at_handoff=_free(at_handoff, page_size),
        hotpluggable=_ranges(at_zones, page_size, nodes or {}, MEMBLOCK_HOTPLUG),
    )


def _ranges(memblock: Memblock, page_size: int, nodes: dict[int, int], flag: int) -> list[PfnRange]:
    rows = [
        (r.base, r.size, nodes.get(r.base, r.nid))
        for r in memblock.memory
        if not flag or r.flags & flag
    ]
    return mem_pfn_ranges(rows, page_size)


def _free(memblock: Memblock, page_size: int) -> list[PfnRange]:
    memory = [(r.base, r.size, r.nid) for r in memblock.memory if not r.flags & SKIPPED]
    reserved = [(r.base, r.size) for r in memblock.reserved]
    return free_pfn_ranges(free_ranges(memory, reserved), page_size)
