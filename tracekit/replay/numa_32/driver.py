"""Replays the remap allocator of 32-bit x86 NUMA kernels, line by line."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.boot import Boot
from tracekit.events.base import Event
from tracekit.events.numa_32 import (
    AllocatePgdat,
    KvaReserve,
    KvaReservePages,
    KvaShrink,
    KvaShrinkFurther,
    KvaStart,
    KvaTotal,
    MaxLowPfn,
    NodePfn,
    RemapAlloc,
    RemapFailed,
    RemapNode,
    RemapPage,
    RemappedNodeData,
    WillRemap,
)
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger
from tracekit.replay.numa_32.kva import KvaLines
from tracekit.replay.numa_32.remap import RemapLines
from tracekit.replay.numa_32.setting import PGDAT_SIZES, read_setting
from tracekit.replay.numa_32.worlds import Worlds, first_worlds

KVA_EVENTS = (
    AllocatePgdat,
    KvaReserve,
    KvaReservePages,
    KvaShrink,
    KvaShrinkFurther,
    KvaStart,
    KvaTotal,
    RemapNode,
    RemapPage,
    WillRemap,
)
NO_LARGE_PAGE = "the log does not tell whether large pages are 2 or 4 MiB"
REMAP_EVENTS = (RemapAlloc, RemapFailed, RemappedNodeData)


def run(context: Context) -> None:
    """Replay the remap allocator's lines; without one there is nothing to do."""
    boot = context.boot
    own = [event for event in boot.events if isinstance(event, KVA_EVENTS + REMAP_EVENTS)]
    if not own:
        return
    ledger = context.ledger("numa_32")
    ledger.events = len(own)
    first = next(event for event in boot.events if isinstance(event, (NodePfn, type(own[0]))))
    setting = read_setting(boot, first)
    if setting.large is None:
        ledger.unchecked("remap", NO_LARGE_PAGE, len(own))
        return
    worlds = Worlds(ledger, first_worlds(setting.struct_pages, PGDAT_SIZES))
    reader: KvaLines | RemapLines
    if any(isinstance(event, REMAP_EVENTS) for event in own):
        reader = RemapLines(worlds, setting, setting.large)
    else:
        reader = KvaLines(worlds, setting, setting.large, prints_hex(own))
    for event in boot.events:
        if event.source.file == own[0].source.file:
            reader.read(event)
    cut = isinstance(reader, KvaLines) and not reader.found_in_ram
    spans = _shrunk(reader.spans, worlds) if cut else reader.spans
    _note_nodes_without_lowmem(boot, ledger, own, spans)
    ledger.state = state(worlds)


def prints_hex(own: Sequence[Event]) -> bool:
    """Whether pfns are hex without 0x, as they are since 2.6.27, by the words around them."""
    for event in own:
        if isinstance(event, KvaStart):
            return event.decimal is None
        if isinstance(event, (KvaReservePages, KvaShrinkFurther)):
            return False
        if isinstance(event, KvaReserve):
            return event.pfn is not None
    return True


def state(worlds: Worlds) -> dict[str, object]:
    """What the report shows: each node's area, in pages, and where it is mapped."""
    if not worlds.possible:
        return {}
    world = worlds.possible[0]
    mapped = dict(world.mapped)
    return {
        "nodes": [
            {
                "nid": nid,
                "start_pfn": area.pfn,
                "pages": area.pages,
                "address": mapped.get(nid),
            }
            for nid, area in world.areas
        ],
        "kva_start_pfn": world.kva_start,
    }


def _shrunk(spans: dict[int, tuple[int, int]], worlds: Worlds) -> dict[int, tuple[int, int]]:
    """The nodes' pages without what they gave up at their ends."""
    areas = dict(worlds.possible[0].areas) if worlds.possible else {}
    return {
        nid: (start, min(end, areas[nid].pfn) if nid in areas else end)
        for nid, (start, end) in spans.items()
    }


def _note_nodes_without_lowmem(
    boot: Boot, ledger: Ledger, own: Sequence[Event], spans: dict[int, tuple[int, int]]
) -> None:
    """A node wholly above lowmem has no memory that the kernel can address directly."""
    printed = boot.of(MaxLowPfn)
    base = 16 if prints_hex(own) else 10
    if not printed or (base == 10 and not printed[0].end_number.isdigit()):
        return
    low = int(printed[0].end_number, base)
    for nid, (start, end) in sorted(spans.items()):
        if start >= low:
            ledger.report(
                "NR130",
                printed[0].source,
                f"node {nid}",
                logged=f"node {nid} has pages [{start}-{end}), lowmem ends at page {low}",
                simulated="some of the node's memory below the end of lowmem",
                explanation=f"Node {nid} lies wholly above the end of lowmem: it has no Normal "
                "or DMA memory, so nothing that needs lowmem (slab, page tables) can come "
                "from it.",
                related=[own[0].source],
            )
