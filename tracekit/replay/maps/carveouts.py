"""Ranges that somebody set aside, against one another and against zones and memory regions.

The initial RAM disk, crash kernels, CMA areas, device tree regions, the bounce buffer and ACPI
tables each have one owner; two that overlap destroy each other's contents. A CMA area must lie
in one zone (cma_activate_area), and a crash kernel boots in its own range alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from tracekit.boot import Boot
from tracekit.events.carveouts import CmaReserved, CrashKernel, FadumpReserved, SwiotlbMapped
from tracekit.events.complaints import PageFailure
from tracekit.events.devicetree import MemoryPool, ReservedMem, ReservedMemOverlap
from tracekit.events.initrd import AcpiTable, Ramdisk, RamdiskNew
from tracekit.events.iomem import IomemRow
from tracekit.events.memblock import MemblockRow
from tracekit.events.mm_init import ZoneRangeLine
from tracekit.events.ranges import RangeEvent
from tracekit.replay.maps.finding import Finding, amount, mem

GIB = 1 << 30

Owned = tuple[str, RangeEvent]


def carveout_findings(boot: Boot) -> Iterator[Finding]:
    """Yield what carve-outs say against one another, the zones and the memory regions."""
    yield from _overlaps(owned_ranges(boot))
    yield from _device_tree(boot)
    yield from _across_zones(boot)
    yield from _crash_kernels(boot)
    yield from _fadump(boot)


def owned_ranges(boot: Boot) -> list[Owned]:
    """Return every range with one owner, by name; what was moved away is left out.

    A device tree node is printed twice, as its pool and as a region: one of the two is kept.
    A CMA pool of the tree is printed once more with ``cma: Reserved``.
    """
    moved = bool(boot.of(RamdiskNew))
    found: list[Owned] = [("initial RAM disk", e) for e in boot.of(RamdiskNew)]
    found += [("initial RAM disk", e) for e in boot.of(Ramdisk) if not moved]
    found += [("crash kernel", e) for e in boot.of(CrashKernel) if not e.whole_mib or e.size]
    found += [(f"ACPI table {e.table}", e) for e in boot.of(AcpiTable)]
    found += [("software IO TLB", e) for e in boot.of(SwiotlbMapped)]
    found += [(f"device tree node {e.node}", e) for e in boot.of(ReservedMem) if e.size]
    nodes = {e.start for e in boot.of(ReservedMem)}
    found += [(f"{e.pool} pool", e) for e in boot.of(MemoryPool) if e.start not in nodes]
    pools = nodes | {e.start for e in boot.of(MemoryPool)}
    found += [("CMA area", e) for e in boot.of(CmaReserved) if e.start not in pools]
    return found


def _overlaps(owned: list[Owned]) -> Iterator[Finding]:
    for (name, one), (other, two) in combinations(owned, 2):
        low, high = max(one.start, two.start), min(one.end, two.end)
        if low >= high or (one.range == two.range and name == other):
            continue
        late, early = (one, two) if one.source.line > two.source.line else (two, one)
        owners = (name, other) if late is one else (other, name)
        yield Finding(
            "MP201",
            late.source,
            f"{owners[0]} over {owners[1]}",
            f"{owners[0]} at {mem(*late.range)}",
            f"outside {mem(*early.range)}, which belongs to {owners[1]}"
            f" (line {early.source.line}); both claim {amount(high - low)}",
            (early.source,),
        )


def _device_tree(boot: Boot) -> Iterator[Finding]:
    """The kernel's own finding, with what it means."""
    for event in boot.of(ReservedMemOverlap):
        low, high = max(event.start, event.other_base), min(event.end, event.other_end)
        same = event.range == (event.other_base, event.other_end)
        both = f"both claim {amount(high - low)}"
        how = "the same range, so the second adds nothing" if same else both
        yield Finding(
            "MP202",
            event.source,
            f"device tree nodes {event.node} and {event.other}",
            f"{event.node} at {mem(*event.range)}, {event.other} at"
            f" {mem(event.other_base, event.other_end)}: {how}",
            "nodes of /reserved-memory do not overlap",
        )


def _zones(boot: Boot) -> list[ZoneRangeLine]:
    """Return the zones that hold addresses; a file of two boots shows each twice."""
    shown = [zone for zone in boot.of(ZoneRangeLine) if not zone.empty and not zone.in_pfn]
    return list({(zone.zone, zone.start, zone.end): zone for zone in shown}.values())


def _across_zones(boot: Boot) -> Iterator[Finding]:
    """cma_activate_area gives up an area whose pages are not all in one zone."""
    zones = _zones(boot)
    areas: list[RangeEvent] = [*boot.of(CmaReserved)]
    areas += [e for e in boot.of(MemoryPool) if e.pool == "CMA"]
    areas += [e for e in boot.of(ReservedMem) if e.reusable]
    told: set[int] = set()
    for area in areas:
        inside = [z for z in zones if z.start < area.end and area.start < z.end]
        if len(inside) < 2 or area.start in told:
            continue
        told.add(area.start)
        names = " and ".join(zone.zone for zone in inside)
        yield Finding(
            "MP203",
            area.source,
            f"CMA area in zones {names}",
            f"{mem(*area.range)} crosses the border at {inside[1].start:#x}",
            "all of a CMA area in one zone",
            tuple(zone.source for zone in inside),
        )


def _crash_kernels(boot: Boot) -> Iterator[Finding]:
    dma = next((zone for zone in _zones(boot) if zone.zone == "DMA"), None)
    ranges = boot.of(CrashKernel)
    if dma is not None and ranges and not any(_meets(event, dma) for event in ranges):
        yield from _without_dma(boot, ranges[0], dma)
    elif dma is None and ranges:
        yield from _dma_fails(boot, ranges)
    for event in (*ranges, *(row for row in boot.of(IomemRow) if row.name == "Crash kernel")):
        yield from _across_regions(boot, event)


def _meets(crash: CrashKernel, zone: ZoneRangeLine) -> bool:
    return crash.start < zone.end and zone.start < crash.end


def _without_dma(boot: Boot, crash: CrashKernel, dma: ZoneRangeLine) -> Iterator[Finding]:
    """On arm64 ZONE_DMA is where devices reach; x86 keeps the first MiB for it by itself."""
    if boot.kernel.arch == "arm64":
        yield Finding(
            "MP204",
            crash.source,
            "crash kernel without a DMA zone",
            f"crash kernel at {mem(*crash.range)}",
            f"some of it in ZONE_DMA, which ends at {dma.end:#x}",
            (dma.source,),
        )


def _dma_fails(boot: Boot, ranges: Sequence[CrashKernel]) -> Iterator[Finding]:
    """Where no line shows the zones: a failed request for ZONE_DMA, and a range above it.

    arm64 before v6.6, which alone printed this wording then, ends ZONE_DMA (v5.5 and later) 1 GiB
    above the start of RAM rounded down to 1 GiB (arch/arm64/mm/init.c: max_zone_phys()).
    """
    lowest = min(crash.start for crash in ranges)
    border = lowest // GIB * GIB
    generic = boot.kernel.has("crashkernel_generic", default=True)
    failures = [event for event in boot.of(PageFailure) if "GFP_DMA" in event.gfp_flags.split("|")]
    if generic or not failures or not border:
        return
    yield Finding(
        "MP204",
        failures[0].source,
        "crash kernel without a DMA zone",
        f"no block of order {failures[0].order} in ZONE_DMA, crash kernel at "
        + ", ".join(mem(*crash.range) for crash in ranges),
        f"some of it in ZONE_DMA, which ends at {border:#x} or below unless RAM begins there",
        (ranges[0].source,),
    )


def _across_regions(boot: Boot, crash: RangeEvent) -> Iterator[Finding]:
    """A range over a border of memory regions cannot become one resource of System RAM."""
    rows = [(e.base, e.bound + 1, e.source) for e in boot.of(MemblockRow) if e.list == "memory"]
    ram = rows or [(e.start, e.end, e.source) for e in boot.of(IomemRow) if e.is_ram]
    for (_, end, one), (start, _, two) in pairwise(ram):
        if end == start and crash.start < start < crash.end:
            yield Finding(
                "MP205",
                crash.source,
                "crash kernel across memory regions",
                f"{mem(*crash.range)} crosses the border of two regions at {start:#x}",
                "a crash kernel inside one memory region",
                (one, two),
            )
            return


def _fadump(boot: Boot) -> Iterator[Finding]:
    """fadump_reserve_mem aligns its area for CMA, so it may begin above the RAM it lies in."""
    for event in boot.of(FadumpReserved):
        for row in boot.of(IomemRow):
            lost = event.start - row.start
            if row.is_ram and row.start < event.start < row.end and lost < event.size:
                yield Finding(
                    "MP206",
                    event.source,
                    "fadump area",
                    f"the area begins at {event.start:#x}, its RAM at {row.start:#x}",
                    f"{amount(lost)} of RAM before it, lost to the alignment of CMA areas",
                    (row.source,),
                )
