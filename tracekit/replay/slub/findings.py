"""What is worth knowing at the end of a slab replay: inferences, notes, and the caches' state."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tracekit.events import bulk
from tracekit.mm.slub_sheaf_cache import SheafCache
from tracekit.replay.slub.desk import Desk, SimulatedCache
from tracekit.replay.slub.snapshot import counted
from tracekit.replay.slub.stream import ALLOC
from tracekit.replay.slub.usage import objects_in_use
from tracekit.replay.slub.world import World

__all__ = ["cache_state", "list_inferences", "note_growth", "note_waste"]

# A note must be worth reading: so many objects, so many bytes.
_GROWING = 1000
_WASTED_BYTES = 64 << 10
_WASTED_SHARE = 0.25
_MOST_NOTES = 10


def list_inferences(desk: Desk, world: World) -> None:
    """List what was taken for true because lines bear it out but none says it."""
    for simulated in world.caches:
        if simulated.bulk:
            desk.ledger.infer(
                "objects_without_lines",
                f"{simulated.bulk} objects of {simulated.name} came or went without a line",
                "later lines use them as if they had",
                desk.source(simulated.bulk_row),
            )
    first = next((row for row, op in enumerate(desk.stream.op) if op == ALLOC), None)
    _list_young(desk, world)
    old = sum(simulated.old_slabs for simulated in world.caches)
    if old and first is not None:
        desk.ledger.infer(
            "older_slabs",
            f"{old} slabs older than the trace, full where no line shows a free place",
            "lines allocate or free objects on pages that no line handed out",
            desk.source(first),
        )


def _list_young(desk: Desk, world: World) -> None:
    """List the caches with sheaves that were taken for new: nothing waited in sheaves before."""
    young = [each for each in world.caches if isinstance(each.cache, SheafCache)]
    young = [each for each in young if each.first_on_new and not each.old_slabs]
    if young:
        desk.ledger.infer(
            "new_caches",
            f"{len(young)} caches had no slabs when tracing began",
            "the first object that lines show of each lies on a slab just made, and no line shows "
            "an older slab",
            desk.source(_first_row(desk, young[0])),
        )


def note_growth(desk: Desk, world: World) -> None:
    """Note call sites whose objects only grow in number."""
    rows = world.living()
    living = Counter(desk.stream.what[row] for row in rows)
    total = _allocations(desk)
    last = {desk.stream.what[row]: row for row in rows}
    for what, count in living.most_common(_MOST_NOTES):
        key = desk.stream.keys[what]
        if count >= _GROWING and count == total[what] and key.caller:
            caller = key.caller.partition("+")[0]
            desk.ledger.report(
                "SL301",
                desk.source(last[what]),
                f"objects of {caller}",
                logged=f"{count} objects of {key.size} bytes allocated",
                simulated="none freed",
            )


def _allocations(desk: Desk) -> Counter[int]:
    """Return how many objects were allocated with each key."""
    op, what = desk.stream.op, desk.stream.what
    _, firsts, counts = bulk.number([op, what])
    pairs = zip(firsts, counts, strict=True)
    return Counter({what[row]: count for row, count in pairs if op[row] == ALLOC})


def note_waste(desk: Desk, world: World) -> None:
    """Note caches that give much more than they are asked for."""
    wasted = []
    for simulated in world.caches:
        given = simulated.allocs * simulated.facts.geometry.size
        waste = given - simulated.asked
        if waste >= _WASTED_BYTES and waste >= given * _WASTED_SHARE:
            wasted.append((waste, given, simulated))
    wasted.sort(key=lambda entry: -entry[0])
    for waste, given, simulated in wasted[:_MOST_NOTES]:
        row = _first_row(desk, simulated)
        desk.ledger.report(
            "SL302",
            desk.source(row),
            f"objects of {simulated.name}",
            logged=f"{simulated.asked} bytes asked for",
            simulated=f"{given} bytes given, {100 * waste // given} % wasted",
        )


def _first_row(desk: Desk, simulated: SimulatedCache) -> int:
    keys = set(simulated.facts.keys)
    rows = zip(desk.stream.op, desk.stream.what, strict=True)
    return next(row for row, (op, what) in enumerate(rows) if op == ALLOC and what in keys)


def cache_state(world: World) -> dict[str, Any]:
    """Return each cache's size, slabs and objects at the end, by name."""
    found = {}
    for simulated in world.caches:
        slabs = simulated.cache.slabs.values()
        active, objects = counted(simulated) or (None, sum(slab.objects for slab in slabs))
        found[simulated.name] = {
            "size": simulated.facts.geometry.size,
            "slabs": len(simulated.cache.slabs),
            "peak_slabs": simulated.peak_slabs,
            "in_use": objects_in_use(simulated),
            "objects": objects,
            "active": active,
            "allocated": simulated.allocs,
            "freed": simulated.frees,
            "older_slabs": simulated.old_slabs,
        }
    return found
