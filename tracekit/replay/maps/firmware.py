"""What firmware, loader or kernel left out of RAM, and RAM that is hardly any.

Most of this breaks no rule: it is worth knowing when memory is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from tracekit.boot import Boot
from tracekit.events.arch_maps import ArmTruncated, BadMemory, MemCluster, PariscGap, RamTop
from tracekit.events.base import Event
from tracekit.events.carveouts import (
    CmaFailed,
    CrashKernelFailed,
    KernelPanic,
    SwiotlbFailed,
    SwiotlbMapped,
)
from tracekit.events.devicetree import IgnoredMemory, ReservedMemFailed
from tracekit.events.e820 import E820Full, E820Row
from tracekit.events.efi import EfiMemory
from tracekit.events.initrd import InitrdDisabled
from tracekit.events.memblock import MemblockCall, MemblockRow
from tracekit.events.mips import KernelOutsideMap, MipsMemory, WastedPages
from tracekit.events.mm_init import MemoryLine, NodeRangeLine, ZoneRangeLine
from tracekit.replay.maps.finding import Finding, amount, mem

IGNORED = "RAM ignored"
IO_TLB_MIN = 512 << 11  # IO_TLB_MIN_SLABS of 2 KiB


class Told(NamedTuple):
    """What one line says is left out: a code, of what, what the log says and what one expects."""

    code: str
    what: str
    logged: str
    expected: str


def firmware_findings(boot: Boot) -> Iterator[Finding]:
    """Yield what was left out of RAM and what failed for want of it."""
    yield from _no_ram(boot)
    yield from _clusters(boot)
    yield from _two_totals(boot)
    for event in boot.events:
        tell = _TELL.get(type(event))
        told = tell(event) if callable(tell) else tell
        if told is not None:
            yield Finding(told.code, event.source, told.what, told.logged, told.expected)


def _no_ram(boot: Boot) -> Iterator[Finding]:
    """A panic for want of memory where no line gives the kernel any RAM."""
    if any(_gives_ram(event) for event in boot.events):
        return
    for panic in boot.of(KernelPanic):
        if re.search(r"[Ff]ailed to allocate", panic.reason) is None:
            continue
        zero = re.search(r"below 0x0\b", panic.reason) is not None
        before = [event.source for event in boot.events if isinstance(event, _NO_ROOM)]
        cause = "the limit of lowmem is 0: not one page" if zero else "no line of this log"
        yield Finding(
            "MP401",
            panic.source,
            "no RAM at the first allocation",
            panic.reason,
            f"RAM from firmware before it; {cause} gives the kernel any",
            tuple(before[:3]),
            alternatives=("firmware gave no or almost no RAM", "those lines were lost"),
        )


_NO_ROOM = (ReservedMemFailed, CmaFailed, InitrdDisabled)


def _gives_ram(event: Event) -> bool:
    match event:
        case E820Row() | EfiMemory():
            return event.is_ram
        case MemblockCall():
            return "add" in event.function and event.bound > event.base
        case MemblockRow():
            return event.list == "memory" and event.size > 0
        case ZoneRangeLine() | NodeRangeLine() | MemoryLine() | MipsMemory():
            return True
        case _:
            return False


def _clusters(boot: Boot) -> Iterator[Finding]:
    kept = [event for event in boot.of(MemCluster) if not event.is_ram and event.size]
    if kept:
        size = sum(event.size for event in kept)
        yield Finding(
            "MP403",
            kept[0].source,
            "memory clusters of the console",
            ", ".join(mem(*event.range) for event in kept) + f": {amount(size)}",
            "RAM for the kernel: clusters with usage 1 never join memblock's list",
            tuple(event.source for event in kept[1:]),
        )


def _two_totals(boot: Boot) -> Iterator[Finding]:
    """A file that holds two boots of one machine, before and after a change."""
    lines = boot.of(MemoryLine)
    for before, after in pairwise(lines):
        if before.total != after.total:
            more = (after.total - before.total) << 10
            yield Finding(
                "MP410",
                after.source,
                "Memory: total",
                f"{after.total}K, in the line before {before.total}K",
                f"the same RAM in both: {amount(abs(more))} {'more' if more > 0 else 'less'}",
                (before.source,),
            )


def _ignored(event: IgnoredMemory) -> Told:
    """early_init_dt_add_memory_arch drops what the linear map cannot reach."""
    more = f"{amount(event.size)} more RAM if the kernel were loaded at its start or could map it"
    return Told("MP402", IGNORED, f"{mem(*event.range)} of the device tree is not used", more)


def _wasted(event: WastedPages) -> Told:
    return Told(
        "MP404",
        "struct pages below RAM",
        f"{event.pages} struct pages ({amount(event.size)}) for addresses below RAM",
        "memory that begins at ARCH_PFN_OFFSET (MIPS_AUTO_PFN_OFFSET moves it)",
    )


def _holes(event: RamTop) -> Told | None:
    if event.top <= event.total:
        return None
    return Told(
        "MP406",
        "holes below the end of RAM",
        f"RAM ends at {event.top:#x}, but is {amount(event.total)}",
        f"{event.top - event.total:#x} bytes of holes whose pages are never to be freed",
    )


def _swiotlb_small(event: SwiotlbMapped) -> Told | None:
    if event.size >= IO_TLB_MIN:
        return None
    return Told(
        "MP407",
        "bounce buffer of less than 1 MiB",
        f"software IO TLB at {mem(*event.range)}: {amount(event.size)}",
        "at least 512 slabs (1 MiB): from 6.0 on the kernel panics with less",
    )


def _panic(event: KernelPanic) -> Told | None:
    found = re.search(r"nslabs = (\d+) too small", event.reason)
    if found is None:
        return None
    wanted = "at least 512 slabs (1 MiB): the size was computed wrong, memory is not short"
    return Told("MP407", "bounce buffer", f"panic: {found[1]} slabs are too few", wanted)


def _no_room(what: str, need: str) -> Told:
    return Told("MP408", what, f"no room for {what}", need)


def _truncated(event: ArmTruncated) -> Told:
    return Told(
        "MP402",
        IGNORED,
        f"{mem(event.new_end, event.end)} lies above lowmem and is not used",
        f"{amount(event.end - event.new_end)} more RAM with CONFIG_HIGHMEM or a smaller vmalloc=",
    )


def _gap(event: PariscGap) -> Told:
    logged = f"RAM behind a gap of {event.pages} pages is not used"
    return Told("MP402", IGNORED, logged, "all RAM, with CONFIG_SPARSEMEM")


def _bad(event: BadMemory) -> Told:
    return Told(
        "MP409",
        "bad memory",
        f"firmware calls the page at {event.address:#x} bad",
        "a good page: the kernel reserves it, but data may have been there",
    )


def _full(event: E820Full) -> Told:
    wanted = "room in the table for every entry of the firmware"
    return Told("MP402", IGNORED, f"{mem(*event.range)} found no place in the e820 table", wanted)


_OUTSIDE = Told(
    "MP405",
    "kernel outside the memory map",
    "the map had no RAM for the kernel's own image; it was added",
    "RAM in the map where the kernel was loaded",
)
_TELL: dict[type[Event], Told | Callable[..., Told | None]] = {
    IgnoredMemory: _ignored,
    WastedPages: _wasted,
    KernelOutsideMap: _OUTSIDE,
    RamTop: _holes,
    SwiotlbMapped: _swiotlb_small,
    KernelPanic: _panic,
    ArmTruncated: _truncated,
    PariscGap: _gap,
    BadMemory: _bad,
    E820Full: _full,
    SwiotlbFailed: _no_room("the bounce buffer", "1 MiB or more of low memory in one piece"),
    CmaFailed: _no_room("a CMA area", "a free aligned range below its limit"),
    ReservedMemFailed: _no_room("a device tree region", "free RAM where the node wants it"),
    CrashKernelFailed: _no_room("a crash kernel", "free RAM for crashkernel="),
}
