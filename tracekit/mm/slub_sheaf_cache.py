"""A cache with sheaves: which object comes next, from where (mm/slub.c, 7.0 and later).

It answers and follows as tracekit.mm.slub.Cache does, for kernels whose CPUs hold arrays of objects
and no slab: alloc_from_pcs(), free_to_pcs(), refill_objects(), ___slab_alloc(), __slab_free().
"""

from __future__ import annotations

from tracekit.mm.slub import NEW_SLAB, CacheRules, Slab
from tracekit.mm.slub_freelist import UNKNOWN, Freelist, Sequence
from tracekit.mm.slub_sheaf import MAX_FULL_SHEAVES, Barn, CpuSheaves, Run, Sheaf
from tracekit.mm.slub_sheaf_refill import Place, UnfrozenCache, owner_of

__all__ = ["SheafCache"]


class SheafCache(UnfrozenCache):
    """A kmem_cache whose CPUs have sheaves of `capacity` objects; 0 where it has none.

    `young`: it was created while somebody looked.
    `direct` is the node whose slabs the last predicted request went to past the sheaves, else None.
    `fed_unseen`: kfree_rcu(), which prints nothing, fills sheaves of this cache for the barns.
    """

    def __init__(
        self, sequence: Sequence, rules: CacheRules, capacity: int, *, old: bool = True
    ) -> None:
        super().__init__(sequence, rules, capacity, old=old)
        self.at_hand: dict[int, CpuSheaves] = {}
        self.barns: dict[int, Barn] = {}
        self.direct: int | None = None
        self.young = False
        self.fed_unseen = False

    def start_young(self) -> None:
        """The cache was created just now: it has no objects yet."""
        self.old = False
        self.young = True
        self.at_hand = {
            cpu: CpuSheaves(self.capacity, True, here.nid) for cpu, here in self.at_hand.items()
        }
        self.barns.clear()
        self.nodes.clear()

    def census(self) -> tuple[int, int] | None:
        """Return what Cache.census() does; sheaves may hold objects of slabs not seen yet."""
        sheaves = self._sheaves()
        listed = [slab for node in self.nodes.values() for slab in node.partial]
        vague = any(sheaf.below != 0 for sheaf in sheaves) or self.old
        if vague or any(slab.free.unsure or slab.free.unknown for slab in listed):
            return None
        unseen = {id(slab): slab for sheaf in sheaves for slab in map(owner_of, sheaf.items)}
        slabs = {**{id(slab): slab for slab in self.slabs.values()}, **unseen}
        return sum(slab.objects for slab in slabs.values()), sum(len(slab.free) for slab in listed)

    def sheaves(self, cpu: int) -> CpuSheaves:
        """Return what CPU `cpu` keeps."""
        found = self.at_hand.get(cpu)
        if found is None:
            found = self.at_hand[cpu] = CpuSheaves(self.capacity, not self.old)
        return found

    def barn(self, nid: int) -> Barn:
        """Return the barn of node `nid`."""
        found = self.barns.get(nid)
        if found is None:
            found = self.barns[nid] = Barn(self.old)
        return found

    def lose(self) -> None:
        """Objects came and went unseen: nothing is known of sheaves and lists any more."""
        for here in self.at_hand.values():
            here.lose()
        for barn in self.barns.values():
            barn.full.clear()
            barn.unknown = True
        for node in self.nodes.values():
            node.unknown = True
        self.old = True

    # ------------------------------------------------------------------- predict

    def predict(self, cpu: int, nid: int = 0, strict: bool = False) -> Place:
        """Return (slab, slot) of the next allocation on `cpu`, as Cache.predict(); change nothing.

        `strict` requests name the node: another than the CPU's own goes past the sheaves.
        """
        here = self.sheaves(cpu)
        if not strict:
            here.nid = nid
        past = not self.capacity or here.nid != nid
        self.direct = nid if past else None
        if self.direct is not None:
            return self.peek_partial(nid)
        place = self._peek_sheaves(here, here.nid)
        if strict and place[0] is not None and place[0].node != nid:
            self.direct = nid
            return self.peek_partial(nid)
        return place

    def _peek_sheaves(self, here: CpuSheaves, nid: int) -> Place:
        if not here.known:
            return here.main.peek(self.sequence) if here.sure else (None, UNKNOWN)
        if self.fed_unseen and here.main.is_empty() and here.spare.is_empty():
            return None, UNKNOWN
        return self._peek_source(here, nid)

    def _peek_source(self, here: CpuSheaves, nid: int) -> Place:
        sheaf = self._source(here, nid)
        if sheaf is not None:
            return sheaf.peek(self.sequence)
        if self.barn(nid).unknown or self.node(nid).unknown:
            return None, UNKNOWN
        return self.peek_refill(self.node(nid))

    def _source(self, here: CpuSheaves, nid: int) -> Sheaf | None:
        """Return the sheaf that serves the next request; None for a refill, or nobody knows."""
        if not here.main.is_empty():
            return here.main
        if not here.spare.is_empty():
            return here.spare
        barn = self.barn(nid)
        return barn.full[-1] if barn.full and not barn.unknown else None

    def changes_sheaf(self, cpu: int) -> bool:
        """Say whether the next allocation on `cpu` needs another sheaf than the two at hand.

        Only then can one come in that was filled unseen: by kfree_rcu(), which prints nothing.
        """
        here = self.sheaves(cpu)
        return here.known and here.main.is_empty() and here.spare.is_empty()

    def tentative(self, cpu: int) -> bool:
        """Say whether the next object is told by a step of the sequence seen only once."""
        here = self.sheaves(cpu)
        sheaf = self._source(here, here.nid) if here.known else here.main
        return sheaf is not None and sheaf.tentative(self.sequence)

    # -------------------------------------------------------------------- commit

    def commit(self, cpu: int, slab: Slab, slot: int) -> None:
        """Take `slot` of `slab`, which predict() has just named, or left unknown."""
        if self.direct is not None:
            self.take_partial(slab, slot)
            return
        here = self.sheaves(cpu)
        if not here.known:
            here.take_unsure(slab, slot)
            return
        self._bring(here, here.nid)
        here.main.pop(slab, slot, self.sequence)

    def _bring(self, here: CpuSheaves, nid: int) -> None:
        """Put the sheaf in place that the next object comes from (__pcs_replace_empty_main)."""
        if not here.main.is_empty():
            return
        if not here.spare.is_empty():
            here.main, here.spare = here.spare, here.main
            return
        barn = self.barn(nid)
        here.main = barn.full.pop() if barn.full else self.refilled(nid)

    # --------------------------------------------------------------------- adopt

    def adopt_new(
        self, cpu: int, name: int, objects: int, slot: int, nid: int = 0, made: bool = True
    ) -> Slab:
        """A new slab was made for `cpu`, and `slot` was the first object of it to leave.

        `made` says that it was made for this very request: a refill uses up every new slab but
        the last, which is the first to leave, so that others wait in the sheaf.
        """
        if self.direct is not None:
            return self.adopt_direct(name, objects, slot, nid)
        here = self.sheaves(cpu)
        slab = self._awaited(here, nid)
        if slab is None:
            refill = self._assume_refill if made else self._beneath
            slab = refill(here, nid, objects)
        slab.name = name
        if slab.node != nid:
            self._came_from(slab, nid)
        self.slabs[name] = slab
        if here.known:
            here.main.pop(slab, slot, self.sequence)
        else:
            here.take_unsure(slab, slot)
        return slab

    def _came_from(self, slab: Slab, nid: int) -> None:
        """A slab lies on another node than was thought: what both nodes list is not known."""
        self.node(slab.node).unknown = self.node(nid).unknown = True
        self._unlist(slab)
        slab.node = nid

    def _awaited(self, here: CpuSheaves, nid: int) -> Slab | None:
        """Return the new slab that the next object was to come from, None if it was not to."""
        unknown = self.barn(nid).unknown or self.is_vague(nid)
        if not here.known or (unknown and self._source(here, nid) is None):
            return None
        self._bring(here, nid)
        if not here.main.items:
            return None
        slab = owner_of(here.main.items[-1])
        return slab if slab.name < 0 else None

    def _beneath(self, here: CpuSheaves, nid: int, objects: int) -> Slab:
        """Return a new slab among the unknown objects of a sheaf."""
        main, slab = here.main, Slab(NEW_SLAB, objects, node=nid)
        if not here.known or main.items or not main.below or main.below < objects:
            self.lose()
            slab.free.unknown = True
            return slab
        if main.tail is not None:
            main.tail.slab.free.unsure = False
            main.tail = None
        main.below -= objects
        main.items += [Run(slab)] * objects
        return slab

    def _assume_refill(self, here: CpuSheaves, nid: int, objects: int) -> Slab:
        """A sheaf was filled from new slabs: nothing was left in sheaves, barn and lists before.

        How many of its objects are older is not known.
        """
        barn = self.barn(nid)
        barn.full.clear()
        barn.unknown = False
        here.known, here.spare = True, Sheaf()
        if not self.is_vague(nid):
            here.main = self.refilled(nid)
            top = owner_of(here.main.items[-1])
            if top.name < 0:
                return top
        return self._refill_of_unknown(here, nid, objects)

    def _refill_of_unknown(self, here: CpuSheaves, nid: int, objects: int) -> Slab:
        node = self.node(nid)
        self.use_up(nid)
        slab = Slab(NEW_SLAB, objects, node=nid)
        slab.free = Freelist(fresh=objects)
        slab.free.unsure = True
        self._list(node, slab, head=True)
        here.main = Sheaf(self.capacity)
        here.main.tail = Run(slab)
        return slab

    def adopt(self, cpu: int, slab: Slab, slot: int) -> None:
        """`slot` of a slab that exists was handed out, whatever was predicted.

        What would have been handed out before it from the same sheaf counts as taken.
        """
        here = self.sheaves(cpu)
        nid = here.nid
        if self.direct is not None:
            self.take_listed(slab, slot)
        elif not here.known:
            here.take_unsure(slab, slot)
            if self.lists(slab, slot):
                # A refill took more than this one object.
                self.take_listed(slab, slot)
                self.node(nid).unknown = True
        elif self._peek_source(here, nid) == (slab, slot):
            self._bring(here, nid)
            here.main.pop(slab, slot, self.sequence)
        elif self.lists(slab, slot):
            self.take_listed(slab, slot)
            self.lose()
        elif not self._take_from_sheaf(here, nid, slab, slot):
            self._from_unseen_sheaf(here, nid, slab, slot)

    def _take_from_sheaf(self, here: CpuSheaves, nid: int, slab: Slab, slot: int) -> bool:
        """Take an object of the main sheaf with all on top of it, or one that another begins with.

        False if it lies in neither.
        """
        if (slab, slot) in here.main.items:
            del here.main.items[here.main.items.index((slab, slot)) :]
            return True
        barn = self.barn(nid)
        for sheaf in (here.spare, *reversed(barn.full)):
            if sheaf.items[-1:] == [(slab, slot)]:
                barn.full = [each for each in barn.full if each is not sheaf]
                here.main, here.spare = sheaf, Sheaf()
                sheaf.items.pop()
                return True
        return False

    def _from_unseen_sheaf(self, here: CpuSheaves, nid: int, slab: Slab, slot: int) -> None:
        """The object was free without a line: it came from below, or with a sheaf of such."""
        source = self._source(here, nid)
        if source is not None and not source.items:
            self._bring(here, nid)
            here.main.pop(slab, slot, self.sequence)
        elif source is None or source in self.barn(nid).full:
            here.main, here.spare = Sheaf(self.capacity), Sheaf()
            here.main.pop(slab, slot, self.sequence)
        else:
            self.lose()

    def take_below(self, cpu: int, slab: Slab, slot: int) -> bool:
        """Take an object of a CPU's sheaves and leave what lies on top of it; False if not there.

        Where that is more than the main sheaf, where one sheaf ends has moved: forget them.
        """
        here = self.sheaves(cpu)
        barn = self.barn(here.nid)
        if here.drop(slab, slot):
            return True
        if self._on_top_of_barn(here, barn, slab, slot):
            items = barn.full.pop().items[:-1] + here.main.items
            here.spare.items, here.main.items = items[: self.capacity], items[self.capacity :]
            if not here.main.items:
                here.main, here.spare = here.spare, here.main
            return True
        if (slab, slot) not in here.spare.items:
            return False
        here.lose()
        barn.unknown = True
        return True

    def _on_top_of_barn(self, here: CpuSheaves, barn: Barn, slab: Slab, slot: int) -> bool:
        """Say whether an object came first if what lies in the CPU's sheaves was not there yet."""
        ready = here.known and here.spare.is_empty() and not here.main.below and barn.full
        return bool(ready and barn.full[-1].items[-1:] == [(slab, slot)])

    def drop_above(self, cpu: int, slab: Slab, slot: int) -> bool:
        """Take an object of the main sheaf and what lies on top of it; False if it is not there."""
        items = self.sheaves(cpu).main.items
        if (slab, slot) not in items:
            return False
        del items[items.index((slab, slot)) :]
        return True

    def on_top_of(self, cpu: int, slab: Slab, slot: int) -> list[tuple[Slab, int]]:
        """Return the objects on top of this one in the CPU's sheaves, the next one first."""
        here = self.sheaves(cpu)
        items = here.main.items
        if (slab, slot) not in items:
            items = here.spare.items + items
        if self._on_top_of_barn(here, self.barn(here.nid), slab, slot):
            items = [(slab, slot), *items]
        if (slab, slot) not in items:
            return []
        above = items[items.index((slab, slot)) + 1 :]
        return [item for item in reversed(above) if not isinstance(item, Run)]

    def forget(self, slab: Slab, slot: int) -> None:
        """A free object was allocated unseen: no list and no sheaf holds it any more."""
        slab.free.discard(slot)
        if any(here.drop(slab, slot) for here in self.at_hand.values()):
            return
        for sheaf in self._sheaves():
            if (slab, slot) in sheaf.items:
                sheaf.items.remove((slab, slot))

    # ---------------------------------------------------------------------- free

    def free(self, cpu: int, slab: Slab, slot: int) -> None:
        """Free `slot` of `slab` on `cpu` (slab_free); a foreign node's goes past the sheaves."""
        here = self.sheaves(cpu)
        nid = here.nid
        if slab.node != nid or not self.capacity:
            self.free_to_slab(slab, [slot])
            return
        if here.known:
            self._make_room(here, nid)
        if here.known:
            here.main.push(slab, slot)
        elif not here.put_unsure(slab, slot):
            # A sheaf may have gone to the barn, or from a barn that was full to its slabs.
            self.barn(nid).unknown = self.node(nid).unknown = True

    def _make_room(self, here: CpuSheaves, nid: int) -> None:
        """See that the main sheaf can take an object (__pcs_replace_full_main)."""
        if not here.main.is_full(self.capacity):
            return
        if here.spare.is_full(self.capacity):
            barn = self.barn(nid)
            if len(barn.full) < MAX_FULL_SHEAVES:
                barn.full.append(here.main)
                here.main = Sheaf()
                return
            full, here.main, here.spare = here.spare, Sheaf(), here.main
            self.flush(full)
            return
        here.main, here.spare = here.spare, here.main

    def discard(self, slab: Slab) -> None:
        """Forget `slab`: its pages went back (discard_slab).

        Where sheaves should hold objects of it, they were emptied unseen (kmem_cache_shrink).
        """
        self._unlist(slab)
        self.slabs.pop(slab.name, None)
        if any(slab is owner_of(item) for sheaf in self._sheaves() for item in sheaf.items):
            self.lose()

    def _sheaves(self) -> list[Sheaf]:
        at_hand = [sheaf for here in self.at_hand.values() for sheaf in (here.main, here.spare)]
        return at_hand + [sheaf for barn in self.barns.values() for sheaf in barn.full]
