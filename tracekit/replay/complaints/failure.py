"""Requests that found no memory: what was free at that moment, and why it would not do."""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.boot import Boot
from tracekit.events.complaints import PageFailure, PercpuFailed
from tracekit.events.mm_init import ZoneRangeLine
from tracekit.replay.complaints.finding import Complaint
from tracekit.replay.complaints.free_memory import ZoneMemory, zones_shown


def failures(boot: Boot) -> Iterator[Complaint]:
    """Yield one complaint for each size and place of a request that failed."""
    seen = set()
    for failed in boot.of(PageFailure):
        if (failed.comm, failed.order) not in seen:
            seen.add((failed.comm, failed.order))
            yield _pages(boot, failed)
    for request in boot.of(PercpuFailed)[:1]:
        yield _percpu(request)


def _pages(boot: Boot, failed: PageFailure) -> Complaint:
    zones = zones_shown(boot, failed)
    flags = f" for {failed.gfp_flags}" if failed.gfp_flags else ""
    pages = f"{1 << failed.order} pages in one piece" if failed.order else "one page"
    return Complaint(
        code="KR102",
        allocator="page_alloc",
        line=failed.source,
        subject=f"order {failed.order} for {failed.comm}",
        logged=f"no block of order {failed.order} ({pages}){flags}",
        known="; ".join(map(str, zones)),
        why=_why(boot, failed, zones),
        related=tuple(zone.blocks.source for zone in zones[:3]),
    )


def _why(boot: Boot, failed: PageFailure, zones: list[ZoneMemory]) -> str:
    """Return what the free lists say of the failure; "" where the log does not show them."""
    if not zones:
        return _empty_dma(boot, failed)
    fitting = [
        zone.name for zone in zones if zone.has(failed.order) and not zone.short(failed.order)
    ]
    if fitting:
        named = ", ".join(fitting)
        return f"{named} had such blocks: the request's flags or nodes kept it from them"
    if all(zone.short() for zone in zones) or not any(zone.free_kib for zone in zones):
        return "no zone had more than it must keep (min watermark, lowmem reserve): memory is short"
    free = sum(zone.free_kib for zone in zones if not zone.short())
    return (
        f"{free} KiB were free, but in no block that would do: memory is fragmented, not short. "
        "Compaction could not, or (GFP_NOIO, GFP_ATOMIC) was not allowed to, make a larger block"
    )


def _empty_dma(boot: Boot, failed: PageFailure) -> str:
    """A request for ZONE_DMA where the log shows that zone without a page."""
    asked = "GFP_DMA32" if "GFP_DMA32" in failed.gfp_flags else "GFP_DMA"
    if asked not in failed.gfp_flags:
        return ""
    name = asked.removeprefix("GFP_")
    ranges = [zone for zone in boot.of(ZoneRangeLine) if zone.zone == name]
    if ranges and all(zone.empty for zone in ranges):
        return f"zone {name} is empty on this machine, and only that zone was asked"
    return f"only zone {name} was asked: other zones may have had memory"


def _percpu(request: PercpuFailed) -> Complaint:
    why = (
        "an atomic request may neither make a chunk nor populate pages: it fails where no "
        "populated area is left, which is no lack of memory"
        if request.atomic
        else ""
    )
    return Complaint(
        code="KR109",
        allocator="percpu",
        line=request.source,
        subject=f"size {request.size} align {request.align}",
        logged=request.reason,
        known="",
        why=why,
    )
