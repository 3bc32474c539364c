"""Panics of early allocations: what they tell of RAM, even in a log without memblock=debug."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tracekit.events.base import Event
from tracekit.events.carveouts import KernelPanic
from tracekit.events.e820 import E820Row
from tracekit.events.efi import EfiMemory
from tracekit.events.memblock import MemblockCall, MemblockRow
from tracekit.events.mips import MipsMemory
from tracekit.events.mm_init import NodeRangeLine
from tracekit.mm.ranges import total
from tracekit.replay.memblock.outcome import Parting

# arch/arm/mm/mmu.c: early_alloc_aligned(), arch/arm64/mm/mmu.c: early_pgtable_alloc().
BELOW = re.compile(r"Failed to allocate (0x[0-9a-f]+) bytes below (0x[0-9a-f]+)")
# arch/x86/mm/kasan_init_64.c: early_alloc().
ON_NODE = re.compile(r"Failed to allocate page, nid=(\d+) from=([0-9a-f]+)")
PAGE_TABLE = re.compile(r"Failed to allocate page table page|allocate_page_table|no RAM")
RAM = (E820Row, EfiMemory, MemblockRow, MipsMemory, NodeRangeLine)


def panics(events: Sequence[Event]) -> Iterator[Parting]:
    """Yield what a panic of an early allocation says of the RAM that the kernel knew."""
    yield from _node_used_up(events)
    for number, event in enumerate(events):
        if not isinstance(event, KernelPanic):
            continue
        limit = BELOW.search(event.reason)
        if limit is not None and not int(limit[2], 16):
            known = "the limit for allocations is 0x0: no whole page of low memory was given"
            yield Parting("MB214", event.source, "early allocation", event.reason, known)
        elif PAGE_TABLE.search(event.reason) and not _ram(events[:number]):
            known = "no memory range was added before the first allocation"
            yield Parting("MB214", event.source, "early allocation", event.reason, known)


def _node_used_up(events: Sequence[Event]) -> Iterator[Parting]:
    """A node without a free page although it has RAM: one caller took it in a loop."""
    ranges = [event for event in events if isinstance(event, NodeRangeLine) and not event.in_pfn]
    for event in (event for event in events if isinstance(event, KernelPanic)):
        found = ON_NODE.search(event.reason)
        if found is None:
            continue
        nid, low = int(found[1]), int(found[2], 16)
        room = [(max(r.start, low), r.end) for r in ranges if r.nid == nid and r.end > low]
        others = sum(r.end - r.start for r in ranges if r.nid != nid)
        if room:
            known = (
                f"node {nid} has {total(room) >> 20} MiB of RAM above {low:#x}"
                + (f", the other nodes {others >> 20} MiB" if others else "")
                + "; all of the node was taken since its zones were set up"
            )
            yield Parting("MB218", event.source, "early allocation", event.reason, known)
            return


def _ram(events: Sequence[Event]) -> bool:
    adds = (e for e in events if isinstance(e, MemblockCall) and e.function == "memblock_add")
    return any(True for _ in adds) or any(isinstance(event, RAM) for event in events)
