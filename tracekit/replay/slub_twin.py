"""The slab twin: every logged object held against simulated slabs.

Two questions are asked of an allocation.  `object`: may it lie there - on a free place of a slab of
its own cache?  `address`: is it the very place that the allocator hands out next?
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tracekit.events.base import Source
from tracekit.mm.slub import FREED, LIVE, NEVER_SEEN, NEW_SLAB, Cache, CacheRules, Slab
from tracekit.mm.slub_freelist import UNKNOWN, Sequence
from tracekit.replay.ledger import Ledger
from tracekit.replay.slub_identity import CacheFacts, Identity
from tracekit.replay.slub_layout import LinearMap, NodeMap
from tracekit.replay.slub_stream import ALLOC, BLIND, FREE, PAGE_ALLOC, PAGE_FREE, SlabStream

__all__ = ["SlubRules", "SlubTwin"]

FILLED_BEFORE = "the slab was filled before the trace begins"
RANDOM_FIRST = "the first object of a new slab is drawn at random"
SEQUENCE = "the cache's random sequence is not known yet"
NO_MODEL = "this kernel's per-cpu object lists are not simulated"
BLIND_SPOT = "events were off just before"
TWICE = "the kernel prints this allocation twice"
HIDDEN = "hidden pointer"

# Caches whose objects come and go in bulk, which prints nothing (kmem_cache_alloc_bulk,
# kmem_cache_free_bulk, kfree_rcu): lib/maple_tree.c, net/core/skbuff.c, io_uring.
SILENT = frozenset({"maple_node", "skbuff_head_cache", "io_kiocb", "skbuff_ext_cache"})


@dataclass(frozen=True, slots=True)
class SlubRules:
    """What differs between kernels.

    `predicts`: slots go by cpu slabs and partial lists, as up to 6.17 (later kernels have sheaves
    in front of them).  `shuffled`: new slabs start at random.  `cpu_partial`: CPUs keep partial
    slabs, counted `by_slabs` or by objects.  `debug`: slab debugging is on for all caches.
    """

    predicts: bool = True
    shuffled: bool = True
    cpu_partial: bool = True
    by_slabs: bool = True
    debug: bool = False


@dataclass(slots=True)
class SimulatedCache:
    """A cache of the trace: its facts, its simulated slabs, and what happened to it."""

    facts: CacheFacts
    cache: Cache
    name: str
    silent: bool
    blind: int = 0
    bulk: int = 0
    bulk_line: int = -1
    allocs: int = 0
    frees: int = 0
    asked: int = 0
    old_slabs: int = 0


@dataclass(slots=True)
class _Counts:
    matched: Counter[str] = field(default_factory=Counter)
    inferred: Counter[str] = field(default_factory=Counter)
    unchecked: Counter[tuple[str, str]] = field(default_factory=Counter)


class SlubTwin:
    """Replays the slab events of a stream into a ledger."""

    def __init__(
        self,
        ledger: Ledger,
        stream: SlabStream,
        linear: LinearMap,
        identity: Identity,
        rules: SlubRules,
        nodes: NodeMap,
    ) -> None:
        self.ledger = ledger
        self.stream = stream
        self.linear = linear
        self.identity = identity
        self.rules = rules
        self.nodes = nodes
        self.caches = [self._cache(facts) for facts in identity.caches]
        self.slabs: dict[int, tuple[SimulatedCache, Slab]] = {}
        self.fresh: set[int] = set()
        self.freed_pages: dict[int, int] = {}
        self.large: dict[int, int] = {}
        self.live: dict[int, int] = {}
        self.freed: dict[int, int] = {}
        self.cpu_node: dict[int, int] = {}
        self.counts = _Counts()
        self.previous = -1

    def _cache(self, facts: CacheFacts) -> SimulatedCache:
        shape, rules = facts.geometry, self.rules
        partial = 0
        if rules.cpu_partial and not rules.debug:
            partial = shape.cpu_partial_slabs if rules.by_slabs else objects_kept(shape.cpu_partial)
        cache = Cache(
            Sequence(shape.objects, rules.shuffled),
            CacheRules(shape.min_partial, partial, rules.by_slabs, rules.debug),
        )
        name = self.name_of(facts)
        return SimulatedCache(facts, cache, name, name in SILENT)

    def name_of(self, facts: CacheFacts) -> str:
        """Return the cache's name as far as events tell, else who allocates from it."""
        keys = [self.stream.keys[number] for number in facts.keys]
        named = next((key.name for key in keys if key.name), "")
        if named:
            return named
        if facts.names:
            return self.stream.names[facts.names.most_common(1)[0][0]]
        kmalloc = next((key for key in keys if key.kmalloc), None)
        if kmalloc is not None:
            return kmalloc_name(kmalloc.size, kmalloc.kind)
        return f"the cache of {keys[0].caller.partition('+')[0]}"

    def source(self, row: int) -> Source:
        """Return where the event of a row stands."""
        trace, index = self.stream.trace, self.stream.index[row]
        time = None if trace.counting_clock else trace["time"][index] / 1e9
        return Source(trace.path, trace["line"][index], time)

    # --------------------------------------------------------------------- run

    def run(self) -> None:
        """Replay every row."""
        steps = {
            ALLOC: self.alloc,
            FREE: self.free,
            PAGE_ALLOC: self.page_alloc,
            PAGE_FREE: self.page_free,
            BLIND: self.blind,
        }
        for row, op in enumerate(self.stream.op):
            steps[op](row)
        self._flush()

    def _flush(self) -> None:
        for kind, count in self.counts.matched.items():
            self.ledger.matched(kind, count)
        for kind, count in self.counts.inferred.items():
            self.ledger.inferred(kind, count)
        for (kind, reason), count in self.counts.unchecked.items():
            self.ledger.unchecked(kind, reason, count)

    def blind(self, _row: int) -> None:
        """Events were off before this row: every cache may have moved on unseen."""
        for simulated in self.caches:
            simulated.blind = simulated.facts.geometry.objects

    # ------------------------------------------------------------------- pages

    def page_alloc(self, row: int) -> None:
        """Pages were handed out: they may become a slab."""
        first, order = self.stream.where[row], self.stream.what[row]
        for pfn in range(first, first + (1 << order)):
            known = self.slabs.pop(pfn, None)
            if known is not None:
                known[0].cache.discard(known[1])
            self.fresh.add(pfn)
            self.freed_pages.pop(pfn, None)

    def page_free(self, row: int) -> None:
        """Pages went back: a slab on them is gone."""
        first, order = self.stream.where[row], self.stream.what[row]
        known = self.slabs.get(first)
        if known is not None and known[1].name == first:
            simulated, slab = known
            if first in simulated.cache.slabs:
                simulated.cache.discard(slab)
        for pfn in range(first, first + (1 << order)):
            self.slabs.pop(pfn, None)
            self.fresh.discard(pfn)
            self.freed_pages[pfn] = row

    # ------------------------------------------------------------------- alloc

    def alloc(self, row: int) -> None:
        """Check an allocation's place, compare it with the predicted one, and adopt it."""
        self.ledger.events += 1
        stream = self.stream
        pointer, what = stream.where[row], stream.what[row]
        if self._printed_twice(row, pointer):
            return
        self.previous = row
        number = self.identity.cache_of[what]
        if number < 0:
            self._alloc_large(row, pointer)
            return
        simulated = self.caches[number]
        simulated.allocs += 1
        simulated.asked += stream.asked[row]
        shape = simulated.facts.geometry
        offset = pointer - self.linear.base
        head = offset >> self.linear.page_shift >> shape.order << shape.order
        place = offset - (head << self.linear.page_shift) - simulated.facts.offset
        slot, rest = divmod(place, shape.size)
        if rest or not 0 <= slot < shape.objects:
            self._report_misplaced(row, simulated)
            return
        self._alloc_slot(row, simulated, head, slot)

    def _printed_twice(self, row: int, pointer: int) -> bool:
        """Some allocations are printed by an inner and again by an outer function."""
        before = self.previous
        stream = self.stream
        if before < 0 or stream.where[before] != pointer or self.live.get(pointer) != before:
            return False
        if stream.cpu[before] != stream.cpu[row] or stream.asked[before] < stream.asked[row] // 2:
            return False
        self.counts.matched["object"] += 1
        self.counts.unchecked["address", TWICE] += 1
        return True

    def _alloc_large(self, row: int, pointer: int) -> None:
        """A kmalloc() beyond the largest cache is a block of pages."""
        self.counts.unchecked["address", "whole pages: see page_alloc"] += 1
        if (pointer - self.linear.base) & ((1 << self.linear.page_shift) - 1):
            self._diverge(row, "object", "SL101", "whole pages", "a page boundary")
            return
        self.live[pointer] = row
        self.freed.pop(pointer, None)
        self.counts.matched["object"] += 1

    def _alloc_slot(self, row: int, simulated: SimulatedCache, head: int, slot: int) -> None:
        owner = self.slabs.get(head)
        if owner is not None and owner[0] is not simulated:
            self._report_foreign(row, simulated, owner[0])
            return
        cpu, node = self.stream.cpu[row], self.stream.node[row]
        strict = self.nodes.several and node >= 0
        nid = node if strict else self.cpu_node.get(cpu, 0)
        slab, expected = simulated.cache.predict(cpu, nid, strict)
        if owner is None:
            self._alloc_on_unknown_page(row, simulated, head, slot, (slab, expected))
        else:
            self._alloc_on_slab(row, simulated, owner[1], slot, (slab, expected))
        pointer = self.stream.where[row]
        self.live[pointer] = row
        self.freed.pop(pointer, None)

    def _alloc_on_unknown_page(
        self,
        row: int,
        simulated: SimulatedCache,
        head: int,
        slot: int,
        expected: tuple[Slab | None, int],
    ) -> None:
        """The object lies on a page that is no slab yet: a new slab, or one from before."""
        shape = simulated.facts.geometry
        if head in self.freed_pages:
            self._report_free_page(row, simulated, head)
            return
        self.counts.matched["object"] += 1
        cpu, nid = self.stream.cpu[row], self.nodes.nid(head)
        if head in self.fresh:
            if self.stream.node[row] < 0:
                self.cpu_node[cpu] = nid
            self._address_on_new_slab(row, simulated, slot, expected)
            slab = simulated.cache.adopt_new(cpu, head, shape.objects, slot, nid)
            simulated.blind = 0
            self.fresh.difference_update(range(head, head + shape.pages))
        else:
            slab = self._old_slab(simulated, head)
            self._address_unforeseen(row, simulated, expected)
            simulated.cache.adopt(cpu, slab, slot)
        slab.state[slot] = LIVE
        self._own(simulated, slab)

    def _own(self, simulated: SimulatedCache, slab: Slab) -> None:
        for pfn in range(slab.name, slab.name + simulated.facts.geometry.pages):
            self.slabs[pfn] = (simulated, slab)

    def _old_slab(self, simulated: SimulatedCache, head: int) -> Slab:
        simulated.old_slabs += 1
        shape = simulated.facts.geometry
        slab = simulated.cache.add_old(head, shape.objects, self.nodes.nid(head))
        self._own(simulated, slab)
        return slab

    def _alloc_on_slab(
        self,
        row: int,
        simulated: SimulatedCache,
        slab: Slab,
        slot: int,
        expected: tuple[Slab | None, int],
    ) -> None:
        if slab.state[slot] == LIVE and not self._freed_silently(row, simulated):
            return
        if slab.state[slot] != LIVE:
            self.counts.matched["object"] += 1
        cpu = self.stream.cpu[row]
        cache = simulated.cache
        slab.state[slot] = LIVE
        if expected == (slab, slot):
            cache.commit(cpu, slab, slot)
            simulated.blind -= simulated.blind > 0
            self._address_as_expected()
        elif expected[1] == UNKNOWN:
            self._address_unknown(slab, expected)
            if expected[0] is slab:
                cache.commit(cpu, slab, slot)
            else:
                cache.adopt(cpu, slab, slot)
        else:
            self._address_unforeseen(row, simulated, expected, slab, slot)
            cache.adopt(cpu, slab, slot)

    def _freed_silently(self, row: int, simulated: SimulatedCache) -> bool:
        """The place was in use: its object was freed without a line, or the line is wrong."""
        if simulated.silent or not self.rules.predicts or simulated.blind:
            self.counts.inferred["object"] += 1
            self._note_bulk(row, simulated)
            return True
        before = self.live.get(self.stream.where[row])
        self._diverge(
            row,
            "object",
            "SL102",
            f"object of {simulated.name}",
            "a free place",
            related=(self.source(before),) if before is not None else (),
            alternatives=("it was freed by kfree_rcu(), which prints nothing",),
        )
        self.counts.unchecked["address", FILLED_BEFORE] += 1
        return False

    # ----------------------------------------------------------------- address

    def _address_as_expected(self) -> None:
        if self.rules.predicts:
            self.counts.matched["address"] += 1
        else:
            self.counts.unchecked["address", NO_MODEL] += 1

    def _address_unknown(self, slab: Slab, expected: tuple[Slab | None, int]) -> None:
        reason = SEQUENCE if expected[0] is slab and not slab.old else FILLED_BEFORE
        self.counts.unchecked["address", reason if self.rules.predicts else NO_MODEL] += 1

    def _address_on_new_slab(
        self, row: int, simulated: SimulatedCache, slot: int, expected: tuple[Slab | None, int]
    ) -> None:
        if expected[1] not in (NEW_SLAB, UNKNOWN):
            self._address_unforeseen(row, simulated, expected)
        elif not self.rules.predicts:
            self.counts.unchecked["address", NO_MODEL] += 1
        elif self.rules.shuffled:
            self.counts.unchecked["address", RANDOM_FIRST] += 1
        elif slot == 0:
            self.counts.matched["address"] += 1
        else:
            self._report_unforeseen(row, simulated, "the first object of a new slab")

    def _address_unforeseen(
        self,
        row: int,
        simulated: SimulatedCache,
        expected: tuple[Slab | None, int],
        slab: Slab | None = None,
        slot: int = -1,
    ) -> None:
        """The object lies elsewhere than predicted: find out what explains that."""
        if not self.rules.predicts:
            self.counts.unchecked["address", NO_MODEL] += 1
        elif simulated.blind or self._unsure(row, simulated):
            self.counts.unchecked["address", BLIND_SPOT] += 1
        elif expected[1] == UNKNOWN or (expected[0] is not None and expected[0].old):
            self.counts.unchecked["address", FILLED_BEFORE] += 1
        elif simulated.silent:
            self.counts.inferred["address"] += 1
            self._note_bulk(row, simulated)
        elif slab is not None and slab is expected[0] and not simulated.cache.rules.debug:
            self._report_skip(row, simulated, slab, slot, expected[1])
        else:
            self._report_unforeseen(row, simulated, self._place(simulated, expected))

    def _unsure(self, row: int, simulated: SimulatedCache) -> bool:
        return simulated.cache.cpu(self.stream.cpu[row]).free.unsure

    def _note_bulk(self, row: int, simulated: SimulatedCache) -> None:
        if not simulated.bulk:
            simulated.bulk_line = row
        simulated.bulk += 1

    # -------------------------------------------------------------------- free

    def free(self, row: int) -> None:
        """Check that an object is in use and of the cache that the line names; free it."""
        self.ledger.events += 1
        self.previous = -1
        stream = self.stream
        pointer = stream.where[row]
        pfn = self.linear.pfn(pointer)
        owner = self.slabs.get(pfn)
        was_live = self.live.pop(pointer, None)
        if owner is None:
            self._free_elsewhere(row, pointer, pfn, was_live)
            return
        simulated, slab = owner
        shape = simulated.facts.geometry
        place = pointer - self.linear.base - (slab.name << self.linear.page_shift)
        slot, rest = divmod(place - simulated.facts.offset, shape.size)
        if rest or not 0 <= slot < shape.objects:
            self._diverge(row, "free", "SL204", f"object of {simulated.name}", "no object's start")
            return
        if not self._named_right(row, simulated):
            return
        self._free_slot(row, simulated, slab, slot)

    def _free_slot(self, row: int, simulated: SimulatedCache, slab: Slab, slot: int) -> None:
        state = slab.state[slot]
        pointer = self.stream.where[row]
        if state == FREED and not simulated.silent and not simulated.blind:
            before = self.freed.get(pointer)
            self._diverge(
                row,
                "free",
                "SL201",
                f"object of {simulated.name}",
                "the object is free",
                related=(self.source(before),) if before is not None else (),
                alternatives=("the line that allocated it in between was lost",),
            )
            return
        if state == FREED:
            self.counts.inferred["free"] += 1
            self._note_bulk(row, simulated)
            self._forget_free(simulated, slab, slot)
        elif state == NEVER_SEEN and not slab.old:
            self._free_never_seen(row, simulated, slab, slot)
        else:
            self.counts.matched["free"] += 1
        simulated.frees += 1
        slab.state[slot] = FREED
        self.freed[pointer] = row
        simulated.cache.free(self.stream.cpu[row], slab, slot)

    def _forget_free(self, simulated: SimulatedCache, slab: Slab, slot: int) -> None:
        """A free object was allocated unseen: it is on no free list any more."""
        for here in simulated.cache.cpus.values():
            if here.slab is slab and slot in here.free.stack:
                here.free.stack.remove(slot)
        if slot in slab.free.stack:
            slab.free.stack.remove(slot)

    def _free_never_seen(
        self, row: int, simulated: SimulatedCache, slab: Slab, slot: int
    ) -> None:
        """A slab made under our eyes, and no line allocated this object of it."""
        if simulated.silent or simulated.blind or not self.rules.predicts or self._skipped(slab):
            self.counts.inferred["free"] += 1
            self._note_bulk(row, simulated)
            return
        self._diverge(
            row,
            "free",
            "SL203",
            f"object of {simulated.name}",
            "no line allocated this object",
            alternatives=("the line that allocated it was lost",),
        )
        del slot

    def _skipped(self, slab: Slab) -> bool:
        return slab.skipped

    def _named_right(self, row: int, simulated: SimulatedCache) -> bool:
        """Say whether the line names the cache that the object's slab belongs to."""
        named = self.stream.what[row]
        if named < 0 or named in simulated.facts.names:
            return True
        self._diverge(
            row,
            "free",
            "SL202",
            f"object of {simulated.name}",
            f"cache {simulated.name}",
            logged=f"freed by cache {self.stream.names[named]}",
        )
        return True

    def _free_elsewhere(self, row: int, pointer: int, pfn: int, was_live: int | None) -> None:
        """A free outside every known slab: whole pages, or a slab older than the trace."""
        number = self._old_owner(pfn)
        if was_live is not None:
            self.counts.matched["free"] += 1
            self.freed[pointer] = row
        elif number is not None:
            simulated = self.caches[number]
            order = simulated.facts.geometry.order
            self._old_slab(simulated, pfn >> order << order)
            self.live[pointer] = row
            self.ledger.events -= 1
            self.free(row)
        elif pointer in self.freed and pfn not in self.fresh:
            self._diverge(row, "free", "SL201", "object", "the object is free")
        else:
            self.counts.unchecked["free", FILLED_BEFORE] += 1

    def _old_owner(self, pfn: int) -> int | None:
        """Return the cache of a page that was a slab before the trace began."""
        if pfn in self.fresh or pfn in self.freed_pages:
            return None
        for order in range(4):
            head = pfn >> order << order
            number = self.identity.old_pages.get(head)
            if number is not None and self.caches[number].facts.geometry.order == order:
                return number
        return None

    # --------------------------------------------------------------- divergence

    def _diverge(
        self,
        row: int,
        kind: str,
        code: str,
        subject: str,
        simulated: str,
        *,
        logged: str = "",
        alternatives: tuple[str, ...] = (),
        related: tuple[Source, ...] = (),
    ) -> None:
        self.ledger.diverged(
            kind,
            code,
            self.source(row),
            subject,
            logged=logged or f"ptr=0x{self.stream.where[row]:x}",
            simulated=simulated,
            alternatives=alternatives,
            related=related,
        )

    def _report_misplaced(self, row: int, simulated: SimulatedCache) -> None:
        size = simulated.facts.geometry.size
        self._diverge(
            row,
            "object",
            "SL101",
            f"object of {simulated.name}",
            f"a multiple of {size} bytes from its slab's start",
        )
        self.counts.unchecked["address", "the object lies on no place of a slab"] += 1

    def _report_foreign(self, row: int, simulated: SimulatedCache, owner: SimulatedCache) -> None:
        self._diverge(
            row,
            "object",
            "SL103",
            f"object of {simulated.name}",
            f"a slab of {simulated.name}",
            logged=f"ptr=0x{self.stream.where[row]:x} on a slab of {owner.name}",
        )
        self.counts.unchecked["address", "the object lies on no place of a slab"] += 1

    def _report_free_page(self, row: int, simulated: SimulatedCache, head: int) -> None:
        self._diverge(
            row,
            "object",
            "SL104",
            f"object of {simulated.name}",
            "a page in use",
            logged=f"ptr=0x{self.stream.where[row]:x} on pfn 0x{head:x}, which is free",
            related=(self.source(self.freed_pages[head]),),
        )
        self.counts.unchecked["address", "the object lies on no place of a slab"] += 1

    def _report_skip(
        self, row: int, simulated: SimulatedCache, slab: Slab, slot: int, expected: int
    ) -> None:
        free = simulated.cache.cpu(self.stream.cpu[row]).free
        skipped = free.before(slot, simulated.cache.sequence, slab.objects)
        slab.skipped = True
        self._diverge(
            row,
            "address",
            "SL105",
            f"object of {simulated.name}",
            f"ptr=0x{self._address(simulated, slab, expected):x}",
            alternatives=(
                f"the lines of {len(skipped)} allocations before it were lost"
                if skipped
                else "the line is wrong",
                "objects were allocated in bulk, which prints nothing",
            ),
        )

    def _report_unforeseen(self, row: int, simulated: SimulatedCache, place: str) -> None:
        self._diverge(row, "address", "SL106", f"object of {simulated.name}", place)

    def _place(self, simulated: SimulatedCache, expected: tuple[Slab | None, int]) -> str:
        slab, slot = expected
        if slab is None:
            return "an object of a new slab"
        return f"ptr=0x{self._address(simulated, slab, slot):x}"

    def _address(self, simulated: SimulatedCache, slab: Slab, slot: int) -> int:
        start = self.linear.base + (slab.name << self.linear.page_shift)
        return start + simulated.facts.offset + slot * simulated.facts.geometry.size


def objects_kept(cpu_partial: int) -> int:
    """Return the objects that a CPU keeps in partial slabs, as set before 5.16."""
    return {6: 2, 24: 6, 52: 13, 120: 30}.get(cpu_partial, 0)


def kmalloc_name(size: int, kind: str) -> str:
    """Return the name of a kmalloc cache of `size` bytes."""
    shown = f"{size >> 20}M" if size >= 1 << 20 else f"{size >> 10}k" if size >= 1024 else f"{size}"
    return f"kmalloc-{kind}-{shown}" if kind else f"kmalloc-{shown}"
