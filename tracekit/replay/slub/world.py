"""What the slab twin knows at a point of the trace: slabs by page, objects in use, free pages."""

from __future__ import annotations

from tracekit.mm.slub import FREED, LIVE, NEVER_SEEN, Cache, CacheRules, Slab
from tracekit.mm.slub_debug import DebugCache
from tracekit.mm.slub_freelist import Sequence
from tracekit.mm.slub_sheaf import sheaf_capacity
from tracekit.mm.slub_sheaf_cache import SheafCache
from tracekit.replay.slub.desk import SimulatedCache, SlubRules
from tracekit.replay.slub.identity import CacheFacts, Identity
from tracekit.replay.slub.layout import LinearMap, NodeMap
from tracekit.replay.slub.page_rows import PageRows
from tracekit.replay.slub.stream import SlabStream

__all__ = ["World", "kmalloc_name"]

# Caches whose objects come and go in bulk, which prints nothing (kmem_cache_alloc_bulk,
# kmem_cache_free_bulk, kfree_rcu): lib/maple_tree.c, net/core/skbuff.c, io_uring.
SILENT = frozenset({"maple_node", "skbuff_head_cache", "skbuff_ext_cache", "io_kiocb"})
# Caches that ask for sheaves of their own capacity (kmem_cache_args.sheaf_capacity): kernel/fork.c,
# lib/maple_tree.c.
ASKED_CAPACITY = {"vm_area_struct": 32, "maple_node": 32}
# Caches that sheaves themselves need have none (SLAB_NO_SHEAVES), nor have kmemleak's.
_NO_SHEAVES = ("kmem_cache", "kmem_cache_node", "kmemleak_object", "kmemleak_scan_area")
_MAX_ORDER = 3
# Differences of addresses are those of a 64-bit machine.
MASK = (1 << 64) - 1


class World:
    """The state that allocations, frees and page events share.

    `slabs` maps each page of a known slab to its cache and slab, `gone` those whose pages went
    back; a slab's notes hold the row that allocated or freed each object last.  `pages` tells of
    the others what the trace did with them.  `whole` maps the address of a block of pages that
    kmalloc() gave out to the row of that, `returned` to the row that freed it.  `blind_row` is the
    last row before which events were off.
    """

    __slots__ = (
        "_base", "_shift", "_what", "_where", "blind_row", "caches", "cpu_node", "gone",
        "identity", "linear", "nodes", "pages", "returned", "several", "slabs", "stream", "whole",
    )  # fmt: skip

    def __init__(
        self,
        stream: SlabStream,
        linear: LinearMap,
        identity: Identity,
        nodes: NodeMap,
        caches: list[SimulatedCache],
    ) -> None:
        self.stream = stream
        self.linear = linear
        self.identity = identity
        self.nodes = nodes
        self.caches = caches
        self.slabs: dict[int, tuple[SimulatedCache, Slab]] = {}
        self.gone: dict[int, tuple[SimulatedCache, Slab]] = {}
        self.pages = PageRows()
        self.several = nodes.several
        self.whole: dict[int, int] = {}
        self.returned: dict[int, int] = {}
        self.cpu_node: dict[int, int] = {}
        self.blind_row = -1
        self._where = stream.where
        self._what = stream.what
        self._base = linear.base
        self._shift = linear.page_shift

    @classmethod
    def build(
        cls,
        stream: SlabStream,
        linear: LinearMap,
        identity: Identity,
        rules: SlubRules,
        nodes: NodeMap,
    ) -> World:
        """Return the world before the first event."""
        caches = [_simulated(stream, facts, rules) for facts in identity.caches]
        return cls(stream, linear, identity, nodes, caches)

    # ------------------------------------------------------------------- pages

    def page_alloc(self, row: int) -> None:
        """Pages were handed out: they may become a slab."""
        first = self._where[row]
        last = first + (1 << self._what[row]) - 1
        for pfn in range(first, last + 1):
            known = self.slabs.pop(pfn, None)
            if known is not None:
                self._let_go(pfn, known)
        self.pages.handed_out(first, last, row)

    def page_free(self, row: int) -> None:
        """Pages went back: a slab on them is gone."""
        first = self._where[row]
        for pfn in range(first, first + (1 << self._what[row])):
            known = self.slabs.pop(pfn, None)
            if known is not None:
                self._let_go(pfn, known)
            if known is not None or self.pages.out(pfn) >= 0:
                self.pages.given_back(pfn, row)

    def _let_go(self, pfn: int, known: tuple[SimulatedCache, Slab]) -> None:
        self.gone[pfn] = known
        simulated, slab = known
        if slab.name in simulated.cache.slabs:
            simulated.cache.discard(slab)

    def blind(self, row: int) -> None:
        """Events were off, or only some on, before this row: every cache may have moved on unseen.

        Slabs made until now may hold objects that no line shows.
        """
        self.blind_row = row
        for simulated in self.caches:
            simulated.blind = True
            for slab in simulated.cache.slabs.values():
                slab.old = True
            simulated.cache.lose()

    # ------------------------------------------------------------------- slabs

    def own(self, simulated: SimulatedCache, slab: Slab) -> None:
        """Note the pages of a slab as its cache's."""
        simulated.peak_slabs = max(simulated.peak_slabs, len(simulated.cache.slabs))
        first, owner = slab.name, (simulated, slab)
        last = first + (1 << simulated.order) - 1
        for pfn in range(first, last + 1):
            self.slabs[pfn] = owner
        self.pages.forget(first, last)

    def old_slab(self, simulated: SimulatedCache, head: int) -> Slab:
        """Note a slab that is older than the trace."""
        simulated.old_slabs += 1
        slab = simulated.cache.add_old(head, simulated.objects, self.nodes.nid(head))
        self.own(simulated, slab)
        return slab

    def old_owner(self, pfn: int) -> SimulatedCache | None:
        """Return the cache whose slab a page was before the trace began, if later lines tell."""
        if self.pages.known(pfn):
            return None
        for order in range(_MAX_ORDER + 1):
            number = self.identity.old_pages.get(pfn >> order << order)
            if number is not None and self.caches[number].order == order:
                return self.caches[number]
        return None

    def pfn(self, pointer: int) -> int:
        """Return the page that an object lies in."""
        return ((pointer - self._base) & MASK) >> self._shift

    def slot_of(self, simulated: SimulatedCache, head: int, pointer: int) -> int:
        """Return the slot at `pointer` of the slab that starts at pfn `head`, -1 for none."""
        place = ((pointer - self._base) & MASK) - (head << self._shift) - simulated.offset
        slot = place // simulated.size
        within = place >= 0 and slot * simulated.size == place
        return slot if within and slot < simulated.objects else -1

    def row_of(self, pointer: int, pfn: int) -> tuple[int, int]:
        """Return what became last of an object outside the slabs: LIVE or FREED, and its row.

        NEVER_SEEN where nothing is known of it.
        """
        if pointer in self.whole:
            return LIVE, self.whole[pointer]
        returned, owner = self.returned.get(pointer, -1), self.gone.get(pfn)
        slot = -1 if owner is None else self.slot_of(owner[0], owner[1].name, pointer)
        if owner is not None and slot >= 0 and owner[1].notes[slot] > returned:
            return owner[1].state[slot], owner[1].notes[slot]
        return (FREED, returned) if returned >= 0 else (NEVER_SEEN, -1)

    def give_back(self, pointer: int, pfn: int, row: int) -> None:
        """Note that an object outside the slabs, which was in use, was freed."""
        if self.whole.pop(pointer, None) is not None:
            self.returned[pointer] = row
            return
        simulated, slab = self.gone[pfn]
        slot = self.slot_of(simulated, slab.name, pointer)
        slab.state[slot], slab.notes[slot] = FREED, row

    def made_by(self, pointer: int, row: int) -> bool:
        """Say whether an object is in use, and a row is the one that allocated it."""
        pfn = self.pfn(pointer)
        owner = self.slabs.get(pfn)
        if owner is not None:
            simulated, slab = owner
            slot = self.slot_of(simulated, slab.name, pointer)
            if slot >= 0:
                return slab.state[slot] == LIVE and slab.notes[slot] == row
        return self.whole.get(pointer, -1) == row

    def living(self) -> list[int]:
        """Return the rows that allocated what is still in use, in order."""
        rows = list(self.whole.values())
        for known in (self.slabs, self.gone):
            for pfn, (_, slab) in known.items():
                if pfn == slab.name:
                    for slot, state in enumerate(slab.state):
                        if state == LIVE:
                            rows.append(slab.notes[slot])
        return sorted(rows)


def _simulated(stream: SlabStream, facts: CacheFacts, rules: SlubRules) -> SimulatedCache:
    shape = facts.geometry
    partial = 0
    if rules.cpu_partial and not rules.debug:
        partial = shape.cpu_partial_slabs if rules.by_slabs else objects_kept(shape.cpu_partial)
    sequence = Sequence(shape.objects, rules.shuffled)
    kept = CacheRules(shape.min_partial, partial, rules.by_slabs, rules.debug, rules.reverses)
    name = _name(stream, facts)
    cache = DebugCache(sequence, kept) if rules.debug else Cache(sequence, kept)
    if rules.sheaves and not rules.debug:
        capacity = sheaf_capacity(shape.size, rules.page_size, rules.word)
        capacity = 0 if name in _NO_SHEAVES else max(capacity, ASKED_CAPACITY.get(name, 0))
        cache = SheafCache(sequence, kept, capacity)
    return SimulatedCache(facts, cache, name, name in SILENT)


def _name(stream: SlabStream, facts: CacheFacts) -> str:
    """Return the cache's name as far as events tell, else who allocates from it."""
    keys = [stream.keys[number] for number in facts.keys]
    named = next((key.name for key in keys if key.name), "")
    if named:
        return named
    if facts.names:
        return stream.names[facts.names.most_common(1)[0][0]]
    kmalloc = next((key for key in keys if key.kmalloc), None)
    if kmalloc is not None:
        largest = max(key.step for key in keys if key.kmalloc)
        return kmalloc_name(largest or kmalloc.size, kmalloc.kind)
    return f"the cache of {keys[0].caller.partition('+')[0]}"


def objects_kept(cpu_partial: int) -> int:
    """Return the objects that a CPU keeps in partial slabs, as set before 5.16."""
    return {6: 2, 24: 6, 52: 13, 120: 30}.get(cpu_partial, 0)


def kmalloc_name(size: int, kind: str) -> str:
    """Return the name of a kmalloc cache of `size` bytes (create_kmalloc_caches)."""
    shown = f"{size >> 20}M" if size >= 1 << 20 else f"{size >> 10}k" if size >= 1024 else f"{size}"
    if kind in ("", "rcl", "cg"):
        return f"kmalloc-{kind}-{shown}" if kind else f"kmalloc-{shown}"
    return f"dma-kmalloc-{shown}" if kind == "dma" else f"{kind}-{shown}"
