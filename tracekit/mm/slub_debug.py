"""Caches with slab debugging on: no cpu slabs, every object comes from its node's list (mm/slub.c).

An allocation takes the first object of the node's first partial slab, alloc_single_from_partial()
since 6.1; before, the slab became a cpu slab for this one object, and deactivate_slab() gave it
back at once: to the same place of the list, but up to 5.11 with its free objects turned round.
"""

from __future__ import annotations

from tracekit.mm.slub import NEW_SLAB, Cache, CacheRules, Node, Slab
from tracekit.mm.slub_freelist import EMPTY, UNKNOWN, Freelist, Sequence

__all__ = ["DebugCache"]


class DebugCache(Cache):
    """A kmem_cache with debug flags; it answers as Cache does."""

    def __init__(self, sequence: Sequence, rules: CacheRules, *, old: bool = True) -> None:
        super().__init__(sequence, rules, old=old)
        # The slab that served a node's last request: it stays the list's first until it is full.
        self._first: dict[int, Slab] = {}

    def lose(self) -> None:
        """Objects came and went unseen: what is free, and where, is not known any more."""
        for slab in self.slabs.values():
            slab.listed = False
            slab.free = Freelist(unknown=True)
        for node in self.nodes.values():
            node.partial.clear()
            node.unknown = True
        self._first.clear()
        self.old = True

    def census(self) -> tuple[int, int] | None:
        """Return what Cache.census() does: every free object is on its node's list."""
        slabs = self.slabs.values()
        if any(slab.free.unknown or slab.free.unsure for slab in slabs):
            return None
        return sum(slab.objects for slab in slabs), sum(len(slab.free) for slab in slabs)

    def predict(self, cpu: int, nid: int = 0, strict: bool = False) -> tuple[Slab | None, int]:
        """Return (slab, slot) of the next allocation from node `nid`, as Cache.predict()."""
        node = self.node(nid)
        slab = self._first.get(nid)
        if not node.unknown:
            slab = node.partial[0] if node.partial else None
            if slab is None:
                return None, NEW_SLAB
        if slab is None:
            return None, UNKNOWN
        slot = slab.free.peek(self.sequence, slab.objects)
        return (None, UNKNOWN) if slot == EMPTY else (slab, slot)

    def commit(self, cpu: int, slab: Slab, slot: int) -> None:
        """Take `slot` of `slab`, which predict() has just named, or left unknown."""
        slab.free.take(slot, self.sequence, slab.objects)
        self._taken(slab)

    def _taken(self, slab: Slab) -> None:
        """Put a slab that has just served a request back."""
        if self.rules.reverses:
            slab.free.reverse()
        if slab.free or slab.free.unknown:
            self._first[slab.node] = slab
            if not slab.listed:
                self._list(self.node(slab.node), slab, head=True)
        else:
            self._unlist(slab)

    def _unlist(self, slab: Slab) -> None:
        super()._unlist(slab)
        if self._first.get(slab.node) is slab:
            del self._first[slab.node]

    def adopt_new(
        self, cpu: int, name: int, objects: int, slot: int, nid: int = 0, made: bool = True
    ) -> Slab:
        """A new slab was made, and `slot` was its first object.

        Then all others of the node are full, unless they got free objects since it was `made`.
        """
        if made:
            self._fill_others(self.node(nid), nid)
        slab = self.slabs[name] = Slab(name, objects, node=nid)
        slab.free = Freelist(fresh=objects)
        slab.free.take(slot, self.sequence, objects)
        self._taken(slab)
        return slab

    def _fill_others(self, node: Node, nid: int) -> None:
        node.partial.clear()
        node.unknown = False
        self._first.pop(nid, None)
        for slab in self.slabs.values():
            if slab.node == nid:
                slab.listed = False
                slab.free = Freelist()

    def adopt(self, cpu: int, slab: Slab, slot: int) -> None:
        """`slot` of a slab that exists was handed out, whatever was predicted.

        The slab is the first of its node's list now.  What was thought to come before the object
        counts as taken; where lists turn round that is one object, which leaves the list's last
        one in front.
        """
        free, sequence = slab.free, self.sequence
        top = free.peek(sequence, slab.objects)
        if self.rules.reverses and top >= 0 and free.bottom(sequence, slab.objects) == slot:
            free.take(top, sequence, slab.objects)
            free.reverse()
            free.take(slot, sequence, slab.objects)
        elif self.rules.reverses or slab.old:
            free.discard(slot)
            free.unknown = free.unknown or slab.old
        elif free.fresh or free.holds(slot, sequence, slab.objects):
            free.skip_to(slot, sequence, slab.objects)
        else:
            free.unknown = True
        self._unlist(slab)
        self._taken(slab)

    def add_old(self, name: int, objects: int, nid: int = 0) -> Slab:
        """Note a slab from before: full, unless it may be one of those that nobody knows of."""
        slab = super().add_old(name, objects, nid)
        slab.free.unknown = self.node(nid).unknown
        return slab

    def free(self, cpu: int, slab: Slab, slot: int) -> None:
        """Free `slot` of `slab` (free_to_partial_list): a slab that was full goes to the end."""
        was_full = not slab.free and not slab.free.unknown
        slab.free.put(slot)
        node = self.node(slab.node)
        if slab.empty and len(node.partial) >= self.rules.min_partial:
            self.discard(slab)
        elif was_full and not slab.listed:
            self._list(node, slab, head=False)
