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
from tracekit.replay.memblock.outcome import Parting

# arch/arm/mm/mmu.c: early_alloc_aligned(), arch/arm64/mm/mmu.c: early_pgtable_alloc().
BELOW = re.compile(r"Failed to allocate (0x[0-9a-f]+) bytes below (0x[0-9a-f]+)")
PAGE_TABLE = re.compile(r"Failed to allocate page table page|allocate_page_table|no RAM")
RAM = (E820Row, EfiMemory, MemblockRow, MipsMemory, NodeRangeLine)


def panics(events: Sequence[Event]) -> Iterator[Parting]:
    """Yield what a panic of an early allocation says of the RAM that the kernel knew."""
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


def _ram(events: Sequence[Event]) -> bool:
    adds = (e for e in events if isinstance(e, MemblockCall) and e.function == "memblock_add")
    return any(True for _ in adds) or any(isinstance(event, RAM) for event in events)
