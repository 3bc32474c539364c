"""Hold slabinfo's objects against the simulated slabs at the moment when it was read."""

from __future__ import annotations

from tracekit.events.base import Source
from tracekit.events.table import Trace
from tracekit.observed.slabinfo import SlabinfoRow
from tracekit.replay.ledger import Ledger
from tracekit.replay.slub.desk import SimulatedCache
from tracekit.replay.slub.stream import ALLOC, FREE
from tracekit.replay.slub.twin import SlubTwin

__all__ = ["check_snapshot", "snapshot_window"]

OLDER = "the cache is older than the trace"
UNSEEN = "no event of the trace belongs to the cache"
UNSEEN_SLABS = "sheaves hold objects of slabs that no line shows"
BLIND_SPOT = "events were off while the cache was in use"
SILENT = "the cache's bulk allocations print nothing"
NO_WINDOW = "the trace does not show when slabinfo was read"

_MARK = "tracekit: snapshot "

Counts = tuple[int, int]


def snapshot_window(trace: Trace, name: str) -> tuple[int, int] | None:
    """Return the events between which a state file was read, as indexes of the trace.

    Most captures write one marker before each file; the oldest ones only begin and end.
    """
    marks = [(marker.index, marker.text.strip()) for marker in trace.markers]
    begin = end = None
    for place, (index, text) in enumerate(marks):
        if text == _MARK + name:
            return index, marks[place + 1][0] if place + 1 < len(marks) else len(trace)
        if text == _MARK + "begin":
            begin = index
        elif text == _MARK + "end":
            end = index
    return None if begin is None else (begin, len(trace) if end is None else end)


def counted(simulated: SimulatedCache) -> Counts | None:
    """Return (active objects, all objects) as slabinfo counts them (get_slabinfo).

    Objects on cpu slabs, on per-cpu partial lists and in sheaves count as active.  None where
    sheaves hold objects of slabs that no line shows.
    """
    census = simulated.cache.census()
    return None if census is None else (census[0] - census[1], census[0])


def check_snapshot(ledger: Ledger, path: str, rows: list[SlabinfoRow], twin: SlubTwin) -> None:
    """Let the twin run through the window, and compare every row with what it saw there."""
    window = snapshot_window(twin.desk.stream.trace, "slabinfo")
    if window is None:
        ledger.unchecked("snapshot", NO_WINDOW, len(rows))
        return
    by_name = {simulated.name: simulated for simulated in twin.world.caches}
    twin.run(window[0])
    seen = {name: {counted(simulated)} for name, simulated in by_name.items()}

    def look(row: int) -> None:
        touched = _touched(twin, row)
        if touched is not None and by_name[touched.name] is touched:
            seen[touched.name].add(counted(touched))

    twin.run(window[1], look)
    for row in rows:
        simulated = by_name.get(row.name)
        reason = _undecided(simulated)
        if reason or simulated is None:
            ledger.unchecked("snapshot", reason or UNSEEN)
        elif (row.active_objects, row.objects) in seen[row.name]:
            ledger.matched("snapshot")
        else:
            _report(ledger, path, row, simulated)


def _touched(twin: SlubTwin, row: int) -> SimulatedCache | None:
    """Return the cache that an allocation or free belongs to."""
    stream, world = twin.desk.stream, twin.world
    if stream.op[row] not in (ALLOC, FREE):
        return None
    known = world.slabs.get(world.linear.pfn(stream.where[row]))
    return known[0] if known else None


def _undecided(simulated: SimulatedCache | None) -> str:
    """Return why a cache's count cannot be known, "" where it can."""
    if simulated is None or not simulated.allocs:
        return UNSEEN
    if simulated.silent:
        return SILENT
    if simulated.old_slabs or not simulated.first_on_new:
        return OLDER
    if counted(simulated):
        return ""
    return BLIND_SPOT if simulated.blind else UNSEEN_SLABS


def _report(ledger: Ledger, path: str, row: SlabinfoRow, simulated: SimulatedCache) -> None:
    active, objects = counted(simulated) or (0, 0)
    ledger.diverged(
        "snapshot",
        "SL402",
        Source(path, row.line),
        row.name,
        logged=f"{row.active_objects} of {row.objects} objects in use",
        simulated=f"{active} of {objects} objects in use",
    )
