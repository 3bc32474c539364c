"""SLUB's slabs in motion: cpu slabs, per-cpu and per-node partial lists (mm/slub.c, up to 6.17).

A `Cache` answers which slot the next allocation gets, and follows allocations and frees.  Where the
past is not known - slabs filled before anybody looked - it answers `UNKNOWN` until it is.
Slabs are named by any number that the caller likes (the first pfn, say), slots by their index.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.mm.slub_freelist import EMPTY, UNKNOWN, Freelist, Sequence

__all__ = ["FREED", "LIVE", "NEVER_SEEN", "NEW_SLAB", "Cache", "CacheRules", "CpuSlab", "Slab"]

NEW_SLAB = -3
NEVER_SEEN, LIVE, FREED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class CacheRules:
    """How a cache keeps partial slabs.

    `cpu_partial` counts slabs where `by_slabs` (5.16 and later), else free objects; 0 means no
    per-cpu partial lists.  `debug` caches have no cpu slabs at all; where `reverses` (before 5.12),
    each allocation from one turns its slab's free list round (deactivate_slab).
    """

    min_partial: int = 5
    cpu_partial: int = 0
    by_slabs: bool = True
    debug: bool = False
    reverses: bool = False

    @property
    def refill(self) -> int:
        """How many slabs (or objects) beyond which a refill from the node stops."""
        return self.cpu_partial // 2


class Slab:
    """One slab, with `objects` slots; `free` are those on its own list.

    `frozen`: a CPU holds it; `listed`: it stands on its node's partial list; `old`: it was filled
    before anything is known of it.  `state` holds for each slot NEVER_SEEN, LIVE or FREED,
    `notes` a number that the caller may keep with it (-1 at first).
    """

    __slots__ = (
        "count", "free", "frozen", "listed", "name", "node", "notes", "objects", "old", "skipped",
        "state",
    )  # fmt: skip

    def __init__(self, name: int, objects: int, *, node: int = 0, old: bool = False) -> None:
        self.name = name
        self.objects = objects
        self.node = node
        self.old = old
        self.free = Freelist(unknown=False)
        self.frozen = False
        self.listed = False
        self.count = 0
        self.state = bytearray(objects)
        self.notes = [-1] * objects
        self.skipped = False

    @property
    def empty(self) -> bool:
        """Whether every object is free, as far as is known."""
        return len(self.free) == self.objects


class CpuSlab:
    """What one CPU keeps: the slab that it allocates from, and partial slabs, the next one last."""

    __slots__ = ("free", "partial", "partial_unknown", "slab")

    def __init__(self, unknown: bool) -> None:
        self.slab: Slab | None = None
        self.free = Freelist(unknown=unknown)
        self.partial: list[Slab] = []
        self.partial_unknown = unknown


class Node:
    """A node's partial slabs in list order; `unknown` older ones may stand among them."""

    __slots__ = ("partial", "unknown")

    def __init__(self, unknown: bool) -> None:
        self.partial: list[Slab] = []
        self.unknown = unknown


class Cache:
    """One kmem_cache.  `old` caches were in use before anything is known of them."""

    def __init__(self, sequence: Sequence, rules: CacheRules, *, old: bool = True) -> None:
        self.sequence = sequence
        self.rules = rules
        self.old = old
        self.cpus: dict[int, CpuSlab] = {}
        self.nodes: dict[int, Node] = {}
        self.slabs: dict[int, Slab] = {}
        self._cpu_partial = rules.cpu_partial

    def census(self) -> tuple[int, int] | None:
        """Return (all objects, those free on partial lists) of the slabs; None if not known."""
        total = sum(slab.objects for slab in self.slabs.values())
        return total, sum(len(slab.free) for node in self.nodes.values() for slab in node.partial)

    def cpu(self, number: int) -> CpuSlab:
        """Return what CPU `number` keeps."""
        found = self.cpus.get(number)
        if found is None:
            found = self.cpus[number] = CpuSlab(self.old)
        return found

    def node(self, nid: int) -> Node:
        """Return the partial list of node `nid`."""
        found = self.nodes.get(nid)
        if found is None:
            found = self.nodes[nid] = Node(self.old)
        return found

    def lose(self) -> None:
        """Objects came and went unseen: how many the CPUs have left is an upper bound."""
        for here in self.cpus.values():
            here.free.unsure = True

    # ------------------------------------------------------------------- alloc

    def predict(self, cpu: int, nid: int = 0, strict: bool = False) -> tuple[Slab | None, int]:
        """Return (slab, slot) of the next allocation on `cpu`, from node `nid` if it must be new.

        `strict` requests take objects of that node only.  The slot is UNKNOWN where the past or
        chance decides, the slab None where it needs a new slab (slot NEW_SLAB) or is unknown as
        well.  Mirrors ___slab_alloc(): this brings the next slab in place, which nobody can see.
        """
        here = self.cpu(cpu)
        if strict and here.slab is not None and here.slab.node != nid:
            self._leave(here)
        while True:
            slot = here.free.peek(self.sequence, here.slab.objects if here.slab else 0)
            if slot != EMPTY:
                return here.slab, slot
            if not self._next_freelist(here, nid, strict):
                unknown = here.partial_unknown or self.node(nid).unknown
                return None, UNKNOWN if unknown else NEW_SLAB

    def _next_freelist(self, here: CpuSlab, nid: int, strict: bool) -> bool:
        """Give `here` its next free list; False if none is known."""
        slab = here.slab
        if slab is not None:
            if slab.free or slab.free.unknown:
                here.free, slab.free = slab.free, Freelist()
                return True
            slab.frozen = False
            here.slab = None
        while here.partial:
            first = here.partial.pop()
            if not strict or first.node == nid:
                self._load(here, first)
                return True
            first.frozen = False
            self._list(self.node(first.node), first, head=False)
        if here.partial_unknown:
            return False
        return self._from_node(here, self.node(nid))

    def _load(self, here: CpuSlab, slab: Slab) -> None:
        slab.frozen, slab.listed = True, False
        here.slab = slab
        here.free, slab.free = slab.free, Freelist()

    def _from_node(self, here: CpuSlab, node: Node) -> bool:
        """Take slabs from a node's list (get_partial_node)."""
        if node.unknown or not node.partial:
            return False
        first = node.partial.pop(0)
        available = len(first.free)
        self._load(here, first)
        more = 0
        while node.partial and self._cpu_partial:
            if not self.rules.by_slabs and available > self.rules.refill:
                break
            slab = node.partial.pop(0)
            slab.listed = False
            available += len(slab.free)
            self._put_cpu_partial(here, slab, drain=False)
            more += 1
            if self.rules.by_slabs and more > self.rules.refill:
                break
        return True

    def commit(self, cpu: int, slab: Slab, slot: int) -> None:
        """Take `slot` of `slab`, which predict() has just brought in place for `cpu`."""
        self.cpu(cpu).free.take(slot, self.sequence, slab.objects)

    def adopt_new(
        self, cpu: int, name: int, objects: int, slot: int, nid: int = 0, made: bool = True
    ) -> Slab:
        """A new slab was made for `cpu`, and `slot` was its first object.

        That shows that no partial slab was left to take.  Where it was not `made` for this request,
        but before another was served, the slab that serves the CPU by now is set aside.
        """
        slab = Slab(name, objects, node=nid)
        self.slabs[name] = slab
        fresh = Freelist(fresh=objects)
        fresh.take(slot, self.sequence, objects)
        here = self.cpu(cpu)
        if made:
            self._use_up(here, self.node(nid))
        else:
            self._leave(here)
        here.slab, here.free, slab.frozen = slab, fresh, True
        return slab

    def _use_up(self, here: CpuSlab, node: Node) -> None:
        """A CPU needs a new slab: it has none with free objects, nor has its node."""
        for other in node.partial:
            other.listed = False
        node.partial.clear()
        node.unknown = False
        for other in here.partial:
            other.frozen = False
        here.partial.clear()
        here.partial_unknown = False
        self._drop(here)

    def adopt(self, cpu: int, slab: Slab, slot: int) -> None:
        """`slot` of a slab that exists was handed out, whatever was predicted.

        What the CPU would have handed out before it counts as taken.
        """
        here = self.cpu(cpu)
        if here.slab is not slab:
            self._drop(here)
            self._detach(slab)
            self._load(here, slab)
            here.free.unknown = here.free.unknown or slab.old
        elif slot in slab.free.stack and slot not in here.free.stack:
            here.free, slab.free = slab.free, Freelist()
        if slot in here.free.stack or here.free.fresh:
            here.free.skip_to(slot, self.sequence, slab.objects)
        else:
            here.free = Freelist(unknown=True)

    def _drop(self, here: CpuSlab) -> None:
        """Forget the cpu slab's free list: its objects went unseen, or wait on some list."""
        if here.slab is not None:
            here.slab.frozen = False
            here.slab.free = Freelist(unknown=bool(here.free) or here.free.unknown)
        here.slab, here.free = None, Freelist()

    def _leave(self, here: CpuSlab) -> None:
        """Take the cpu slab away from `here` (deactivate_slab)."""
        slab = here.slab
        if slab is None:
            return
        remote = bool(slab.free)
        if self.rules.reverses:
            here.free.reverse()
        here.free.put_under(slab.free)
        slab.free, here.free = here.free, Freelist()
        slab.frozen = False
        here.slab = None
        if slab.free:
            self._list(self.node(slab.node), slab, head=not remote)

    def _detach(self, slab: Slab) -> None:
        """Take a slab off whatever list or CPU has it."""
        for here in self.cpus.values():
            if here.slab is slab:
                slab.free, here.free, here.slab = here.free, Freelist(), None
            elif slab in here.partial:
                here.partial.remove(slab)
        self._unlist(slab)

    # -------------------------------------------------------------------- free

    def free(self, cpu: int, slab: Slab, slot: int) -> None:
        """Free `slot` of `slab` on `cpu` (do_slab_free, __slab_free)."""
        here = self.cpu(cpu)
        if here.slab is slab:
            here.free.put(slot)
            return
        prior = bool(slab.free) or slab.free.unknown
        slab.free.put(slot)
        if slab.frozen:
            return
        if not prior and self._cpu_partial:
            self._put_cpu_partial(here, slab, drain=True)
        elif not prior:
            self._list(self.node(slab.node), slab, head=False)
        elif slab.empty and slab.listed:
            self._discard_if_spare(slab)

    def forget(self, slab: Slab, slot: int) -> None:
        """A free object was allocated unseen: no list holds it any more."""
        for here in self.cpus.values():
            if here.slab is slab and here.free.discard(slot):
                return
        slab.free.discard(slot)

    def _discard_if_spare(self, slab: Slab) -> None:
        if len(self.node(slab.node).partial) >= self.rules.min_partial:
            self.discard(slab)

    def _put_cpu_partial(self, here: CpuSlab, slab: Slab, *, drain: bool) -> None:
        """Put `slab` in front of the CPU's partial list (put_cpu_partial)."""
        rules = self.rules
        count = here.partial[-1].count if here.partial else 0
        full = count >= rules.cpu_partial if rules.by_slabs else count > rules.cpu_partial
        if drain and here.partial and full:
            self._unfreeze(here)
            count = 0
        slab.count = count + (1 if rules.by_slabs else len(slab.free))
        slab.frozen = True
        here.partial.append(slab)

    def _unfreeze(self, here: CpuSlab) -> None:
        """Move a CPU's partial slabs to their nodes (unfreeze_partials)."""
        slabs, here.partial = here.partial, []
        for slab in reversed(slabs):
            slab.frozen = False
            node = self.node(slab.node)
            if slab.empty and len(node.partial) >= self.rules.min_partial:
                self.discard(slab)
            else:
                self._list(node, slab, head=False)

    def _list(self, node: Node, slab: Slab, *, head: bool) -> None:
        slab.listed = True
        node.partial.insert(0 if head else len(node.partial), slab)

    def _unlist(self, slab: Slab) -> None:
        if slab.listed:
            slab.listed = False
            self.node(slab.node).partial.remove(slab)

    def discard(self, slab: Slab) -> None:
        """Forget `slab`: its pages went back (discard_slab)."""
        self._detach(slab)
        self.slabs.pop(slab.name, None)

    def add_old(self, name: int, objects: int, nid: int = 0) -> Slab:
        """Note a slab from before: full, unless lines will show otherwise."""
        slab = Slab(name, objects, node=nid, old=True)
        self.slabs[name] = slab
        return slab
