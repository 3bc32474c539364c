"""What the slab twin knows at a point of the trace: slabs by page, objects in use, free pages."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.mm.slub import Cache, CacheRules, Slab
from tracekit.mm.slub_freelist import Sequence
from tracekit.mm.slub_sheaf import sheaf_capacity
from tracekit.mm.slub_sheaf_cache import SheafCache
from tracekit.replay.slub.desk import SimulatedCache, SlubRules
from tracekit.replay.slub.identity import CacheFacts, Identity
from tracekit.replay.slub.layout import LinearMap, NodeMap
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


@dataclass(slots=True)
class World:
    """The state that allocations, frees and page events share.

    `slabs` maps each page of a known slab to its cache and slab; `fresh` maps pages handed out in
    the trace that are no slab yet to the row of that event, `freed_pages` those given back after
    the trace had seen them in use.
    `live` and `freed` map an object's address to the row that allocated or freed it last;
    `blind_row` is the last row before which events were off.
    """

    stream: SlabStream
    linear: LinearMap
    identity: Identity
    nodes: NodeMap
    caches: list[SimulatedCache]
    slabs: dict[int, tuple[SimulatedCache, Slab]] = field(default_factory=dict)
    fresh: dict[int, int] = field(default_factory=dict)
    freed_pages: dict[int, int] = field(default_factory=dict)
    live: dict[int, int] = field(default_factory=dict)
    freed: dict[int, int] = field(default_factory=dict)
    cpu_node: dict[int, int] = field(default_factory=dict)
    blind_row: int = -1

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
        first, order = self.stream.where[row], self.stream.what[row]
        for pfn in range(first, first + (1 << order)):
            known = self.slabs.pop(pfn, None)
            if known is not None and known[1].name in known[0].cache.slabs:
                known[0].cache.discard(known[1])
            self.fresh[pfn] = row
            self.freed_pages.pop(pfn, None)

    def page_free(self, row: int) -> None:
        """Pages went back: a slab on them is gone."""
        first, order = self.stream.where[row], self.stream.what[row]
        known = self.slabs.get(first)
        if known is not None and known[1].name in known[0].cache.slabs:
            known[0].cache.discard(known[1])
        for pfn in range(first, first + (1 << order)):
            slab, handed_out = self.slabs.pop(pfn, None), self.fresh.pop(pfn, None)
            if slab is not None or handed_out is not None:
                self.freed_pages[pfn] = row

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
        first, pages = slab.name, simulated.facts.geometry.pages
        for pfn in range(first, first + pages):
            self.slabs[pfn] = (simulated, slab)
            self.fresh.pop(pfn, None)

    def old_slab(self, simulated: SimulatedCache, head: int) -> Slab:
        """Note a slab that is older than the trace."""
        simulated.old_slabs += 1
        objects = simulated.facts.geometry.objects
        slab = simulated.cache.add_old(head, objects, self.nodes.nid(head))
        self.own(simulated, slab)
        return slab

    def old_owner(self, pfn: int) -> SimulatedCache | None:
        """Return the cache whose slab a page was before the trace began, if later lines tell."""
        if pfn in self.fresh or pfn in self.freed_pages:
            return None
        for order in range(_MAX_ORDER + 1):
            number = self.identity.old_pages.get(pfn >> order << order)
            if number is not None and self.caches[number].facts.geometry.order == order:
                return self.caches[number]
        return None

    def slot_of(self, simulated: SimulatedCache, head: int, pointer: int) -> int | None:
        """Return the slot at `pointer` of the slab that starts at pfn `head`, or None."""
        shape = simulated.facts.geometry
        place = pointer - self.linear.base - (head << self.linear.page_shift)
        slot, rest = divmod(place - simulated.facts.offset, shape.size)
        return None if rest or not 0 <= slot < shape.objects else slot


def _simulated(stream: SlabStream, facts: CacheFacts, rules: SlubRules) -> SimulatedCache:
    shape = facts.geometry
    partial = 0
    if rules.cpu_partial and not rules.debug:
        partial = shape.cpu_partial_slabs if rules.by_slabs else objects_kept(shape.cpu_partial)
    sequence = Sequence(shape.objects, rules.shuffled)
    kept = CacheRules(shape.min_partial, partial, rules.by_slabs, rules.debug, rules.reverses)
    name = _name(stream, facts)
    cache = Cache(sequence, kept)
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
        return kmalloc_name(kmalloc.size, kmalloc.kind)
    return f"the cache of {keys[0].caller.partition('+')[0]}"


def objects_kept(cpu_partial: int) -> int:
    """Return the objects that a CPU keeps in partial slabs, as set before 5.16."""
    return {6: 2, 24: 6, 52: 13, 120: 30}.get(cpu_partial, 0)


def kmalloc_name(size: int, kind: str) -> str:
    """Return the name of a kmalloc cache of `size` bytes."""
    shown = f"{size >> 20}M" if size >= 1 << 20 else f"{size >> 10}k" if size >= 1024 else f"{size}"
    return f"kmalloc-{kind}-{shown}" if kind else f"kmalloc-{shown}"
