"""Where a trace is silent about what happened: stretches that the twins leave unchecked.

Nothing here is guessed from missing frees or the like; each gap has a sign of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracekit.events import bulk

ABSENT = -(1 << 63)

if TYPE_CHECKING:
    from tracekit.events.table import Trace

BEFORE_ALL = -1
# Switching a kmem event on allocates, see tracepoint_add_func() in kernel/tracepoint.c.
SWITCHING = "tracepoint_add_func"
IDLE, INIT = 0, 1
UNREAD = "a line with an event could not be read"
MOST_STEPS_BACK = 1000
# What an allocation prints before its own line, where its slab has to take new pages.
PAGES_TAKEN = ("mm_page_alloc", "mm_page_alloc_zone_locked", "mm_page_alloc_extfrag")


@dataclass(frozen=True)
class Gap:
    """Events are missing somewhere after event ``first`` and before event ``last``.

    Both are indexes of the global order: ``first`` is -1 where the trace's head is missing,
    ``last`` is len(trace) where its tail is. ``cpu`` is the one whose events are missing, None
    where it may be any. ``count`` is how many, None where the trace does not tell. What the
    missing events touched is unknown after ``first``; they are no events themselves, so a gap
    whose first and last are neighbours still parts them. ``reason`` is one clause. A gap that
    every boot with such a trace has is ``usual``: it makes no trace incomplete.
    """

    first: int
    last: int
    cpu: int | None
    count: int | None
    reason: str
    usual: bool = False


def find_gaps(trace: Trace) -> list[Gap]:
    """Return the gaps of a trace, in order."""
    found = [*_head(trace), *_lost(trace), *_blind(trace), *_clock(trace), *_tail(trace)]
    return sorted(found, key=lambda gap: (gap.first, gap.last))


def _head(trace: Trace) -> Iterator[Gap]:
    header = trace.header
    if trace.others:
        reason = "other traces of the boot were not read"
        yield Gap(BEFORE_ALL, len(trace), None, None, reason)
    missing = 0
    if header.entries is not None and header.written is not None:
        missing = header.written - header.entries
    if missing > 0:
        yield Gap(BEFORE_ALL, 0, None, missing, "the ring buffer overwrote the oldest events")
    elif trace.clock_switched:
        yield Gap(BEFORE_ALL, 0, None, None, "a change of trace clock emptied the ring buffer")
    elif trace.headless:
        yield Gap(BEFORE_ALL, 0, None, None, "events were on from boot, their beginning is missing")


def _lost(trace: Trace) -> Iterator[Gap]:
    for loss in trace.losses:
        reason = UNREAD if loss.unread else "the ring buffer lost events"
        yield Gap(loss.index - 1, loss.index, loss.cpu, loss.count, reason)
    if trace.counts.unparsed > len(trace.unparsed):
        yield Gap(BEFORE_ALL, len(trace), None, None, "more lines than are kept could not be read")


def _blind(trace: Trace) -> Iterator[Gap]:
    """Yield the window in which boot's events were off, kernel/trace/trace_events.c.

    They are switched on by the idle task in trace_event_init(); event_trace_enable_again(),
    an initcall, switches them off and on again, and what that allocates is seen once more.
    """
    table = trace.table("kmalloc")
    if "call_site" not in table:
        return
    sites = [place for place, text in enumerate(trace.texts) if text.startswith(SWITCHING)]
    rows = sorted(row for site in sites for row in bulk.places(table["call_site"], site))
    places = [table.index[row] for row in rows]
    tasks = trace.prefix("pid")
    pids = {place: tasks[trace["prefix"][place]] for place in places}
    again = [place for place in places if pids[place] == INIT]
    if again and pids[places[0]] == IDLE:
        reason = "boot's events were off for a while"
        yield Gap(begin_of(trace, again[0]) - 1, again[-1], None, None, reason, usual=True)


def begin_of(trace: Trace, place: int) -> int:
    """Return the first event of the slab allocation whose own line is the event ``place``.

    A slab that has no free object takes pages first: their lines of the same task come before.
    """
    kinds, prefixes = trace["kind"], trace["prefix"]
    pages = {trace.code(name) for name in PAGES_TAKEN}
    tasks, cpus = trace.prefix("pid"), trace.prefix("cpu")
    own = (tasks[prefixes[place]], cpus[prefixes[place]])
    while place and kinds[place - 1] in pages:
        prefix = prefixes[place - 1]
        if (tasks[prefix], cpus[prefix]) != own:
            break
        place -= 1
    return place


def _clock(trace: Trace) -> Iterator[Gap]:
    """Yield where time runs back on one cpu: lines out of order, or a clock that was changed.

    The kernel says once that the clock of the ring buffer ran back (kernel/trace/ring_buffer.c,
    rb_add_timestamp): the order of one cpu's events is right all the same.
    """
    if not len(trace):
        return
    cpus = trace.prefix("cpu")
    back = bulk.descents(trace["time"], trace["prefix"], cpus)
    if len(back) > MOST_STEPS_BACK:
        yield Gap(BEFORE_ALL, len(trace), None, None, "lines are not in order of time")
        return
    for place in () if trace.clock_ran_back else back:
        cpu = cpus[trace["prefix"][place]]
        usual = _before_init(trace, place)
        reason = "sched_clock() was set up" if usual else "time runs back"
        yield Gap(place - 1, place, None if cpu == ABSENT else cpu, None, reason, usual=usual)


def _before_init(trace: Trace, place: int) -> bool:
    """Return whether only the idle task had logged anything up to this event.

    Late in start_kernel() the clock of printk and of traces gets its rate: sched_clock_init()
    of kernel/sched/clock.c, and before it late_time_init(). Its time may step back then.
    """
    tasks, prefixes = trace.prefix("pid"), trace["prefix"]
    return all(tasks[prefixes[row]] == IDLE for row in range(place + 1))


def _tail(trace: Trace) -> Iterator[Gap]:
    entries, counts, end = trace.header.entries, trace.counts, len(trace)
    unread = sum(loss.unread for loss in trace.losses)
    read = counts.events + counts.markers + unread + sum(counts.unknown.values())
    if trace.damage:
        yield Gap(end - 1, end, None, None, trace.damage.rstrip("."))
    elif entries is not None and read < entries:
        yield Gap(end - 1, end, None, entries - read, "the header promises more events than follow")
    elif trace.cut:
        yield Gap(end - 1, end, None, None, "the last line is cut")
