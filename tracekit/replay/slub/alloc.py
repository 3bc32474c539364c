"""May an object lie where its line says: on a free place of a slab of its own cache?"""

from __future__ import annotations

from tracekit.mm.slub import LIVE, Slab
from tracekit.mm.slub_freelist import UNKNOWN
from tracekit.replay.slub.address import NOWHERE, AddressCheck, Place
from tracekit.replay.slub.desk import Desk, SimulatedCache, SlubRules
from tracekit.replay.slub.world import World

__all__ = ["AllocCheck"]

TWICE = "the kernel prints this allocation twice"
WHOLE_PAGES = "whole pages, see page_alloc"


class AllocCheck:
    """Checks allocations, and lets the simulated caches follow them."""

    def __init__(self, desk: Desk, world: World, address: AddressCheck, rules: SlubRules) -> None:
        self.desk = desk
        self.world = world
        self.address = address
        self.rules = rules
        self.previous = -1
        self.first_row: dict[bool, int] = {}

    def alloc(self, row: int) -> None:
        """Check an allocation's place, compare it with the predicted one, and adopt it."""
        stream, world = self.desk.stream, self.world
        pointer = stream.pointer(row)
        if self._printed_twice(row, pointer):
            return
        self.previous = row
        number = world.identity.cache_of[stream.what[row]]
        if number < 0:
            self._whole_pages(row, pointer)
            return
        self.first_row.setdefault(stream.keys[stream.what[row]].kmalloc, row)
        simulated = world.caches[number]
        simulated.allocs += 1
        simulated.asked += stream.asked[row]
        order = simulated.facts.geometry.order
        head = world.linear.pfn(pointer) >> order << order
        slot = world.slot_of(simulated, head, pointer)
        if slot is None:
            self._report(row, simulated, "SL101", "a place where objects of its cache start")
            self._take_expected(row, simulated)
            return
        self._in_slab(row, simulated, head, slot)

    def _take_expected(self, row: int, simulated: SimulatedCache) -> None:
        """The line's address is wrong, but an object was taken: the one that comes next."""
        cpu = self.desk.stream.cpu[row]
        slab, slot = simulated.cache.predict(cpu, self.world.cpu_node.get(cpu, 0))
        if slab is not None and slot >= 0:
            simulated.cache.commit(cpu, slab, slot)
            slab.state[slot] = LIVE
            self.world.live[self.desk.pointer(simulated, slab, slot)] = row

    def _printed_twice(self, row: int, pointer: int) -> bool:
        """Some allocations are printed by an inner and again by an outer function."""
        before, stream = self.previous, self.desk.stream
        if (
            before < 0
            or stream.pointer(before) != pointer
            or self.world.live.get(pointer) != before
        ):
            return False
        if stream.cpu[before] != stream.cpu[row]:
            return False
        self.desk.matched["object"] += 1
        self.desk.unchecked["address", TWICE] += 1
        return True

    def _whole_pages(self, row: int, pointer: int) -> None:
        """A kmalloc() beyond the largest cache is a block of pages."""
        self.desk.unchecked["address", WHOLE_PAGES] += 1
        linear = self.world.linear
        if (pointer - linear.base) & ((1 << linear.page_shift) - 1):
            self.desk.diverge(row, "object", "SL101", "whole pages", "a page boundary")
            return
        self._remember(row)
        self.desk.matched["object"] += 1

    def _remember(self, row: int) -> None:
        pointer = self.desk.stream.pointer(row)
        self.world.live[pointer] = row
        self.world.freed.pop(pointer, None)

    def _in_slab(self, row: int, simulated: SimulatedCache, head: int, slot: int) -> None:
        world, stream = self.world, self.desk.stream
        owner = world.slabs.get(head)
        if owner is not None and owner[0] is not simulated:
            text = f"ptr=0x{stream.pointer(row):x} on a slab of {owner[0].name}"
            self._report(row, simulated, "SL103", f"a slab of {simulated.name}", text)
            return
        cpu, node = stream.cpu[row], stream.node[row]
        strict = world.nodes.several and node >= 0
        nid = node if strict else world.cpu_node.get(cpu, 0)
        expected = simulated.cache.predict(cpu, nid, strict)
        if owner is None:
            self._on_unknown_page(row, simulated, head, slot, expected)
        else:
            self._on_slab(row, simulated, owner[1], slot, expected)
            self.address.next_alloc(row, simulated)
        simulated.last_row[cpu] = row
        self._remember(row)

    def _on_unknown_page(
        self, row: int, simulated: SimulatedCache, head: int, slot: int, expected: Place
    ) -> None:
        """The object lies on a page that is no slab yet: a new slab, or one from before."""
        world = self.world
        if head in world.freed_pages:
            text = f"ptr=0x{self.desk.stream.pointer(row):x} on pfn 0x{head:x}, which is free"
            self._report(
                row, simulated, "SL104", "a page in use", text, world.freed_pages.pop(head)
            )
            slab = world.old_slab(simulated, head)
            simulated.cache.adopt(self.desk.stream.cpu[row], slab, slot)
            slab.state[slot] = LIVE
            return
        self.desk.matched["object"] += 1
        if self._made_in_sight(row, head):
            slab = self._new_slab(row, simulated, head, slot, expected)
        else:
            slab = world.old_slab(simulated, head)
            self.address.elsewhere(row, simulated, expected)
            simulated.cache.adopt(self.desk.stream.cpu[row], slab, slot)
        slab.state[slot] = LIVE

    def _made_in_sight(self, row: int, head: int) -> bool:
        """Say whether the page was handed out in the trace, and with allocations being logged."""
        stream = self.desk.stream
        handed_out = self.world.fresh.get(head)
        first = self.first_row[stream.keys[stream.what[row]].kmalloc]
        return handed_out is not None and handed_out > first

    def _new_slab(
        self, row: int, simulated: SimulatedCache, head: int, slot: int, expected: Place
    ) -> Slab:
        world, stream = self.world, self.desk.stream
        cpu, nid = stream.cpu[row], world.nodes.nid(head)
        if stream.node[row] < 0:
            world.cpu_node[cpu] = nid
        if simulated.allocs == 1 and not simulated.frees:
            simulated.first_on_new = True
            self.address.born(simulated)
        self.address.on_new_slab(row, simulated, slot, expected)
        objects = simulated.facts.geometry.objects
        made = world.fresh.get(head, row) > simulated.last_row.get(cpu, -1)
        slab = simulated.cache.adopt_new(cpu, head, objects, slot, nid, made)
        simulated.blind = False
        world.own(simulated, slab)
        return slab

    def _on_slab(
        self, row: int, simulated: SimulatedCache, slab: Slab, slot: int, expected: Place
    ) -> None:
        if slab.state[slot] == LIVE:
            self._in_use(row, simulated, expected)
            if expected != (slab, slot):
                self.address.came_unseen(row, simulated, (slab, slot), expected)
                return
        else:
            self.desk.matched["object"] += 1
        cpu, cache = self.desk.stream.cpu[row], simulated.cache
        slab.state[slot] = LIVE
        self.address.allocated(slab, slot)
        if expected == (slab, slot):
            cache.commit(cpu, slab, slot)
            self.address.as_expected()
        elif expected[1] == UNKNOWN:
            self.address.undecided(slab, expected)
            follow = cache.commit if expected[0] is slab else cache.adopt
            follow(cpu, slab, slot)
        elif not self.address.on_slab(row, simulated, slab, slot, expected):
            cache.adopt(cpu, slab, slot)

    def _in_use(self, row: int, simulated: SimulatedCache, expected: Place) -> None:
        """The place is in use: its object was freed without a line, or the line is wrong."""
        if simulated.silent or simulated.blind or expected[1] < 0:
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
