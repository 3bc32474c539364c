"""What each simulated cache holds at the end of a trace, and how much of that is no use."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.boot import Boot
from tracekit.mm.slub import LIVE
from tracekit.replay.ledger import Ledger
from tracekit.replay.slub.desk import SimulatedCache
from tracekit.replay.slub.driver import debugs_all, has_events, make_twin
from tracekit.replay.slub.stream import read_stream
from tracekit.replay.slub.twin import SlubTwin

__all__ = ["NO_TRACE", "CacheHolding", "slab_holdings"]

NO_TRACE = "there is no trace of slab events"


@dataclass(frozen=True, slots=True)
class CacheHolding:
    """One cache at the end of the trace; sizes are bytes.

    `slabs` are those that lines show, `peak` the most held at once.  `live` objects of `objects`
    have an owner, who asked for `asked` bytes in all.  `older`: so many slabs were there before the
    trace; what of them no line shows is taken for live, but asked for nothing.  `travelled` objects
    were freed on another processor than they came from.
    """

    name: str
    size: int
    slab_bytes: int
    slabs: int
    peak: int
    objects: int
    live: int
    asked: int
    older: int
    allocated: int
    freed: int
    travelled: int

    @property
    def held(self) -> int:
        """Bytes of all slabs."""
        return self.slabs * self.slab_bytes

    @property
    def idle(self) -> int:
        """Bytes of the slabs in which nobody's object lies: free places, and what is left over."""
        return self.held - self.live * self.size

    @property
    def nearly_empty(self) -> bool:
        """Whether less than a quarter of the places in several slabs are taken."""
        return self.slabs > 1 and self.live * 4 < self.objects


def slab_holdings(boot: Boot) -> list[CacheHolding] | str:
    """Replay a boot's slab events; return its caches, those first that hold most for no use.

    A string says why they cannot be told.
    """
    debug, buckets = debugs_all(boot), boot.kernel.has("slab_buckets")
    stream = read_stream(boot.trace, buckets, debug) if boot.trace is not None else None
    if stream is None or not has_events(stream):
        return NO_TRACE
    twin = make_twin(Ledger("slub"), boot, stream)
    if isinstance(twin, str):
        return twin
    twin.run()
    found = [_holding(twin, simulated) for simulated in twin.world.caches]
    return sorted(found, key=lambda each: (-each.idle, each.name))


def _holding(twin: SlubTwin, simulated: SimulatedCache) -> CacheHolding:
    slabs = simulated.cache.slabs.values()
    unseen = sum(slab.state.count(0) for slab in slabs if slab.old)
    asked = sum(
        twin.desk.stream.asked[note]
        for slab in slabs
        for state, note in zip(slab.state, slab.notes, strict=True)
        if state == LIVE
    )
    return CacheHolding(
        name=simulated.name,
        size=simulated.size,
        slab_bytes=simulated.facts.geometry.pages << twin.desk.linear.page_shift,
        slabs=len(slabs),
        peak=simulated.peak_slabs,
        objects=sum(slab.objects for slab in slabs),
        live=sum(slab.state.count(LIVE) for slab in slabs) + unseen,
        asked=asked,
        older=simulated.old_slabs,
        allocated=simulated.allocs,
        freed=simulated.frees,
        travelled=simulated.travelled,
    )
