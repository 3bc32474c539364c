"""Checks of ``Zone ranges`` and of where Movable begins.

A zone's limit follows from the architecture and from RAM. Where a board or its firmware may
set it (arm64's DMA zone, lowmem of some architectures), a border that two zones agree on is
taken for true, listed as an inference, and the lines that show it count as inferred.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from tracekit.boot import Boot
from tracekit.events.bootmem import BootmemLowRam, BootmemNodeLowRam
from tracekit.events.e820 import E820Row, LastPfn
from tracekit.events.mm_init import MovableHeader, MovableStart, ZoneRangeLine
from tracekit.mm.mm_init import PfnRange, ZoneRange, zone_ranges
from tracekit.mm.zone_limits import U32_END, MemoryEnds, zone_limits
from tracekit.mm.zone_movable import memparse, movable_by_range, movable_by_size, parse_core
from tracekit.replay.ledger import Ledger
from tracekit.replay.mm_init.setting import NO_RAM, Setting, span

NO_COMMAND_LINE = "the command line, which places Movable, is not in the log"

MIB = 1 << 20
NO_MIRROR = "which RAM is mirrored is not in the log"
Span = tuple[int, int]


Limits = dict[str, ZoneRange]


def check_zone_ranges(boot: Boot, setting: Setting, ledger: Ledger) -> tuple[Limits, Limits]:
    """Check each zone's range; return the ranges in pfn as simulated and as logged."""
    lines = boot.of(ZoneRangeLine)
    ranges = setting.memory.ranges
    if not ranges:
        for _ in lines:
            ledger.unchecked("zone", NO_RAM)
        return {}, {}
    logged = {line.zone: _bytes(line, setting.page_size) for line in lines}
    names = tuple(logged) or setting.default_zones
    predicted = _predict(boot, setting, ranges, names)
    taken = _take_borders(boot, setting, ranges, logged, predicted, lines, ledger)
    for line in lines:
        simulated = _printed(taken[line.zone], setting.page_size)
        if logged[line.zone] != simulated:
            _diverge(ledger, line, logged[line.zone], simulated)
        elif taken[line.zone] != predicted[line.zone]:
            ledger.inferred("zone")
        else:
            ledger.matched("zone")
    return taken, _as_logged(logged, setting.page_size) if lines else taken


def _as_logged(logged: Mapping[str, Span], page_size: int) -> Limits:
    """Return the printed ranges in pfn; an empty zone lies where the one below it ends."""
    found: Limits = {}
    position = min((start for start, end in logged.values() if end), default=0)
    for zone, (start, end) in logged.items():
        low, high = (start, end) if end else (position, position)
        found[zone] = ZoneRange(zone, low // page_size, high // page_size)
        position = high
    return found


def _bytes(line: ZoneRangeLine, page_size: int) -> Span:
    unit = page_size if line.in_pfn else 1
    return (0, 0) if line.empty else (line.start * unit, line.end * unit)


def _printed(limit: ZoneRange, page_size: int) -> Span:
    return (0, 0) if limit.empty else (limit.start_pfn * page_size, limit.end_pfn * page_size)


def _predict(
    boot: Boot,
    setting: Setting,
    ranges: Sequence[PfnRange],
    names: Sequence[str],
    known: Mapping[str, int] | None = None,
) -> dict[str, ZoneRange]:
    page = setting.page_size
    start, end = ranges[0].start_pfn * page, ram_end(boot, setting, ranges)
    ends = MemoryEnds(start, end, (known or {}).get("low", low_end(boot, setting, start, end)))
    capped = setting.has("x86_zone_limits_capped")
    limits = zone_limits(setting.kernel.arch, names, ends, capped=capped)
    if setting.kernel.arch == "riscv64" and not setting.has("riscv_dma32_limit"):
        limits.end["DMA32"] = 0
    limits.end.update({zone: limit for zone, limit in (known or {}).items() if zone != "low"})
    return zone_ranges({z: limit // page for z, limit in limits.end.items()}, ranges[0].start_pfn)


def ram_end(boot: Boot, setting: Setting, ranges: Sequence[PfnRange]) -> int:
    """Return the first byte above RAM as the architecture's zone code sees it.

    x86 goes by the firmware's map (max_pfn), which may reach beyond the RAM given to nodes.
    """
    end = max(r.end_pfn for r in ranges) * setting.page_size
    if setting.kernel.arch not in ("x86_64", "i386"):
        return end
    printed = [event.last_pfn for event in boot.of(LastPfn)]
    if printed:
        return max(max(printed) * setting.page_size, end)
    if setting.kernel.option("mem") or setting.kernel.option("memmap"):
        return end
    usable = [row.end for row in boot.of(E820Row) if row.kind in ("usable", "System RAM")]
    return max([row // setting.page_size * setting.page_size for row in usable] + [end])


def low_end(boot: Boot, setting: Setting, start: int, end: int) -> int | None:
    """Return where the linear map of a 32-bit kernel ends in physical memory, None if unknown.

    i386 prints it. arm leaves room for vmalloc (arch/arm/mm/mmu.c:adjust_lowmem_bounds),
    mips32 and powerpc have a fixed size (asm/mach-generic/spaces.h, CONFIG_LOWMEM_SIZE).
    """
    printed = [event.end for event in boot.of(BootmemLowRam)]
    printed = printed or [event.end for event in boot.of(BootmemNodeLowRam)]
    if printed:
        return max(printed)
    match setting.kernel.arch:
        case "arm":
            vmalloc = memparse(setting.kernel.option("vmalloc") or "240M")
            top = 0xFF800000 if setting.has("arm_vmalloc_end_ff8") else 0xFF000000
            return min(start + top - vmalloc - 8 * MIB - 0xC0000000, end)
        case "mips":
            return min(512 * MIB, end)
        case "ppc32":
            return min(start + 768 * MIB, end)
    return None


def _take_borders(
    boot: Boot,
    setting: Setting,
    ranges: Sequence[PfnRange],
    logged: Mapping[str, Span],
    predicted: dict[str, ZoneRange],
    lines: Sequence[ZoneRangeLine],
    ledger: Ledger,
) -> dict[str, ZoneRange]:
    """Adopt the logged borders that no rule fixes and that two neighbours agree on."""
    known: dict[str, int] = {}
    taken = predicted
    full = [line for line in lines if not line.empty]
    for line, follower in pairwise(full):
        end, start = logged[line.zone][1], logged[follower.zone][0]
        if end != start or _printed(taken[line.zone], setting.page_size)[1] == end:
            continue
        name = "low" if follower.zone == "HighMem" else line.zone
        if _is_fixed(boot, setting, name) or not _inside(end, ranges, setting):
            continue
        known[name] = end
        taken = _predict(boot, setting, ranges, tuple(logged), known)
        ledger.infer(
            "zone_limit",
            f"{line.zone} ends and {follower.zone} begins at {end:#x}",
            "both zones show the same border, which the board or its firmware sets",
            line.source,
        )
    return taken


FIXED_BORDERS = {
    ("x86_64", "DMA"),
    ("x86_64", "DMA32"),
    ("i386", "DMA"),
    ("s390x", "DMA"),
    ("loongarch64", "DMA32"),
    ("ia64", "DMA32"),
}


def _is_fixed(boot: Boot, setting: Setting, border: str) -> bool:
    if setting.kernel.arch == "i386" and border == "low":
        return bool(boot.of(BootmemLowRam) or boot.of(BootmemNodeLowRam))
    return (setting.kernel.arch, border) in FIXED_BORDERS


def _inside(border: int, ranges: Sequence[PfnRange], setting: Setting) -> bool:
    page = setting.page_size
    return ranges[0].start_pfn * page < border < max(r.end_pfn for r in ranges) * page


def _diverge(ledger: Ledger, line: ZoneRangeLine, logged: Span, simulated: Span) -> None:
    ledger.diverged(
        "zone",
        "MI101",
        line.source,
        f"zone {line.zone}",
        logged=span(*logged),
        simulated=span(*simulated),
    )


def check_movable(
    boot: Boot, setting: Setting, limits: Limits, ledger: Ledger
) -> tuple[dict[int, int], dict[int, int]]:
    """Check where Movable begins on each node; return it in pfn as simulated and as logged."""
    lines = boot.of(MovableStart)
    headers = boot.of(MovableHeader)
    page = setting.page_size
    printed = {line.nid: line.start // page for line in lines}
    if not setting.memory.ranges or not limits:
        for _ in lines:
            ledger.unchecked("zone", NO_RAM)
        return {}, {}
    if lines and setting.kernel.cmdline is None:
        ledger.unchecked("zone", NO_COMMAND_LINE, len(lines))
        return printed, printed
    predicted = _predict_movable(setting, limits)
    simulated = dict(predicted)
    if setting.mirrors_kernelcore and not setting.memory.mirrored and predicted != printed:
        # Sizes of zones that overlap cannot be told without the mirrored ranges either.
        setting.memory.ranges = None
        ledger.unchecked("zone", NO_MIRROR, len(lines))
        return printed, printed
    for line in lines:
        wanted = predicted.pop(line.nid, 0) * page
        if line.start == wanted:
            ledger.matched("zone")
        else:
            ledger.diverged(
                "zone",
                "MI102",
                line.source,
                f"Movable on node {line.nid}",
                logged=f"{line.start:#x}",
                simulated=f"{wanted:#x}" if wanted else "no Movable zone",
            )
    for nid, pfn in predicted.items() if headers else ():
        ledger.diverged(
            "zone",
            "MI102",
            headers[0].source,
            f"Movable on node {nid}",
            logged="no line for the node",
            simulated=f"{pfn * page:#x}",
        )
    return simulated, printed


def _predict_movable(setting: Setting, limits: dict[str, ZoneRange]) -> dict[int, int]:
    kernel, memory = setting.kernel, setting.memory
    ranges = memory.ranges or []
    if kernel.option("movable_node") is not None:
        return movable_by_range(memory.hotpluggable, ranges, setting.max_order_pages)
    kernelcore, movablecore = kernel.option("kernelcore"), kernel.option("movablecore")
    if setting.mirrors_kernelcore:
        return _without_mirror(setting, ranges)
    return movable_by_size(
        ranges,
        limits,
        parse_core(kernelcore, setting.page_size),
        parse_core(movablecore, setting.page_size),
        setting.max_order_pages,
    )


def _without_mirror(setting: Setting, ranges: Sequence[PfnRange]) -> dict[int, int]:
    """Return where Movable begins under kernelcore=mirror: at RAM from 4 GiB on without a mirror.

    Before v6.6 that is all of it on a machine that mirrors nothing.
    """
    mirrored = setting.memory.mirrored
    if setting.has("mirror_needs_memory"):
        in_kdump = setting.kernel.option("elfcorehdr") is not None
        if in_kdump or not mirrored:
            return {}
    border = U32_END // setting.page_size
    single = [r for r in ranges if r not in mirrored and r.start_pfn >= border]
    return movable_by_range(single, ranges, setting.max_order_pages)
