"""The phases of a boot: which line begins or ends each, and where in the trace that is.

printk and ftrace's default clock both build on sched_clock(), so a line's time finds its place
among the events (kernel/printk/printk.c:vprintk_store, kernel/trace/trace_clock.c). Where that
clock is only marked stable late in boot (x86), the two run apart until then; what the events
themselves show must do for earlier lines.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from tracekit.boot import Boot
from tracekit.events.base import Event, Source
from tracekit.events.boot import CpusUp
from tracekit.events.init_steps import ClockStable, DriverCoreUp, InitRuns
from tracekit.events.initrd import Ramdisk, RamdiskNew
from tracekit.events.memblock import MemblockCall, MemblockRequest
from tracekit.events.mm_init import Freeing, SlubBanner
from tracekit.events.percpu_setup import PcpuAllocSizes
from tracekit.events.table import Trace
from tracekit.replay.memblock.moments import follows_handoff

HANDOFF = "hand-off"
UNSEEN = "no event shows the page allocator before the trace begins"
NO_TRACE = "there is no trace of the page allocator"
STOPPED = "the clock was not running yet"
APART = "the log's clock and the trace's run apart until sched_clock is marked stable"
DEVTMPFS = "kdevtmpfs"
SNAPSHOT = "tracekit: snapshot begin"
COUNTING = "the trace's clock only counts, so a line's time has no place in it"
SWITCHED = "the trace's clock was changed, so a line's time has no place in it"
NO_TIMES = "the log has no times"
MICROSECOND = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """A moment of the boot: its name and the line that shows it.

    ``early`` moments lie before the hand-off. ``event`` is the index of the first event of
    the trace after the moment, None where it is before the trace or not known; ``reason``
    says why then.
    """

    name: str
    line: Source | None
    early: bool = False
    event: int | None = None
    reason: str = ""


def find_places(boot: Boot) -> list[Place]:
    """Return the phases that the boot shows, in the order of the kernel's start-up."""
    return [*_early(boot), *_late(boot), *_traced(boot.trace if boot.has_trace else None)]


def _first(boot: Boot, *kinds: type[Event]) -> Event | None:
    return next((event for event in boot.events if isinstance(event, kinds)), None)


def _early(boot: Boot) -> Iterator[Place]:
    begin = _first(boot, MemblockCall, MemblockRequest)
    if begin is not None:
        yield Place("memblock start", begin.source, early=True)
    percpu = _first(boot, PcpuAllocSizes)
    if percpu is not None:
        yield Place("percpu up", percpu.source, early=True)
    handoff = next((event for event in boot.events if follows_handoff(event)), None)
    if handoff is not None:
        yield Place(HANDOFF, handoff.source, reason=UNSEEN)
    slab = _first(boot, SlubBanner)
    if slab is not None:
        # start_kernel() calls kmem_cache_init() before trace_init() switches events on
        yield Place("slab up", slab.source, reason=UNSEEN)
    trace = boot.trace if boot.has_trace else None
    if trace is not None and len(trace):
        yield Place("first event", _line(trace, 0), event=0)


def _late(boot: Boot) -> Iterator[Place]:
    freeing = boot.of(Freeing)
    initrd = next((event for event in freeing if event.what == "initrd"), None)
    # x86 frees unused decrypted memory first, under the same name
    init = next((event for event in reversed(freeing) if event.what == "initmem"), None)
    drivers = _first(boot, DriverCoreUp)
    if drivers is not None:
        yield _place(boot, "initcalls", drivers.source, _devtmpfs(boot))
    elif (cpus := _first(boot, CpusUp)) is not None:
        yield _place(boot, "initcalls", cpus.source)
    if initrd is not None:
        yield _place(boot, "initrd freed", initrd.source, _initrd(boot, initrd.kib))
    for name, event in (("init memory freed", init), ("userland", _first(boot, InitRuns))):
        if event is not None:
            yield _place(boot, name, event.source)


def _place(boot: Boot, name: str, line: Source, shown: int | None = None) -> Place:
    """Return a place by its line's time, or by what the events show where that is known."""
    if shown is not None:
        return Place(name, line, event=shown)
    index, reason = _index(boot, line)
    return Place(name, line, event=index, reason=reason)


def _devtmpfs(boot: Boot) -> int | None:
    """Return the event after the first of devtmpfs_init()'s thread, which it waits for."""
    trace = boot.trace if boot.has_trace else None
    if trace is None or "comm" not in trace.prefixes:
        return None
    named = {i for i, comm in enumerate(trace.prefixes["comm"]) if trace.text(comm) == DEVTMPFS}
    found = (i for i, prefix in enumerate(trace["prefix"]) if prefix in named)
    first = next(found, None) if named else None
    return None if first is None else first + 1


def _initrd(boot: Boot, kib: int) -> int | None:
    """Return the event after the free of the initrd's last page, None where none shows it."""
    trace, size = boot.trace if boot.has_trace else None, boot.kernel.page_size
    disks = [*boot.of(RamdiskNew), *boot.of(Ramdisk)]
    if trace is None or not disks or not size:
        return None
    start, end = (address // size for address in disks[0].range)
    freed: set[int] = set()
    table = trace.table("mm_page_free")
    for index, pfn in zip(table.index, table["pfn"], strict=True) if len(table) else ():
        if start <= pfn <= end:
            freed.add(pfn)
            if len(freed) * size == kib * 1024:
                return index + 1
    return None


def _traced(trace: Trace | None) -> Iterator[Place]:
    if trace is None or not len(trace):
        return
    for marker in trace.markers:
        if marker.text.strip() == SNAPSHOT:
            time = None if trace.counting_clock else marker.time / 1e9
            yield Place("snapshot", Source(trace.path, marker.line, time), event=marker.index)
            break
    last = len(trace) - 1
    yield Place("end of the trace", _line(trace, last), event=len(trace))


def _line(trace: Trace, index: int) -> Source | None:
    if not len(trace):
        return None
    time = None if trace.counting_clock else trace["time"][index] / 1e9
    return Source(trace.path, trace["line"][index], time)


def _index(boot: Boot, line: Source) -> tuple[int | None, str]:
    """Return the first event after a line of the log; None and why where there is none."""
    trace = boot.trace if boot.has_trace else None
    if trace is None or not len(trace):
        return None, NO_TRACE
    if trace.counting_clock or trace.clock_switched:
        return None, COUNTING if trace.counting_clock else SWITCHED
    if not line.time:
        return None, NO_TIMES if line.time is None else STOPPED
    stable = next(iter(boot.of(ClockStable)), None)
    if stable is not None and line.line < stable.source.line:
        return None, APART
    until = round(line.time * 1e9) + MICROSECOND - 1 - (stable.offset if stable else 0)
    index = bisect_right(list(accumulate(trace["time"], max)), until)
    return (index, "") if index else (None, UNSEEN)
