"""May an object lie where its line says: on a free place of a slab of its own cache?"""

from __future__ import annotations

from tracekit.mm.slub import LIVE, Slab
from tracekit.mm.slub_freelist import UNKNOWN
from tracekit.replay.slub.address import NOWHERE, AddressCheck, Place
from tracekit.replay.slub.desk import BULK, Desk, SimulatedCache, SlubRules
from tracekit.replay.slub.ties import Ties
from tracekit.replay.slub.world import World

__all__ = ["AllocCheck"]

TWICE = "the kernel prints this allocation twice"
# Events are switched on one after the other within so many lines.
_BURST_ROWS = 64
WHOLE_PAGES = "whole pages, see page_alloc"
TIED = "lines of another cpu with the same time may have come after it"


class AllocCheck:
    """Checks allocations, and lets the simulated caches follow them."""

    def __init__(
        self, desk: Desk, world: World, address: AddressCheck, rules: SlubRules, ties: Ties
    ) -> None:
        stream = desk.stream
        self.desk = desk
        self.ties = ties
        self.world = world
        self.address = address
        self.rules = rules
        self.previous = -1
        self._cpu = stream.cpu
        self._where = stream.where
        self._what = stream.what
        self._node = stream.node
        self._asked = stream.asked
        self._cache_of = world.identity.cache_of
        self._kmalloc = bytes(key.kmalloc for key in stream.keys)
        # The first row of a kmem_cache_alloc, and that of a kmalloc.
        self._first_rows = [-1, -1]
        self._off_row = -_BURST_ROWS

    def events_off(self, row: int) -> None:
        """Forget since when allocations are logged: events were off before `row`.

        A second such place soon after is where the last of them was switched on again.
        """
        if row - self._off_row > _BURST_ROWS:
            self._first_rows = [-1, -1]
        self._off_row = row

    def alloc(self, row: int) -> None:
        """Check an allocation's place, compare it with the predicted one, and adopt it."""
        world, key, pointer = self.world, self._what[row], self._where[row]
        before = self.previous
        if before >= 0 and self._where[before] == pointer and self._printed_twice(row, pointer):
            return
        self.previous = row
        number = self._cache_of[key]
        if number < 0:
            self._whole_pages(row, pointer)
            return
        kmalloc = self._kmalloc[key]
        if self._first_rows[kmalloc] < 0:
            self._first_rows[kmalloc] = row
        simulated = world.caches[number]
        simulated.allocs += 1
        simulated.asked += self._asked[row]
        head = world.pfn(pointer) >> simulated.order << simulated.order
        slot = world.slot_of(simulated, head, pointer)
        if slot >= 0:
            self._in_slab(row, simulated, head, slot)
        else:
            self._report(row, simulated, "SL101", "a place where objects of its cache start")
            self._take_expected(row, simulated)

    def _take_expected(self, row: int, simulated: SimulatedCache) -> None:
        """The line's address is wrong, but an object was taken: the one that comes next."""
        cpu = self.desk.stream.cpu[row]
        slab, slot = simulated.cache.predict(cpu, self.world.cpu_node.get(cpu, 0))
        if slab is not None and slot >= 0:
            simulated.cache.commit(cpu, slab, slot)
            slab.state[slot] = LIVE
            slab.notes[slot] = row

    def _printed_twice(self, row: int, pointer: int) -> bool:
        """Some allocations are printed by an inner and again by an outer function."""
        before = self.previous
        if self._cpu[before] != self._cpu[row] or not self.world.made_by(pointer, before):
            return False
        self.desk.objects += 1
        self.desk.unchecked["address", TWICE] += 1
        return True

    def _whole_pages(self, row: int, pointer: int) -> None:
        """A kmalloc() beyond the largest cache is a block of pages."""
        self.desk.unchecked["address", WHOLE_PAGES] += 1
        linear = self.world.linear
        if (pointer - linear.base) & ((1 << linear.page_shift) - 1):
            self.desk.diverge(row, "object", "SL101", "whole pages", "a page boundary")
            return
        self.world.whole[pointer] = row
        self.world.returned.pop(pointer, None)
        self.desk.objects += 1

    def _in_slab(self, row: int, simulated: SimulatedCache, head: int, slot: int) -> None:
        world = self.world
        owner = world.slabs.get(head)
        if owner is not None and owner[0] is not simulated:
            text = f"ptr=0x{self.desk.stream.pointer(row):x} on a slab of {owner[0].name}"
            self._report(row, simulated, "SL103", f"a slab of {simulated.name}", text)
            return
        cpu, node = self._cpu[row], self._node[row]
        strict = node >= 0 and world.several
        nid = node if strict else world.cpu_node.get(cpu, 0)
        expected = simulated.cache.predict(cpu, nid, strict)
        if owner is None:
            slab = self._on_unknown_page(row, simulated, head, slot, expected)
        else:
            slab = owner[1]
            self._on_slab(row, simulated, slab, slot, expected)
            if self.address.pending:
                self.address.next_alloc(row, simulated)
        simulated.last_row[cpu] = row
        slab.notes[slot] = row

    def _on_unknown_page(
        self, row: int, simulated: SimulatedCache, head: int, slot: int, expected: Place
    ) -> Slab:
        """The object lies on a page that is no slab yet: a new slab, or one from before."""
        world, freed = self.world, self.world.pages.back(head)
        if freed >= 0:
            text = f"ptr=0x{self.desk.stream.pointer(row):x} on pfn 0x{head:x}, which is free"
            self._report(row, simulated, "SL104", "a page in use", text, freed)
            slab = world.old_slab(simulated, head)
            simulated.cache.adopt(self._cpu[row], slab, slot)
            slab.state[slot] = LIVE
            return slab
        self.desk.objects += 1
        if self._made_in_sight(row, head):
            slab = self._new_slab(row, simulated, head, slot, expected)
        else:
            slab = world.old_slab(simulated, head)
            self.address.elsewhere(row, simulated, expected)
            simulated.cache.adopt(self._cpu[row], slab, slot)
        slab.state[slot] = LIVE
        return slab

    def _made_in_sight(self, row: int, head: int) -> bool:
        """Say whether the page was handed out in the trace, and with allocations being logged."""
        logged = max(self._first_rows[self._kmalloc[self._what[row]]], self.world.blind_row)
        return self.world.pages.out(head) > logged

    def _new_slab(
        self, row: int, simulated: SimulatedCache, head: int, slot: int, expected: Place
    ) -> Slab:
        world = self.world
        cpu, nid = self._cpu[row], world.nodes.nid(head)
        if self._node[row] < 0:
            world.cpu_node[cpu] = nid
        if simulated.allocs == 1 and not simulated.frees:
            simulated.first_on_new = True
            self.address.born(simulated)
        self.address.on_new_slab(row, simulated, slot, expected)
        made = world.pages.out(head) > simulated.last_row.get(cpu, -1)
        made = made and not self._raced(simulated, cpu, expected)
        slab = simulated.cache.adopt_new(cpu, head, simulated.objects, slot, nid, made)
        simulated.blind = False
        world.own(simulated, slab)
        return slab

    def _raced(self, simulated: SimulatedCache, cpu: int, expected: Place) -> bool:
        """Say whether the slab was asked for before another task made one for the same cache.

        A task that is preempted while it gets the pages goes on with them all the same.  One object
        left may as well have been taken by a line that was lost.
        """
        if expected[0] is None or expected[1] < 0 or self.rules.sheaves or simulated.silent:
            return False
        rules = simulated.cache.rules
        free = expected[0].free if rules.debug else simulated.cache.cpu(cpu).free
        return len(free) > 1 and not (free.unsure or expected[0].old or simulated.blind)

    def _on_slab(
        self, row: int, simulated: SimulatedCache, slab: Slab, slot: int, expected: Place
    ) -> None:
        next_slab, next_slot = expected
        predicted = next_slab is slab and next_slot == slot
        if slab.state[slot] == LIVE and self.ties.given_back_first(row, slab.notes[slot]):
            self.desk.objects += 1
            self.desk.frees += 1
            self.desk.unchecked["address", TIED] += 1
            return
        if slab.state[slot] == LIVE:
            self._in_use(row, simulated, expected)
            if not predicted:
                self.address.came_unseen(row, simulated, (slab, slot), expected)
                return
        else:
            self.desk.objects += 1
        cpu, cache = self._cpu[row], simulated.cache
        slab.state[slot] = LIVE
        if self.address.lost or self.address.claims:
            self.address.allocated(slab, slot)
        if predicted:
            cache.commit(cpu, slab, slot)
            self.desk.addresses += 1
        elif next_slot == UNKNOWN:
            self.address.undecided(slab, expected)
            if next_slab is slab:
                cache.commit(cpu, slab, slot)
            else:
                cache.adopt(cpu, slab, slot)
        elif not self.address.on_slab(row, simulated, slab, slot, expected):
            cache.adopt(cpu, slab, slot)

    def _in_use(self, row: int, simulated: SimulatedCache, expected: Place) -> None:
        """The place is in use: its object was freed without a line, or the line is wrong."""
        if simulated.silent:
            self.desk.unchecked["object", BULK] += 1
            simulated.note_bulk(row)
        elif simulated.blind or expected[1] < 0:
            self.desk.inferred["object"] += 1
            simulated.note_bulk(row)
        else:
            self.address.in_use(row, simulated, expected)

    def _report(
        self,
        row: int,
        simulated: SimulatedCache,
        code: str,
        wanted: str,
        logged: str = "",
        related: int | None = None,
    ) -> None:
        subject = f"object of {simulated.name}"
        self.desk.diverge(row, "object", code, subject, wanted, logged=logged, related=related)
        self.desk.unchecked["address", NOWHERE] += 1
