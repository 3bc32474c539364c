"""Objects of a used-up slab that no line allocated: lost lines that no later line passes over.

A cache makes a new slab only when no other one has a free object.  So when a slab is left behind
with objects that no line allocated, and yet another new slab is made, somebody has them.
"""

from __future__ import annotations

from tracekit.mm.slub import NEVER_SEEN, Slab
from tracekit.replay.slub.desk import Desk, SimulatedCache
from tracekit.replay.slub.passed_over import PassedOver
from tracekit.replay.slub.world import ASKED_CAPACITY

__all__ = ["Leftovers"]


class Leftovers:
    """Watches the slabs that CPUs leave for a new one, a slab a cache."""

    def __init__(self, desk: Desk, passed_over: PassedOver) -> None:
        self.desk = desk
        self.passed_over = passed_over
        self.one_cpu = not any(desk.stream.cpu)
        self.left: dict[int, tuple[Slab, int, int]] = {}

    def new_slab(self, row: int, simulated: SimulatedCache) -> list[tuple[int, int]]:
        """A new slab is made; return (slab, slot) of what lines were lost for, as told now."""
        number = simulated.facts.number
        left = self.left.pop(number, None)
        slab = simulated.cache.cpu(self.desk.stream.cpu[row]).slab
        if slab is not None and self._whole_life(simulated, slab):
            count = slab.state.count(NEVER_SEEN)
            if count:
                self.left[number] = slab, row, count
        if left is None or left[0].state.count(NEVER_SEEN) != left[2]:
            return []
        return self._report(simulated, *left)

    def _whole_life(self, simulated: SimulatedCache, slab: Slab) -> bool:
        """Say whether every object of a slab has lines, and no other CPU can have set it aside."""
        cache = simulated.cache
        here = next(iter(cache.cpus.values()))
        alone = self.one_cpu and len(cache.nodes) == 1
        seen = not (slab.old or slab.skipped or here.free.unsure or simulated.blind)
        # Caches that ask for sheaves had them before all others did (6.18).
        unseen = simulated.silent or simulated.name in ASKED_CAPACITY
        return alone and seen and not (unseen or cache.rules.debug)

    def _report(
        self, simulated: SimulatedCache, slab: Slab, row: int, count: int
    ) -> list[tuple[int, int]]:
        slots = [slot for slot, state in enumerate(slab.state) if state == NEVER_SEEN]
        slab.skipped = True
        places = [(slab.name, slot) for slot in slots]
        found = self.desk.ledger.report(
            "SL105",
            self.desk.source(row),
            f"object of {simulated.name}",
            logged="an object of a new slab",
            simulated=f"ptr=0x{self.desk.pointer(simulated, slab, slots[0]):x}"
            + (f" and {count - 1} more" if count > 1 else ""),
            explanation="the slab before it was used up, but no line allocated all of its objects",
            alternatives=(
                f"lines of {count} allocations were lost",
                "objects were allocated in bulk, which prints nothing",
            ),
        )
        self.passed_over.reported(found, places)
        return places
