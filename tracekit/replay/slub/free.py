"""Is a freed object in use, and does it belong to the cache that its line names?"""

from __future__ import annotations

from tracekit.mm.slub import FREED, LIVE, NEVER_SEEN, Slab
from tracekit.replay.slub.address import FILLED_BEFORE, AddressCheck
from tracekit.replay.slub.desk import BULK, Desk, SimulatedCache, SlubRules
from tracekit.replay.slub.ties import Ties
from tracekit.replay.slub.world import World

__all__ = ["FreeCheck"]


class FreeCheck:
    """Checks frees, and lets the simulated caches follow them."""

    def __init__(
        self, desk: Desk, world: World, address: AddressCheck, rules: SlubRules, ties: Ties
    ) -> None:
        self.desk = desk
        self.ties = ties
        self.address = address
        self.world = world
        self.rules = rules
        self._cpu = desk.stream.cpu
        self._where = desk.stream.where
        self._what = desk.stream.what
        self._several = any(cpu > 0 for cpu in desk.stream.trace.prefix("cpu"))

    def free(self, row: int) -> None:
        """Check that an object is in use and of the cache that the line names; free it."""
        pointer = self._where[row]
        pfn = self.world.pfn(pointer)
        owner = self.world.slabs.get(pfn)
        if owner is None:
            self._outside_slabs(row, pointer, pfn)
        else:
            self._in_slab(row, pointer, owner[0], owner[1])

    def _outside_slabs(self, row: int, pointer: int, pfn: int) -> None:
        """A free outside every known slab: whole pages, or something older than the trace."""
        world = self.world
        state, before = world.row_of(pointer, pfn)
        older = world.old_owner(pfn) if state != LIVE else None
        if older is not None:
            slab = world.old_slab(older, pfn >> older.order << older.order)
            self._in_slab(row, pointer, older, slab)
        elif state == LIVE:
            self.desk.frees += 1
            world.give_back(pointer, pfn, row)
        elif state == FREED and world.pages.out(pfn) < 0:
            self._report(row, "SL201", "an object", "the object is free", before)
        else:
            self.desk.unchecked["free", FILLED_BEFORE] += 1

    def _in_slab(self, row: int, pointer: int, simulated: SimulatedCache, slab: Slab) -> None:
        slot = self.world.slot_of(simulated, slab.name, pointer)
        if slot < 0:
            self._report(row, "SL204", f"object of {simulated.name}", "the start of an object")
            return
        named, state = self._what[row], slab.state[slot]
        other = named >= 0 and simulated.belongs_to_other(named)
        expected = state == LIVE or (state == NEVER_SEEN and slab.old)
        if not other and (expected or self.ties.allocated_first(row)):
            self.desk.frees += 1
            if self._several and state == LIVE:
                self._count_travel(row, simulated, slab.notes[slot])
        elif not self._explained(row, simulated, slab, slot, other):
            return
        simulated.frees += 1
        slab.state[slot] = FREED
        slab.notes[slot] = row
        simulated.cache.free(self._cpu[row], slab, slot)

    def _count_travel(self, row: int, simulated: SimulatedCache, made: int) -> None:
        """Count an object that is freed on another CPU than it was allocated on."""
        if made >= 0 and self._cpu[made] != self._cpu[row]:
            simulated.travelled += 1
            simulated.travelled_row = row

    def _explained(
        self, row: int, simulated: SimulatedCache, slab: Slab, slot: int, other: bool
    ) -> bool:
        """Explain or report a free that should not be; say whether the object counts as freed."""
        subject, state = f"object of {simulated.name}", slab.state[slot]
        if other:
            self._report(row, "SL202", subject, _WANTED["SL202"])
        elif self._unseen(row, simulated, slab, slot):
            if simulated.silent:
                self.desk.unchecked["free", BULK] += 1
            else:
                self.desk.inferred["free"] += 1
            simulated.note_bulk(row)
        elif state == FREED:
            lost = self._gap(row, simulated, slab.notes[slot])
            self._report(row, "SL201", subject, "the object is free", slab.notes[slot], lost)
            return False
        else:
            lost = self._gap(row, simulated, -1)
            self._report(row, "SL203", subject, _WANTED["SL203"], lost=lost)
        if state == FREED:
            simulated.cache.forget(slab, slot)
        return True

    def _unseen(self, row: int, simulated: SimulatedCache, slab: Slab, slot: int) -> bool:
        """Say whether the object can have been allocated without a line."""
        state, freed = slab.state[slot], slab.notes[slot]
        self.address.passed_over.freed((slab.name, slot))
        excused = simulated.silent or (simulated.blind and freed < self.world.blind_row)
        excused = excused or (state == NEVER_SEEN and slab.skipped)
        return excused or self.address.freed_unallocated(slab, slot)

    def _gap(self, row: int, simulated: SimulatedCache, since: int) -> int:
        """Return the row before which the object's allocation most likely was lost."""
        since = max(since, self.address.last_alloc(row, simulated))
        return self.address.lost_before(row, simulated, since)

    def _report(
        self,
        row: int,
        code: str,
        subject: str,
        wanted: str,
        related: int | None = None,
        lost: int | None = None,
    ) -> None:
        named = self.desk.stream.what[row]
        name = f" by cache {self.desk.stream.names[named]}" if named >= 0 else ""
        if lost is not None and lost != row:
            related = row
        self.desk.diverge(
            row if lost is None else lost,
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
