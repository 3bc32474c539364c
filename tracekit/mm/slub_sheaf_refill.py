"""The slabs behind sheaves: what a refill takes, and what a flush gives back (mm/slub.c, 7.0).

It mirrors get_from_partial_node(), refill_objects(), alloc_from_new_slab(), __slab_free() and
__kmem_cache_free_bulk().
"""

from __future__ import annotations

from tracekit.mm.slub import NEW_SLAB, Cache, CacheRules, Node, Slab
from tracekit.mm.slub_freelist import UNKNOWN, Freelist, Sequence
from tracekit.mm.slub_sheaf import Item, Run, Sheaf

__all__ = ["Place", "UnfrozenCache", "owner_of"]

Place = tuple[Slab | None, int]


class UnfrozenCache(Cache):
    """A cache whose slabs no CPU holds; sheaves of `capacity` objects are filled from them."""

    def __init__(
        self, sequence: Sequence, rules: CacheRules, capacity: int, *, old: bool = True
    ) -> None:
        super().__init__(sequence, rules, old=old)
        self.capacity = capacity

    def peek_partial(self, nid: int) -> Place:
        """Return (slab, slot) of what a request past the sheaves gets from node `nid`."""
        node = self.node(nid)
        if node.unknown:
            return None, UNKNOWN
        self._tidy(node)
        if not node.partial:
            return None, NEW_SLAB
        slab = node.partial[0]
        if slab.free.unsure:
            return slab, UNKNOWN
        return slab, slab.free.peek(self.sequence, slab.objects)

    def _tidy(self, node: Node) -> None:
        """Take slabs off the list that turned out to have nothing free."""
        for slab in [each for each in node.partial if not (each.free or each.free.unknown)]:
            self._unlist(slab)

    def is_vague(self, nid: int) -> bool:
        """Say whether a node's partial slabs, or what they hold, are not known."""
        node = self.node(nid)
        return node.unknown or any(slab.free.unsure or slab.free.unknown for slab in node.partial)

    def peek_refill(self, node: Node) -> Place:
        """Return the last object that a refill would bring: it is the first to leave."""
        taken, last, count = 0, None, 0
        for slab in node.partial:
            if slab.free.unsure or slab.free.unknown:
                return None, UNKNOWN
            last, count = slab, min(len(slab.free), self.capacity - taken)
            taken += count
            if taken >= self.capacity:
                return last, slots_of(last, count, self.sequence)[-1]
        return None, NEW_SLAB

    def refilled(self, nid: int) -> Sheaf:
        """Return a full sheaf of objects from the node's slabs, then from new ones."""
        sheaf, node = Sheaf(), self.node(nid)
        self._tidy(node)
        while node.partial and not sheaf.is_full(self.capacity):
            self._move(sheaf, node, node.partial.pop(0))
        while not sheaf.is_full(self.capacity):
            slab = Slab(NEW_SLAB, self.sequence.objects, node=nid)
            count = min(slab.objects, self.capacity - len(sheaf.items))
            slab.free = Freelist(fresh=slab.objects - count)
            if self.sequence.shuffled:
                sheaf.items += [Run(slab)] * count
            else:
                sheaf.items += [(slab, slot) for slot in range(count)]
                slab.free.last = count - 1
            if slab.free:
                self._list(node, slab, head=True)
        return sheaf

    def _move(self, sheaf: Sheaf, node: Node, slab: Slab) -> None:
        """Move a slab's free objects to a sheaf; what is too many goes back with the slab."""
        slab.listed = False
        count = min(len(slab.free), self.capacity - len(sheaf.items))
        slots = slots_of(slab, count, self.sequence)
        run = Run(slab)
        sheaf.items += [run if slot < 0 else (slab, slot) for slot in slots]
        free = slab.free
        stacked = min(count, len(free.stack))
        del free.stack[len(free.stack) - stacked :]
        if count > stacked:
            free.fresh -= count - stacked
            free.last = slots[-1]
        if free:
            self._list(node, slab, head=False)

    def take_partial(self, slab: Slab, slot: int) -> None:
        """Take what peek_partial() has named, or left unknown."""
        if not slab.free.stack or slot in slab.free.stack:
            slab.free.take(slot, self.sequence, slab.objects)
        else:
            slab.free.skip_to(slot, self.sequence, slab.objects)
        if not slab.free and not slab.free.unknown:
            self._unlist(slab)

    def adopt_direct(self, name: int, objects: int, slot: int, nid: int) -> Slab:
        """A new slab was made for a request past the sheaves; no partial one was left then."""
        node = self.node(nid)
        self.use_up(nid)
        slab = self.slabs[name] = Slab(name, objects, node=nid)
        slab.free = Freelist(fresh=objects)
        slab.free.take(slot, self.sequence, objects)
        if slab.free:
            self._list(node, slab, head=True)
        return slab

    def use_up(self, nid: int) -> None:
        """A new slab was made: no other one of the node had a free object left."""
        node = self.node(nid)
        node.unknown = False
        node.partial.clear()
        for slab in self.slabs.values():
            if slab.node == nid:
                slab.listed = False
                slab.free = Freelist()

    def lists(self, slab: Slab, slot: int) -> bool:
        """Say whether the object is on its slab's own list, as far as is known."""
        return not slab.free.unsure and slab.free.holds(slot, self.sequence, slab.objects)

    def take_listed(self, slab: Slab, slot: int) -> None:
        """Take an object off its slab's own list."""
        slab.free.skip_to(slot, self.sequence, slab.objects)
        if not slab.free and not slab.free.unknown:
            self._unlist(slab)

    def flush(self, sheaf: Sheaf) -> None:
        """Give a sheaf's objects back to their slabs (__kmem_cache_free_bulk)."""
        if sheaf.below:
            for node in self.nodes.values():
                node.unknown = True
        objects = sheaf.objects(self.sequence)
        while objects:
            slab, slots = detached_freelist(objects)
            self.free_to_slab(slab, slots)

    def free_to_slab(self, slab: Slab, slots: list[int]) -> None:
        """Give objects back to their slab; the last of `slots` comes first again (__slab_free).

        A slot that is UNKNOWN leaves the order of the slab's free objects unknown.
        """
        was_full = not slab.free and not slab.free.unknown
        for slot in slots:
            if slot < 0:
                slab.free.unknown = True
            else:
                slab.free.put(slot)
        node = self.node(slab.node)
        if slab.empty and len(node.partial) >= self.rules.min_partial and (was_full or slab.listed):
            self.discard(slab)
        elif was_full:
            self._list(node, slab, head=False)


def owner_of(item: Item) -> Slab:
    """Return the slab of an object in a sheaf."""
    return item.slab if isinstance(item, Run) else item[0]


def slots_of(slab: Slab, count: int, sequence: Sequence) -> list[int]:
    """Return the first `count` slots of a slab's free list; UNKNOWN where the sequence is."""
    slots = slab.free.stack[: -count - 1 : -1]
    at = slab.free.last
    while len(slots) < count:
        at = sequence.after(at, slab.objects) if at >= 0 else UNKNOWN
        slots.append(at)
    return slots


def detached_freelist(objects: list[tuple[Slab, int]]) -> tuple[Slab, list[int]]:
    """Take the last objects that share a slab, looking 3 others ahead (build_detached_freelist).

    Return the slab and its slots, the one that comes first again last.
    """
    slab, slot = objects.pop()
    slots, same, ahead = [slot], len(objects), 3
    for at in range(same - 1, -1, -1):
        if objects[at][0] is slab:
            slots.append(objects[at][1])
            same -= 1
            objects[at], objects[same] = objects[same], objects[at]
        else:
            ahead -= 1
            if not ahead:
                break
    del objects[same:]
    return slab, slots
