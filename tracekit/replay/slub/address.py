"""Is an object the very one that the allocator hands out next?  And if not, what explains it?"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.divergence import Severity
from tracekit.mm.slub import FREED, LIVE, NEW_SLAB, Slab
from tracekit.mm.slub_freelist import UNKNOWN
from tracekit.replay.page_alloc.stream import interrupt_context
from tracekit.replay.slub.desk import Desk, SimulatedCache, SlubRules
from tracekit.replay.slub.gap import Gaps
from tracekit.replay.slub.leftover import Leftovers
from tracekit.replay.slub.passed_over import CAME_BETWEEN, PassedOver

__all__ = ["FILLED_BEFORE", "AddressCheck", "Place"]

FILLED_BEFORE = "the slab was filled before the trace begins"
RANDOM_FIRST = "the first object of a new slab is drawn at random"
SEQUENCE = "the cache's random sequence is not known yet"
BLIND_SPOT = "events were off just before"
NOWHERE = "the object lies on no place of a slab"
UNDECIDED = "no later line tells who owns the object"

# A place as Cache.predict() returns it, and one that is known.
Place = tuple[Slab | None, int]
Spot = tuple[Slab, int]

_PATIENCE_ALLOCS = 3
_RECENT_ROWS = 16
_MOST_ROWS = 400


@dataclass(slots=True)
class Pending:
    """An allocation that passed over others: later lines tell whether they come, or never do."""

    row: int
    simulated: SimulatedCache
    slab: Slab
    expected: int
    skipped: list[Spot]
    since: int = -1
    allocs: int = 0


class AddressCheck:
    """Compares each object with the predicted one, and explains what differs."""

    def __init__(self, desk: Desk, rules: SlubRules) -> None:
        self.desk = desk
        self.rules = rules
        self.pending: dict[int, Pending] = {}
        self.claims: dict[tuple[int, int], Pending] = {}
        self.lost: set[tuple[int, int]] = set()
        self.passed_over = PassedOver(desk.ledger)
        self.leftovers = Leftovers(desk, self.passed_over)
        self.late: set[tuple[int, int]] = set()
        self.gaps: Gaps | None = None

    # ------------------------------------------------------------ where it lies

    def undecided(self, slab: Slab, expected: Place) -> None:
        """Nothing could tell which object comes next."""
        reason = SEQUENCE if expected[0] is slab and not slab.old else FILLED_BEFORE
        self.desk.unchecked["address", reason] += 1

    def on_new_slab(self, row: int, simulated: SimulatedCache, slot: int, expected: Place) -> None:
        """The object is the first of a new slab."""
        self.lost.update(self.leftovers.new_slab(row, simulated))
        if expected[1] not in (NEW_SLAB, UNKNOWN):
            self.elsewhere(row, simulated, expected)
        elif self.rules.shuffled:
            self.desk.unchecked["address", RANDOM_FIRST] += 1
        elif expected[1] == UNKNOWN:
            self.desk.unchecked["address", FILLED_BEFORE] += 1
        elif slot == 0:
            self.desk.addresses += 1
        elif simulated.blind:
            self.desk.unchecked["address", BLIND_SPOT] += 1
        else:
            self._report_slab(row, simulated, "the first object of a new slab")

    def born(self, simulated: SimulatedCache) -> None:
        """The cache's first object of the trace lies on a new slab."""

    def elsewhere(self, row: int, simulated: SimulatedCache, expected: Place) -> None:
        """The object lies on another slab than predicted."""
        if not self._excused(row, simulated, expected):
            slab, slot = expected
            place = "an object of a new slab"
            if slab is not None:
                place = f"ptr=0x{self.desk.pointer(simulated, slab, slot):x}"
            self._report_slab(row, simulated, place)

    def _excused(self, row: int, simulated: SimulatedCache, expected: Place) -> bool:
        """Enter what the state cannot decide, or what is known to happen without a line."""
        unchecked = self.desk.unchecked
        here = simulated.cache.cpu(self.desk.stream.cpu[row])
        if simulated.blind or here.free.unsure:
            unchecked["address", BLIND_SPOT] += 1
        elif expected[1] == UNKNOWN or (expected[0] is not None and expected[0].old):
            unchecked["address", FILLED_BEFORE] += 1
        elif simulated.silent:
            self.desk.inferred["address"] += 1
            simulated.note_bulk(row)
        elif expected[0] is here.slab and here.free.tentative(simulated.cache.sequence):
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
        if self._settles_claim(simulated, slab, slot, expected):
            return False
        if self._excused(row, simulated, expected):
            return False
        if self._taken_on_another_cpu(row, simulated, slab, slot):
            return True
        if slab is not expected[0]:
            self.elsewhere(row, simulated, expected)
            return False
        sequence, rules = simulated.cache.sequence, simulated.cache.rules
        free = slab.free if rules.debug else simulated.cache.cpu(self.desk.stream.cpu[row]).free
        turns = rules.debug and rules.reverses
        before = free.before(slot, sequence, slab.objects)
        skipped = [(slab, each) for each in before or ()]
        late = self._just_freed(row, skipped) or self._landed_late(slab.notes[slot], skipped)
        if skipped and late and free.take_below(slot, sequence, slab.objects, turns):
            self.desk.inferred["address"] += 1
            return True
        if skipped and not turns and self._freed_late(row, skipped):
            self.late.update((each.name, at) for each, at in skipped)
            self.desk.inferred["address"] += 1
            simulated.cache.adopt(self.desk.stream.cpu[row], slab, slot)
            return True
        if self._turned_round(simulated, slab, slot, expected):
            self.desk.inferred["address"] += 1
            return True
        self._wait(row, simulated, slab, expected[1], skipped or [(slab, expected[1])])
        return False

    def _settles_claim(
        self, simulated: SimulatedCache, slab: Slab, slot: int, expected: Place
    ) -> bool:
        """Say whether this is what comes after an object that a wrong line took."""
        claim = self.claims.get((slab.name, expected[1]))
        if claim is None or slab is not expected[0]:
            return False
        for here in simulated.cache.cpus.values():
            before = here.free.before(slot, simulated.cache.sequence, slab.objects)
            if here.slab is slab and before == [expected[1]]:
                del self.claims[slab.name, expected[1]]
                self._report_claim(claim)
                self.desk.inferred["address"] += 1
                return True
        return False

    def _freed_late(self, row: int, skipped: list[Spot]) -> bool:
        """Say whether what was passed over was not free yet, though the line of its free stands.

        That line is printed before the object is freed; a task that was preempted in between has
        printed nothing since.
        """
        stream, pids = self.desk.stream, self.desk.stream.trace["pid"]
        own = pids[stream.index[row]]
        for slab, slot in skipped:
            freed = slab.notes[slot] if slab.state[slot] == FREED else -1
            if freed < max(row - _MOST_ROWS, 0):
                return False
            pid = pids[stream.index[freed]]
            since = range(freed + 1, row)
            if pid == own or any(pids[stream.index[each]] == pid for each in since):
                return False
        return True

    def _was_freed_late(self, slab: Slab, slot: int) -> bool:
        """Say whether the object is one that was passed over because it was not free yet."""
        if (slab.name, slot) not in self.late:
            return False
        self.late.discard((slab.name, slot))
        self.desk.inferred["address"] += 1
        return True

    def _turned_round(
        self, simulated: SimulatedCache, slab: Slab, slot: int, expected: Place
    ) -> bool:
        """Say whether the slab was taken from its CPU and given back (kmem_cache_shrink).

        That prints nothing; up to 5.11 it turned the free list round (deactivate_slab).
        """
        cache = simulated.cache
        if not cache.rules.reverses or cache.rules.debug or expected[0] is not slab:
            return False
        here = next((here for here in cache.cpus.values() if here.slab is slab), None)
        if here is None or here.free.bottom(cache.sequence, slab.objects) != slot:
            return False
        here.free.reverse()
        here.free.take(slot, cache.sequence, slab.objects)
        return True

    def _just_freed(self, row: int, skipped: list[Spot]) -> bool:
        """Say whether what was passed over was freed after this object was taken.

        The line of an allocation is printed after the object was taken; interrupts and tasks
        that came in between can free others, whose lines then stand first.
        """
        since = self._last_of_task(row)
        return all(slab.state[slot] == FREED and slab.notes[slot] > since for slab, slot in skipped)

    def _landed_late(self, freed: int, skipped: list[Spot]) -> bool:
        """Say whether the object reached its list only after what was passed over had.

        The line of a free is printed before the object is put on a list: interrupts and tasks
        that came in between can free others, which then lie below it.
        """
        if freed < 0:
            return False
        resumed = self._next_of_task(freed)
        return all(
            slab.state[slot] == FREED and freed < slab.notes[slot] < resumed
            for slab, slot in skipped
        )

    def _next_of_task(self, row: int) -> int:
        """Return the next row after `row` that its task printed on its CPU outside interrupts.

        Returns `row` where the row itself stands in an interrupt, or nothing shows what does.
        """
        stream, trace = self.desk.stream, self.desk.stream.trace
        flags, pids = trace["flags"], trace["pid"]
        cpu, pid = stream.cpu[row], pids[stream.index[row]]
        last = min(row + _MOST_ROWS, len(stream))
        for after in range(row, last):
            shown = trace.text(flags[stream.index[after]])
            if not shown or (after == row and interrupt_context(shown)):
                return row
            same = stream.cpu[after] == cpu and pids[stream.index[after]] == pid
            if after > row and same and not interrupt_context(shown):
                return after
        return last

    def _last_of_task(self, row: int) -> int:
        """Return the last row before `row` that its task printed on its CPU outside interrupts."""
        stream, trace = self.desk.stream, self.desk.stream.trace
        flags, pids = trace["flags"], trace["pid"]
        cpu, pid = stream.cpu[row], pids[stream.index[row]]
        for before in range(row - 1, max(row - _MOST_ROWS, -1), -1):
            shown = trace.text(flags[stream.index[before]])
            if not shown:
                return row - _RECENT_ROWS
            if stream.cpu[before] != cpu or pids[stream.index[before]] != pid:
                continue
            if not interrupt_context(shown):
                return before
        return row - _MOST_ROWS

    def _taken_on_another_cpu(
        self, row: int, simulated: SimulatedCache, slab: Slab, slot: int
    ) -> bool:
        """Say whether the task moved to this CPU between taking the object and printing it."""
        cache, own = simulated.cache, self.desk.stream.cpu[row]
        for cpu in list(cache.cpus):
            if cpu != own and cache.predict(cpu, slab.node) == (slab, slot):
                cache.commit(cpu, slab, slot)
                self.desk.inferred["address"] += 1
                return True
        return False

    # ------------------------------------------------------------------ pending

    def _wait(
        self, row: int, simulated: SimulatedCache, slab: Slab, expected: int, skipped: list[Spot]
    ) -> None:
        """Keep an unexplained object until the cache's next allocations."""
        number = simulated.facts.number
        before = self.pending.pop(number, None)
        if before is not None:
            self._report_skip(before)
        since = max(each.notes[at] for each, at in skipped)
        since = max(since, self.last_alloc(row, simulated))
        self.pending[number] = Pending(row, simulated, slab, expected, skipped, since)

    def last_alloc(self, row: int, simulated: SimulatedCache) -> int:
        """Return the row of the cache's last allocation on the CPU of `row`, -1 for none."""
        return simulated.last_row.get(self.desk.stream.cpu[row], -1)

    def lost_before(self, row: int, simulated: SimulatedCache, since: int) -> int:
        """Return the row before which a line most likely was lost, `row` where nothing tells.

        It stood after row `since`.
        """
        if row - since > _MOST_ROWS:
            return row
        if self.gaps is None:
            self.gaps = Gaps(self.desk.stream)
        return self.gaps.place(since, row, simulated.facts.keys)

    def _comes_late(self, simulated: SimulatedCache, slab: Slab, slot: int) -> bool:
        """Say whether this object was taken before one whose line came first."""
        waiting = self.pending.get(simulated.facts.number)
        if waiting is None or (slab, slot) not in waiting.skipped:
            return False
        waiting.skipped.remove((slab, slot))
        self.desk.inferred["address"] += 1
        if not waiting.skipped:
            del self.pending[simulated.facts.number]
            self.desk.inferred["address"] += 1
        return True

    def next_alloc(self, row: int, simulated: SimulatedCache) -> None:
        """Let what waits for this cache see its next allocation."""
        waiting = self.pending.get(simulated.facts.number)
        if waiting is None or waiting.row == row:
            return
        if self.desk.stream.cpu[waiting.row] != self.desk.stream.cpu[row]:
            return
        waiting.allocs += 1
        if waiting.allocs >= _PATIENCE_ALLOCS:
            del self.pending[simulated.facts.number]
            self._report_skip(waiting)

    def in_use(self, row: int, simulated: SimulatedCache, expected: Place) -> None:
        """The object is in use: was it freed without a line (kfree_rcu), or is this line wrong?

        If the line is wrong, the object expected here was taken, and somebody will free it; if not,
        it will be allocated.
        """
        slab, slot = expected
        if slab is None:
            self.desk.inferred["object"] += 1
            simulated.note_bulk(row)
            return
        # An earlier claim to the same object is refuted: that object is still to come.
        self.allocated(slab, slot)
        self.claims[slab.name, slot] = Pending(row, simulated, slab, slot, [])

    def came_unseen(self, row: int, simulated: SimulatedCache, spot: Spot, expected: Place) -> None:
        """The object is in use as far as lines tell, and not the predicted one."""
        self.desk.unchecked["address", NOWHERE] += 1

    def allocated(self, slab: Slab, slot: int) -> None:
        """An object was allocated: nobody can have had it before."""
        self.lost.discard((slab.name, slot))
        self.passed_over.taken((slab.name, slot))
        claim = self.claims.pop((slab.name, slot), None)
        if claim is not None:
            self.desk.inferred["object"] += 1
            claim.simulated.note_bulk(claim.row)

    def freed_unallocated(self, slab: Slab, slot: int) -> bool:
        """An object was freed that no line allocated; say whether a known fault explains it."""
        place = slab.name, slot
        claim = self.claims.pop(place, None)
        if claim is not None:
            self._report_claim(claim)
            return True
        for number, waiting in self.pending.items():
            if (slab, slot) in waiting.skipped:
                del self.pending[number]
                self._report_skip(waiting)
                break
        known = place in self.lost
        self.lost.discard(place)
        return known

    def finish(self) -> None:
        """Report what still waits; an object in use at the very end stays undecided."""
        for waiting in self.pending.values():
            self._report_skip(waiting)
        if self.claims:
            self.desk.unchecked["object", UNDECIDED] += len(self.claims)
        self.pending.clear()
        self.claims.clear()

    # ------------------------------------------------------------------ reports

    def _report_claim(self, claim: Pending) -> None:
        self.desk.diverge(
            claim.row,
            "object",
            "SL102",
            f"object of {claim.simulated.name}",
            f"ptr=0x{self.desk.pointer(claim.simulated, claim.slab, claim.expected):x}",
        )

    def _report_skip(self, waiting: Pending) -> None:
        simulated = waiting.simulated
        if all(self._taken_since(waiting.row, slab, slot) for slab, slot in waiting.skipped):
            self.desk.unchecked["address", CAME_BETWEEN] += 1
            return
        waiting.slab.skipped = True
        places = [(slab.name, slot) for slab, slot in waiting.skipped]
        self.lost.update(places)
        self.desk.diverge(
            self._gap(waiting),
            "address",
            "SL105",
            f"object of {simulated.name}",
            f"ptr=0x{self.desk.pointer(simulated, waiting.slab, waiting.expected):x}",
            alternatives=(
                f"lines of allocations before it were lost ({len(waiting.skipped)} or more)",
                "objects were allocated in bulk, which prints nothing",
            ),
            severity=self._severity(simulated),
            logged=f"ptr=0x{self.desk.stream.pointer(waiting.row):x}",
            related=waiting.row,
        )
        self.passed_over.reported(self.desk.ledger.failures[-1], places)

    def _taken_since(self, row: int, slab: Slab, slot: int) -> bool:
        """Return whether a line after the row took an object, which nobody can have had then."""
        return slab.state[slot] == LIVE and slab.notes[slot] > row

    def _gap(self, waiting: Pending) -> int:
        """Return the row before which the line that `waiting` misses most likely stood.

        With several CPUs it is a note, for which reading the order of all lines costs too much.
        """
        if len(waiting.skipped) > 1 or not self.leftovers.one_cpu:
            return waiting.row
        return self.lost_before(waiting.row, waiting.simulated, waiting.since)

    def _severity(self, simulated: SimulatedCache) -> Severity | None:
        """Return NOTE where what nobody sees can explain an object that was passed over.

        Where several CPUs use a cache, what one of them did in between cannot be excluded; and a
        mempool asks any cache for objects, so that its call site may stand for two of them.  With
        debugging all CPUs and tasks share a node's list, one of which may be preempted on its way.
        """
        shared = len(simulated.cache.cpus) > 1 or self._asked_by_mempool(simulated)
        shared = shared or simulated.cache.rules.debug
        return Severity.NOTE if shared else None

    def _asked_by_mempool(self, simulated: SimulatedCache) -> bool:
        keys = (self.desk.stream.keys[number] for number in simulated.facts.keys)
        return any(key.caller.startswith("mempool_") for key in keys)

    def _report_slab(self, row: int, simulated: SimulatedCache, place: str) -> None:
        self.desk.diverge(row, "address", "SL106", f"object of {simulated.name}", place)
