"""Is a freed object in use, and does it belong to the cache that its line names?"""

from __future__ import annotations

from tracekit.mm.slub import FREED, NEVER_SEEN, Slab
from tracekit.replay.slub.address import FILLED_BEFORE, AddressCheck
from tracekit.replay.slub.desk import Desk, SimulatedCache, SlubRules
from tracekit.replay.slub.world import World

__all__ = ["FreeCheck"]


class FreeCheck:
    """Checks frees, and lets the simulated caches follow them."""

    def __init__(self, desk: Desk, world: World, address: AddressCheck, rules: SlubRules) -> None:
        self.desk = desk
        self.address = address
        self.world = world
        self.rules = rules

    def free(self, row: int) -> None:
        """Check that an object is in use and of the cache that the line names; free it."""
        world = self.world
        pointer = self.desk.stream.pointer(row)
        pfn = world.linear.pfn(pointer)
        was_live = world.live.pop(pointer, None)
        owner = world.slabs.get(pfn)
        if owner is None and was_live is None:
            simulated = world.old_owner(pfn)
            if simulated is not None:
                order = simulated.facts.geometry.order
                owner = simulated, world.old_slab(simulated, pfn >> order << order)
        if owner is None:
            self._outside_slabs(row, pointer, pfn, was_live)
        else:
            self._in_slab(row, pointer, *owner)

    def _outside_slabs(self, row: int, pointer: int, pfn: int, was_live: int | None) -> None:
        """A free outside every known slab: whole pages, or something older than the trace."""
        world = self.world
        before = world.freed.get(pointer)
        if was_live is not None:
            self.desk.matched["free"] += 1
            world.freed[pointer] = row
        elif before is not None and pfn not in world.fresh:
            self._report(row, "SL201", "an object", "the object is free", before)
        else:
            self.desk.unchecked["free", FILLED_BEFORE] += 1

    def _in_slab(self, row: int, pointer: int, simulated: SimulatedCache, slab: Slab) -> None:
        slot = self.world.slot_of(simulated, slab.name, pointer)
        subject = f"object of {simulated.name}"
        if slot is None:
            self._report(row, "SL204", subject, "the start of an object")
            return
        state = slab.state[slot]
        verdict = self._verdict(row, simulated, slab, slot)
        if verdict == "SL201":
            self._report(row, "SL201", subject, "the object is free", self.world.freed.get(pointer))
            return
        if verdict:
            self._report(row, verdict, subject, _WANTED[verdict])
        if state == FREED:
            simulated.cache.forget(slab, slot)
        simulated.frees += 1
        slab.state[slot] = FREED
        self.world.freed[pointer] = row
        simulated.cache.free(self.desk.stream.cpu[row], slab, slot)

    def _verdict(self, row: int, simulated: SimulatedCache, slab: Slab, slot: int) -> str:
        """Return the code of what is wrong, "" where nothing is; enter the rest as checked."""
        named, state = self.desk.stream.what[row], slab.state[slot]
        if named >= 0 and simulated.belongs_to_other(named):
            return "SL202"
        unseen = state == FREED or (state == NEVER_SEEN and not slab.old)
        if not unseen:
            self.desk.matched["free"] += 1
            return ""
        freed = self.world.freed.get(self.desk.stream.pointer(row), -1)
        excused = simulated.silent or (simulated.blind and freed < self.world.blind_row)
        excused = excused or (state == NEVER_SEEN and slab.skipped)
        if excused or self.address.freed_unallocated(slab, slot):
            self.desk.inferred["free"] += 1
            simulated.note_bulk(row)
            return ""
        return "SL201" if state == FREED else "SL203"

    def _report(
        self, row: int, code: str, subject: str, wanted: str, related: int | None = None
    ) -> None:
        named = self.desk.stream.what[row]
        name = f" by cache {self.desk.stream.names[named]}" if named >= 0 else ""
        self.desk.diverge(
            row,
            "free",
            code,
            subject,
            wanted,
            logged=f"ptr=0x{self.desk.stream.pointer(row):x} freed{name}",
            alternatives=_ALTERNATIVES.get(code, ()),
            related=related,
        )


_WANTED = {
    "SL202": "the cache that the object's slab belongs to",
    "SL203": "an object that a line allocated",
}
_ALTERNATIVES = {
    "SL201": ("the line that allocated it in between was lost",),
    "SL203": ("the line that allocated it was lost",),
}
