"""Notes on how caches are used: slabs nearly empty, objects that travel between processors."""

from __future__ import annotations

from tracekit.mm.slub import LIVE
from tracekit.replay.slub.desk import Desk, SimulatedCache
from tracekit.replay.slub.world import World

__all__ = ["note_sparse_slabs", "note_travelling_objects", "objects_in_use"]

# A note must be worth reading: so many slabs, bytes and frees, so small or large a share.
_SLABS = 8
_IDLE_BYTES = 64 << 10
_IN_USE_SHARE = 0.25
_TRAVELLED = 1000
_TRAVELLED_SHARE = 0.5


def objects_in_use(simulated: SimulatedCache) -> int | None:
    """Return the objects that have an owner; None where slabs are older than the trace."""
    slabs = simulated.cache.slabs.values()
    if any(slab.old for slab in slabs):
        return None
    return sum(slab.state.count(LIVE) for slab in slabs)


def note_sparse_slabs(desk: Desk, world: World) -> None:
    """Note caches that end with many slabs of which little is in use."""
    page_size = 1 << desk.linear.page_shift
    for simulated in world.caches:
        shape, slabs = simulated.facts.geometry, simulated.cache.slabs
        in_use = objects_in_use(simulated)
        objects = sum(slab.objects for slab in slabs.values())
        if in_use is None or len(slabs) < _SLABS or in_use >= objects * _IN_USE_SHARE:
            continue
        held = len(slabs) * shape.pages * page_size
        if held - in_use * shape.size < _IDLE_BYTES:
            continue
        newest = max(max(slab.notes) for slab in slabs.values())
        desk.ledger.report(
            "SL303",
            desk.source(newest),
            f"slabs of {simulated.name}",
            logged=f"{in_use} of {objects} objects in use at the end",
            simulated=f"{len(slabs)} slabs of {held} bytes held",
        )


def note_travelling_objects(desk: Desk, world: World) -> None:
    """Note caches most of whose objects are freed on another processor than they came from."""
    for simulated in world.caches:
        travelled = simulated.travelled
        if travelled < _TRAVELLED or travelled < simulated.frees * _TRAVELLED_SHARE:
            continue
        desk.ledger.report(
            "SL304",
            desk.source(simulated.travelled_row),
            f"objects of {simulated.name}",
            logged=f"{travelled} of {simulated.frees} objects freed on another processor",
            simulated="freed where they were allocated",
        )
