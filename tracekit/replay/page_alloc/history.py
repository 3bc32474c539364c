"""What a simulated page allocator saw of a boot: zones over time, fallbacks, per-cpu lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tracekit.boot import Boot
from tracekit.events.base import Source
from tracekit.mm.handoff import Handoff
from tracekit.mm.page_alloc import PageAllocator
from tracekit.replay.boot import replay
from tracekit.replay.page_alloc.owners import Owner, owners
from tracekit.replay.page_alloc.stream import ALLOC, EXTFRAG, FREE, PCPU_DRAIN, ZONE_LOCKED, Stream
from tracekit.replay.page_alloc.watch import PageWatch, Sample
from tracekit.replay.slub.slab_pages import SlabPages, slab_pages

NO_TRACE = "the boot has no trace"
NO_LOG = "no dmesg of the boot was given, so what was free at the start is not known"
NO_HANDOFF = "what memblock handed over is not known; boot with memblock=debug to see it"
NO_EVENTS = "the trace has no page events; boot with trace_event=kmem:*"


@dataclass(frozen=True, slots=True)
class ZoneName:
    """A zone: its node and name, and its pages of RAM (struct zone, present_pages)."""

    nid: int
    name: str
    present: int


@dataclass(frozen=True, slots=True)
class FallbackStep:
    """A request that was given pages of another migrate type (mm_page_alloc_extfrag).

    ``order`` and ``migratetype`` are the request's; ``donor_order`` and ``donor_type`` those
    of the free block that starts at ``pfn``. ``claimed``: the pageblock changed its type to
    the request's. ``fragmenting``: the block was smaller than a pageblock, so that the
    pageblock now holds pages of both types. ``cause`` is who asked, as far as later events
    tell.
    """

    line: Source
    nid: int
    zone: str
    order: int
    migratetype: str
    pfn: int
    donor_order: int
    donor_type: str
    claimed: bool
    fragmenting: bool
    cause: str


@dataclass(slots=True)
class Traffic:
    """Pages through the per-cpu lists of one cpu.

    A refill or drain is a run of events for one list resp. one zone without another event of
    that cpu between. ``allocations`` counts requests of the orders that the lists serve.
    """

    cpu: int
    refills: int = 0
    refilled: int = 0
    drains: int = 0
    drained: int = 0
    allocations: int = 0
    frees: int = 0


@dataclass(slots=True)
class PageHistory:
    """The page allocator over one trace. Sizes are pages; ``samples`` go from first to last.

    ``living`` is what was not freed by the end, by owner; ``slabs`` are the slabs, or why they
    are not known. ``ticks`` says that times are no nanoseconds.
    """

    zones: list[ZoneName]
    pageblock_order: int
    samples: list[Sample]
    fallbacks: list[FallbackStep] = field(default_factory=list)
    traffic: list[Traffic] = field(default_factory=list)
    living: list[Owner] = field(default_factory=list)
    slabs: list[SlabPages] | str = ""
    ticks: bool = False

    def time(self, sample: Sample) -> float | None:
        """Return the time of a sample in seconds, None where the trace's clock only counts."""
        return None if self.ticks else sample.time / 1e9

    @property
    def known(self) -> list[Sample]:
        """The samples whose figures mean something."""
        return [sample for sample in self.samples if not sample.reason]

    @property
    def reasons(self) -> list[str]:
        """Why the zones are not known for a part of the trace; empty where they always are."""
        return list(dict.fromkeys(s.reason for s in self.samples if s.reason))


def page_history(boot: Boot, samples: int = 200) -> PageHistory | str:
    """Return the history of a boot's page allocator, or why there is none to tell."""
    if not boot.has_trace:
        return NO_TRACE
    if not boot.logs:
        return NO_LOG
    watch = PageWatch(samples)
    context = replay(boot, stages=("page_alloc",), watches=[watch]).context
    handoff = context.take(Handoff)
    if handoff is None:
        return NO_HANDOFF
    if watch.twin is None or not any(kind <= EXTFRAG for kind in watch.twin.stream.kind):
        return NO_EVENTS
    return tell(boot, watch, handoff)


def tell(boot: Boot, watch: PageWatch, handoff: Handoff) -> PageHistory:
    """Return what a finished watch saw."""
    assert watch.twin is not None
    twin, trace = watch.twin, boot.trace
    assert trace is not None
    slabs = slab_pages(boot)
    known = slabs if isinstance(slabs, list) else []
    found = owners(twin, trace, known)
    return PageHistory(
        zones=zone_names(handoff, twin.allocator),
        pageblock_order=twin.rules.pageblock_order,
        samples=watch.samples,
        fallbacks=_fallbacks(twin.allocator, twin.stream, found.by_row),
        traffic=list_traffic(twin.allocator, twin.stream),
        living=found.living,
        slabs=slabs,
        ticks=trace.counting_clock,
    )


def zone_names(handoff: Handoff, allocator: PageAllocator) -> list[ZoneName]:
    """Return the simulated zones in the order of the samples."""
    present = {(zone.zone.nid, zone.zone.name): zone.zone.present for zone in handoff.zones}
    return [
        ZoneName(zone.nid, zone.name, present.get((zone.nid, zone.name), 0))
        for zone in allocator.zones
    ]


def _fallbacks(
    allocator: PageAllocator, stream: Stream, causes: dict[int, str]
) -> list[FallbackStep]:
    return [
        _fallback(allocator, stream, row, causes)
        for row, kind in enumerate(stream.kind)
        if kind == EXTFRAG
    ]


def _fallback(
    allocator: PageAllocator, stream: Stream, row: int, causes: dict[int, str]
) -> FallbackStep:
    order, migratetype, claimed = stream.fallback(row)
    types, zone = allocator.rules.types, allocator.zone_of(stream.pfn[row])
    return FallbackStep(
        line=Source(stream.file, stream.line[row], stream.time[row] / 1e9),
        nid=zone.nid if zone else -1,
        zone=zone.name if zone else "",
        order=stream.order[row],
        migratetype=type_name(types, stream.migratetype[row]),
        pfn=stream.pfn[row],
        donor_order=order,
        donor_type=type_name(types, migratetype),
        claimed=claimed,
        fragmenting=order < allocator.rules.pageblock_order,
        cause=_cause(stream, row, causes),
    )


def type_name(types: Sequence[str], number: int) -> str:
    """Return the name of a migrate type, its number where this kernel has no such type."""
    return types[number] if 0 <= number < len(types) else str(number)


def _cause(stream: Stream, row: int, causes: dict[int, str]) -> str:
    """Return the owner of the page that the same task and context is given next."""
    who = (stream.cpu[row], stream.pid[row], stream.context[row])
    for later in range(row + 1, len(stream)):
        if (stream.cpu[later], stream.pid[later], stream.context[later]) != who:
            continue
        if stream.kind[later] == ALLOC:
            return causes.get(later, "")
        if stream.kind[later] == FREE:
            break
    return ""


def list_traffic(allocator: PageAllocator, stream: Stream) -> list[Traffic]:
    """Return the traffic of every cpu's lists, by cpu."""
    found: dict[int, Traffic] = {}
    last: dict[int, tuple[int, ...]] = {}
    in_pcp = allocator.rules.in_pcp
    for row, kind in enumerate(stream.kind):
        if kind > EXTFRAG:
            continue
        cpu, pages = stream.cpu[row], 1 << max(stream.order[row], 0)
        here = found.setdefault(cpu, Traffic(cpu))
        run: tuple[int, ...] = (kind,)
        if kind == ZONE_LOCKED and stream.extra[row] == 1:
            run = (kind, stream.order[row], stream.migratetype[row])
            here.refills += last.get(cpu) != run
            here.refilled += pages
        elif kind == PCPU_DRAIN:
            here.drains += last.get(cpu) != run
            here.drained += pages
        elif kind == ALLOC and in_pcp(stream.order[row]):
            here.allocations += 1
        elif kind == FREE and in_pcp(stream.order[row]):
            here.frees += 1
        last[cpu] = run
    return [found[cpu] for cpu in sorted(found)]


def fallback_matrix(steps: Sequence[FallbackStep]) -> Counter[tuple[str, str]]:
    """Return how often each type (second) gave pages to a request for another (first)."""
    return Counter((step.migratetype, step.donor_type) for step in steps)
