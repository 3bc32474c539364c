"""Hold slabinfo's objects against the simulated slabs at the moment when it was read."""

from __future__ import annotations

from tracekit.events.base import Source
from tracekit.events.table import Trace
from tracekit.observed.slabinfo import SlabinfoRow
from tracekit.replay.ledger import Ledger
from tracekit.replay.slub.desk import SimulatedCache
from tracekit.replay.slub.stream import ALLOC, FREE, Key, SlabStream
from tracekit.replay.slub.twin import SlubTwin
from tracekit.replay.slub.world import SILENT as SILENT_NAMES

__all__ = ["check_snapshot", "snapshot_window"]

OLDER = "the cache is older than the trace"
UNSEEN = "no event of the trace belongs to the cache"
UNNAMED = "no event of the trace shows the cache's name"
UNSEEN_SLABS = "sheaves hold objects of slabs that no line shows"
BLIND_SPOT = "events were off while the cache was in use"
SILENT = "the cache's bulk allocations print nothing"
NO_WINDOW = "the trace does not show when slabinfo was read"

_MARK = "tracekit: snapshot "
# Who allocates a struct kmem_cache, where events do not name the cache (mm/slab_common.c).
_CREATORS = ("kmem_cache_create", "create_cache", "__kmem_cache_create_args", "__do_kmem_cache")
# Caches in use before anything can be traced, by kmem_cache_init() or workqueue_init_early().
_EARLY = frozenset({"kmem_cache", "kmem_cache_node", "pool_workqueue", "radix_tree_node"})

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


def caches_created(stream: SlabStream, until: int) -> int:
    """Return how many caches were created, and are still there, before an index of the trace.

    Each takes a struct kmem_cache.  A cache that is merged with another takes none.
    """
    makers = {number for number, key in enumerate(stream.keys) if _creates_cache(key)}
    count = 0
    for index, op, what in zip(stream.index, stream.op, stream.what, strict=True):
        if index >= until:
            break
        if op == ALLOC:
            count += what in makers
        elif op == FREE and what >= 0:
            count -= stream.names[what] == "kmem_cache"
    return count


def _creates_cache(key: Key) -> bool:
    if key.kmalloc or key.name:
        return key.name == "kmem_cache"
    return key.caller.startswith(_CREATORS)


def check_snapshot(ledger: Ledger, path: str, rows: list[SlabinfoRow], twin: SlubTwin) -> None:
    """Let the twin run through the window, and compare every row with what it saw there.

    slabinfo shows the newest cache first, so that the number of caches created in the trace tells
    whose whole life the trace shows.
    """
    window = snapshot_window(twin.desk.stream.trace, "slabinfo")
    if window is None:
        ledger.unchecked("snapshot", NO_WINDOW, len(rows))
        return
    by_name = {simulated.name: simulated for simulated in twin.world.caches}
    young = caches_created(twin.desk.stream, window[0])
    named = any(key.name for key in twin.desk.stream.keys)
    twin.run(window[0])
    seen = {name: {counted(simulated)} for name, simulated in by_name.items()}

    def look(row: int) -> None:
        touched = _touched(twin, row)
        if touched is not None and by_name[touched.name] is touched:
            seen[touched.name].add(counted(touched))

    twin.run(window[1], look)
    for place, row in enumerate(rows):
        simulated = by_name.get(row.name)
        reason = _undecided(simulated) if simulated else _unseen(row.name, place < young, named)
        if reason:
            ledger.unchecked("snapshot", reason)
        elif (row.active_objects, row.objects) in seen.get(row.name, {(0, 0)}):
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


def _undecided(simulated: SimulatedCache) -> str:
    """Return why a cache's count cannot be known, "" where it can."""
    if simulated.silent:
        return SILENT
    early = simulated.name in _EARLY or simulated.plain_kmalloc
    if early or simulated.old_slabs or not simulated.first_on_new:
        return OLDER
    if counted(simulated):
        return ""
    return BLIND_SPOT if simulated.blind else UNSEEN_SLABS


def _unseen(name: str, young: bool, named: bool) -> str:
    """Return why the count of a cache without events is not known to be none, "" if it is.

    That takes a cache created in the trace, and a kernel whose allocations name their cache.
    """
    if not named:
        return UNNAMED
    if name in SILENT_NAMES:
        return SILENT
    return "" if young else UNSEEN


def _report(ledger: Ledger, path: str, row: SlabinfoRow, simulated: SimulatedCache | None) -> None:
    active, objects = (counted(simulated) if simulated else None) or (0, 0)
    ledger.diverged(
        "snapshot",
        "SL402",
        Source(path, row.line),
        row.name,
        logged=f"{row.active_objects} of {row.objects} objects in use",
        simulated=f"{active} of {objects} objects in use",
    )
