"""The whole boot in phases: how much memory each allocator holds at each of them.

Until the hand-off memory is memblock's: reserved or free. After it every byte of RAM is kept
back (the kernel's image, the memory map, what firmware holds: all that memblock did not hand
over), in use, in a per-cpu list, or free; slab and percpu are parts of what is in use.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tracekit.boot import Boot
from tracekit.events.base import Source
from tracekit.events.mm_init import MemoryLine
from tracekit.events.percpu_setup import PcpuAllocMap
from tracekit.mm.handoff import Handoff
from tracekit.mm.percpu import PercpuAllocator
from tracekit.mm.ranges import intersect, total, union
from tracekit.replay.boot import replay
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger
from tracekit.replay.memblock.regions import History
from tracekit.replay.mm_init.memory_line import MemoryChecks
from tracekit.replay.page_alloc.stream import FREE, Stream
from tracekit.replay.page_alloc.watch import PageWatch
from tracekit.replay.percpu.driver import first_allocator, replay_events
from tracekit.replay.percpu.twin import PercpuTwin
from tracekit.replay.phase_places import HANDOFF, Place, find_places
from tracekit.replay.slub.slab_pages import slab_pages

NO_MEMBLOCK = "the log has no memblock lines; boot with memblock=debug to see them"
NO_MEMORY = "memblock had been told of no RAM yet"
NO_HANDOFF = "what was handed to the page allocator is not known (memblock=debug shows it)"
GROWN = "memory initialised late came before the trace began, how much and when is not known"
ONLY_FREE = "only the Memory: line tells what is free"


@dataclass(frozen=True, slots=True)
class Phase:
    """The memory at one moment, in bytes; None where it is not known, ``reason`` says why.

    ``reserved + in_use + listed + free`` is ``ram``. ``slab`` and ``percpu`` are parts of
    ``in_use``; ``slab`` counts the slabs that the trace shows objects of, so that older ones
    may be missing from it. The first percpu chunk is part of ``reserved``.
    """

    name: str
    line: Source | None
    ram: int | None = None
    reserved: int | None = None
    in_use: int | None = None
    slab: int | None = None
    percpu: int | None = None
    listed: int | None = None
    free: int | None = None
    reason: str = ""


def phases(boot: Boot) -> list[Phase]:
    """Return the phases that the boot shows, in order; empty where it shows none."""
    places = find_places(boot)
    events = [place.event for place in places if place.event is not None]
    watch = PageWatch(0, at=tuple(events))
    stages = ("page_alloc",) if boot.has_trace else ("mm_init",)
    context = replay(boot, stages=stages, watches=[watch]).context
    early, late = _Early(boot, context), _Late(boot, context, watch, events)
    return [early.phase(p) if p.early or p.name == HANDOFF else late.phase(p) for p in places]


class _Early:
    """The phases up to the hand-off, from memblock's lists."""

    def __init__(self, boot: Boot, context: Context) -> None:
        self.history = context.take(History)
        self.handoff = context.take(Handoff)
        self.printed = next(iter(boot.of(MemoryLine)), None)
        self.page_size = boot.kernel.page_size or 0

    def phase(self, place: Place) -> Phase:
        """Return a phase: memory that is reserved where there is none is left out."""
        if place.name == HANDOFF:
            return self._handoff(place)
        if self.history is None or place.line is None:
            return Phase(place.name, place.line, reason=NO_MEMBLOCK)
        regions = self.history.at(place.line.line)
        memory = union((r.start, r.end) for r in regions if r.list == "memory")
        kept = [(r.start, r.end) for r in regions if r.list == "reserved"]
        if not memory:
            return Phase(place.name, place.line, reserved=total(kept), reason=NO_MEMORY)
        ram, reserved = total(memory), total(intersect(memory, kept))
        return Phase(place.name, place.line, ram, reserved, 0, 0, 0, 0, ram - reserved)

    def _handoff(self, place: Place) -> Phase:
        if self.handoff is None and self.printed is not None:
            free = self.printed.available * 1024
            return Phase(place.name, self.printed.source, free=free, reason=ONLY_FREE)
        if self.handoff is None:
            return Phase(place.name, place.line, reason=NO_HANDOFF)
        ram = present(self.handoff) * self.page_size
        free = sum(zone.free_pages for zone in self.handoff.zones) * self.page_size
        return Phase(place.name, place.line, ram, ram - free, 0, 0, 0, 0, free)


def present(handoff: Handoff) -> int:
    """Return the pages of RAM in all zones."""
    return sum(zone.zone.present for zone in handoff.zones)


class _Late:
    """The phases after the hand-off, from the replayed trace."""

    def __init__(
        self, boot: Boot, context: Context, watch: PageWatch, events: Sequence[int]
    ) -> None:
        self.boot = boot
        self.watch = watch
        self.handoff = context.take(Handoff)
        self.page_size = boot.kernel.page_size or 0
        self.slabs = slab_pages(boot)
        self.percpu = percpu_pages(boot, events)
        checks = context.take(MemoryChecks)
        free = checks.setting.memory.free_at_handoff if checks is not None else None
        self.given = union((area.start_pfn, area.end_pfn) for area in free or ())
        self.late: list[tuple[int, int, int]] = []
        if watch.twin is not None and self.handoff is not None:
            self.late = late_pages(watch.twin.stream, self._apart(), self._zones())

    def _grown(self) -> bool:
        """Return whether deferred memory came without an event (deferred_grow_zone)."""
        assert self.handoff is not None
        deferred = union((area.start_pfn, area.end_pfn) for area in self.handoff.deferred)
        seen = [(pfn, pfn + pages) for _, pages, pfn in self.late]
        return total(intersect(deferred, seen)) < total(deferred)

    def _apart(self) -> list[tuple[int, int]]:
        """Return what the page allocator was given at the hand-off, as pfn ranges."""
        assert self.handoff is not None
        deferred = union((area.start_pfn, area.end_pfn) for area in self.handoff.deferred)
        return [r for r in intersect(self.given, self._but(deferred)) if r[0] < r[1]]

    def _but(self, holes: list[tuple[int, int]]) -> list[tuple[int, int]]:
        edges = [0, *(edge for hole in holes for edge in hole), 1 << 52]
        return list(zip(edges[::2], edges[1::2], strict=True))

    def _zones(self) -> list[tuple[int, int]]:
        assert self.handoff is not None
        return union((z.zone.start_pfn, z.zone.end_pfn) for z in self.handoff.zones)

    def phase(self, place: Place) -> Phase:
        """Return a phase; its parts are None where the simulation does not know them."""
        if place.event is None:
            return Phase(place.name, place.line, reason=place.reason)
        if self.handoff is None:
            return Phase(place.name, place.line, reason=NO_HANDOFF)
        sample = self.watch.before(place.event)
        if sample is None or sample.reason:
            reason = "" if sample is None else sample.reason
            return Phase(place.name, place.line, reason=reason or place.reason)
        free = sum(zone.free for zone in sample.zones)
        listed = sum(zone.listed for zone in sample.zones)
        return self._divided(place, place.event, free, listed)

    def _divided(self, place: Place, event: int, free: int, listed: int) -> Phase:
        assert self.handoff is not None
        ram, size = present(self.handoff), self.page_size
        given = sum(end - start for start, end in self._apart())
        if self._grown():
            known = {"listed": listed * size, "free": free * size}
            return Phase(place.name, place.line, ram * size, **known, reason=GROWN)
        came = bisect_right(self.late, (event, -1, -1))
        given += sum(pages for _, pages, _ in self.late[:came])
        slab = None
        if isinstance(self.slabs, list):
            slab = size * sum(slab.pages for slab in self.slabs if slab.lives_before(event))
        percpu = self.percpu.get(event)
        return Phase(
            place.name,
            place.line,
            ram * size,
            (ram - given) * size,
            (given - free - listed) * size,
            slab,
            None if percpu is None else percpu * size,
            listed * size,
            free * size,
        )


def late_pages(
    stream: Stream, given: list[tuple[int, int]], zones: list[tuple[int, int]]
) -> list[tuple[int, int, int]]:
    """Return (event, pages, pfn) of each free that gives the allocator pages it never had.

    The initrd, init memory, memory maps of holes, CMA areas, deferred memory and the like.
    ``given`` is what it had from the hand-off and ``zones`` all zones, as pfn ranges.
    """
    starts = [start for start, _ in given]
    seen: set[int] = set()
    found: list[tuple[int, int, int]] = []
    for row, kind in enumerate(stream.kind):
        if kind != FREE:
            continue
        pfn = stream.pfn[row]
        place = bisect_right(starts, pfn) - 1
        known = place >= 0 and pfn < given[place][1]
        if known or pfn in seen or not any(start <= pfn < end for start, end in zones):
            continue
        pages = 1 << stream.order[row]
        seen.update(range(pfn, pfn + pages))
        found.append((stream.event[row], pages, pfn))
    return found


def percpu_pages(boot: Boot, events: Sequence[int]) -> dict[int, int]:
    """Return the pages of percpu chunks but the first just before events of the trace.

    A page that a chunk is populated with costs one page for each possible cpu
    (mm/percpu-vm.c:pcpu_alloc_pages). Empty where the chunks are not known.
    """
    trace, cpus = boot.trace if boot.has_trace else None, possible_cpus(boot)
    allocator = first_allocator(boot)
    if trace is None or isinstance(allocator, str) or not cpus:
        return {}
    found: dict[int, int] = {}
    looks = [(event, partial(_look, found, event, allocator, cpus)) for event in events]
    replay_events(trace, PercpuTwin(Ledger("percpu"), allocator, whole=True), looks)
    return found


def _look(found: dict[int, int], event: int, allocator: PercpuAllocator, cpus: int) -> None:
    chunks = allocator.chunks()
    first = {id(allocator.first_chunk), id(allocator.reserved_chunk)}
    found[event] = cpus * sum(len(c.populated) for c in chunks if id(c) not in first)


def possible_cpus(boot: Boot) -> int:
    """Return the number of possible cpus as percpu's lines show them, 0 where they do not."""
    return sum(
        cpu is not None for line in boot.of(PcpuAllocMap) for _, cpus in line.allocs for cpu in cpus
    )
