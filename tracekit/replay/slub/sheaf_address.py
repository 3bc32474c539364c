"""Is an object the one on top of its CPU's sheaf?  And if not, what explains it?"""

from __future__ import annotations

from bisect import bisect_left

from tracekit.divergence import Severity
from tracekit.mm.slub import NEW_SLAB, Slab
from tracekit.mm.slub_freelist import UNKNOWN
from tracekit.mm.slub_sheaf_cache import SheafCache
from tracekit.replay.slub.address import (
    BLIND_SPOT,
    RANDOM_FIRST,
    SEQUENCE,
    AddressCheck,
    Pending,
    Place,
    Spot,
)
from tracekit.replay.slub.desk import SimulatedCache

__all__ = ["FILLED_UNSEEN", "SheafCheck"]

FILLED_UNSEEN = "what the CPU's sheaf holds was put there without a line"
_MOST_ROWS = 400
FLUSHED = "sheaves were emptied just before"


class SheafCheck(AddressCheck):
    """Compares each object with the predicted one, for caches with sheaves."""

    def undecided(self, slab: Slab, expected: Place) -> None:
        """Nothing could tell which object comes next."""
        reason = SEQUENCE if expected[0] is slab else FILLED_UNSEEN
        self.desk.unchecked["address", reason] += 1

    def on_new_slab(self, row: int, simulated: SimulatedCache, slot: int, expected: Place) -> None:
        """The object is the first of a new slab to leave its sheaf."""
        if expected[1] not in (NEW_SLAB, UNKNOWN):
            self.elsewhere(row, simulated, expected)
        else:
            reason = RANDOM_FIRST if self.rules.shuffled else FILLED_UNSEEN
            self.desk.unchecked["address", reason] += 1

    def born(self, simulated: SimulatedCache) -> None:
        """The cache's first object lies on a new slab: take it for a cache just created."""
        sheaves_of(simulated).start_young()

    def _excused(self, row: int, simulated: SimulatedCache, expected: Place) -> bool:
        """Enter what the state cannot decide, or what is known to happen without a line."""
        cache, unchecked = sheaves_of(simulated), self.desk.unchecked
        cpu = self.desk.stream.cpu[row]
        if simulated.blind:
            unchecked["address", BLIND_SPOT] += 1
        elif expected[1] == UNKNOWN:
            unchecked["address", FILLED_UNSEEN] += 1
        elif self._flushed(row, simulated):
            unchecked["address", FLUSHED] += 1
            cache.lose()
        elif simulated.silent or cache.changes_sheaf(cpu):
            self.desk.inferred["address"] += 1
            simulated.note_bulk(row)
            cache.fed_unseen = True
        elif cache.tentative(cpu):
            unchecked["address", SEQUENCE] += 1
        else:
            return False
        return True

    def on_slab(
        self, row: int, simulated: SimulatedCache, slab: Slab, slot: int, expected: Place
    ) -> bool:
        """The object is not the predicted one; say whether the simulation is up to date again."""
        if self._comes_late(simulated, slab, slot):
            return True
        if self._was_freed_late(slab, slot):
            return True
        if self._excused(row, simulated, expected):
            return False
        if self._taken_on_another_cpu(row, simulated, slab, slot):
            return True
        if expected[0] is None:
            self.elsewhere(row, simulated, expected)
            return False
        cache, cpu = sheaves_of(simulated), self.desk.stream.cpu[row]
        skipped = cache.on_top_of(cpu, slab, slot)
        early = skipped and self._just_freed(row, skipped)
        if early and cache.take_below(cpu, slab, slot):
            self.desk.inferred["address"] += 1
            return True
        if skipped and self._freed_late(row, skipped) and cache.drop_above(cpu, slab, slot):
            self.late.update((each.name, at) for each, at in skipped)
            self.desk.inferred["address"] += 1
            return True
        self._wait(
            row, simulated, expected[0], expected[1], skipped or [(expected[0], expected[1])]
        )
        return False

    def _taken_on_another_cpu(
        self, row: int, simulated: SimulatedCache, slab: Slab, slot: int
    ) -> bool:
        """Say whether the task moved to this CPU between taking the object and printing it."""
        cache, own = sheaves_of(simulated), self.desk.stream.cpu[row]
        for cpu in list(cache.at_hand):
            if cpu != own and cache.predict(cpu, cache.sheaves(cpu).nid) == (slab, slot):
                cache.commit(cpu, slab, slot)
                self.desk.inferred["address"] += 1
                return True
        return False

    def in_use(self, row: int, simulated: SimulatedCache, expected: Place) -> None:
        """The object is in use: it came with a sheaf of kfree_rcu()'s, or the line is wrong."""
        if sheaves_of(simulated).changes_sheaf(self.desk.stream.cpu[row]):
            self.desk.inferred["object"] += 1
            simulated.note_bulk(row)
        else:
            super().in_use(row, simulated, expected)

    def came_unseen(self, row: int, simulated: SimulatedCache, spot: Spot, expected: Place) -> None:
        """The object is in use as far as lines tell: see whether it came with another sheaf."""
        cache, cpu = sheaves_of(simulated), self.desk.stream.cpu[row]
        if expected[1] != UNKNOWN and not (simulated.silent or cache.changes_sheaf(cpu)):
            super().came_unseen(row, simulated, spot, expected)
            return
        self.desk.unchecked["address", FILLED_UNSEEN] += 1
        cache.fed_unseen = True
        cache.adopt(cpu, *spot)

    def _flushed(self, row: int, simulated: SimulatedCache) -> bool:
        """Say whether some cache's sheaves were emptied since this one's last allocation here.

        kmem_cache_shrink() prints no line, but the spare sheaves that it frees have lines.
        """
        stream = self.desk.stream
        since = simulated.last_row.get(stream.cpu[row], -1)
        place = bisect_left(stream.flushes, stream.index[since] if since >= 0 else 0)
        return place < len(stream.flushes) and stream.flushes[place] < stream.index[row]

    def _report_skip(self, waiting: Pending) -> None:
        """Note what was passed over; if somebody frees it, a line was lost for certain."""
        super()._report_skip(waiting)
        self.lost.difference_update((slab.name, slot) for slab, slot in waiting.skipped)

    def _severity(self, simulated: SimulatedCache) -> Severity | None:
        return Severity.NOTE


def sheaves_of(simulated: SimulatedCache) -> SheafCache:
    """Return a cache with sheaves; TypeError for another."""
    if not isinstance(simulated.cache, SheafCache):
        raise TypeError(f"{simulated.name} has no sheaves")
    return simulated.cache
