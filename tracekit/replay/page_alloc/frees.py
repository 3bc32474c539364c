"""Frees: checked against what is in use, and put where the kernel puts them.

Most pages go to the head of a per-cpu list. Directly into the zone go large blocks, memory
whose struct pages are initialised late, what alloc_pages_exact() does not need, and what
interrupts a holder of the per-cpu lists.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.account import LEGAL
from tracekit.replay.page_alloc.stream import (
    ALLOC,
    FREE,
    FREE_BATCHED,
    PCPU_DRAIN,
    ZONE_LOCKED,
)

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Cpu, Twin

RUN_MAX = 256
NO_ZONE = "the page lies in no zone that is known"


class Frees:
    """The frees of one twin."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.stream = twin.stream
        self._areas: Sequence[tuple[int, int]] = ()
        self._cma = -1 if (number := twin.rules.type_number("CMA")) is None else number
        self._isolate = twin.rules.type_number("Isolate")
        self.moving: dict[int, int] = {}
        # whether this kernel logs the frees of a list before their pages move
        self._frees_first = False
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._initialised: set[tuple[int, int]] = set()
        self._exact: dict[tuple[int, int], tuple[int, int]] = {}
        self._late: set[int] = set()

    def know(
        self,
        deferred: Sequence[tuple[int, int]],
        cma: Sequence[tuple[int, int]],
        late: Sequence[tuple[int, int]] = (),
    ) -> None:
        """Note pfn ranges: those initialised late, the CMA areas, and what memblock freed late."""
        self._starts = [start for start, _ in sorted(deferred)]
        self._ends = [end for _, end in sorted(deferred)]
        self._areas = cma
        self._late = {pfn for start, end in late for pfn in range(start, end)}

    # -- what kind of free it is ----------------------------------------------------------

    def allocated(self, who: tuple[int, int], pfn: int, order: int) -> None:
        """Note the last block that a task was given, for alloc_pages_exact()."""
        if order:
            self._exact[who] = (pfn, pfn + (1 << order))
        elif self._exact:
            self._exact.pop(who, None)

    def _surplus(self, row: int, who: tuple[int, int]) -> bool:
        """Return whether the free gives back the end of a block just allocated.

        Mirrors make_alloc_exact(): page by page, ascending, up to the end of the block.
        """
        if who not in self._exact or not self.twin.rules.exact_to_tail:
            return False
        pfn = self.stream.pfn[row]
        first, end = self._exact.pop(who)
        if self.stream.order[row] or not first < pfn < end:
            return False
        if pfn + 1 < end:
            self._exact[who] = (pfn, end)
        return True

    def _deferred(self, pfn: int) -> bool:
        """Return whether the page comes from deferred initialisation.

        pgdatinit does that, and the padata workers that help it.
        """
        place = bisect_right(self._starts, pfn) - 1
        if place < 0 or pfn >= self._ends[place]:
            return False
        orders = range(self.twin.rules.max_order + 1)
        return not any((pfn >> order, order) in self._initialised for order in orders)

    def _freed_late(self, pfn: int, order: int) -> bool:
        """Return whether memblock_free_late() gives the page to the zone, past the per-cpu lists.

        Since v5.10 it goes to the tail (mm/page_alloc.c:__free_pages_core), each page once.
        """
        if order or pfn not in self._late:
            return False
        self._late.discard(pfn)
        return True

    def _in_cma(self, pfn: int) -> bool:
        """Return whether the page lies in a CMA area, which is handed over late.

        Mirrors init_cma_reserved_pageblock().
        """
        return self._cma >= 0 and any(start <= pfn < end for start, end in self._areas)

    def _trylock_fails(self, row: int, zone: Zone, cpu: Cpu) -> bool:
        """Return whether the free interrupted a holder of the zone's per-cpu lists.

        The holder has disabled preemption once for the cpu and once by the lock itself. It may
        have let go since its last event: then the page is given out or drained later, while
        one that passed the list by leaves the zone's lists again. In the midst of a batch
        it has not (free_unref_folios()).
        """
        stream = self.stream
        depth = stream.depth[row]
        nested = (
            self.twin.rules.pcp_trylock
            and stream.context[row] > 0
            and cpu.locked_zone is zone
            and stream.pid[row] == cpu.holder[0]
            and stream.context[row] > cpu.holder[1]
            and (depth >= 2 or depth < 0)
        )
        if not nested:
            return False
        passed = self._passed(row, zone)
        return (depth >= 3 or cpu.batch) if passed is None else passed

    def _passed(self, row: int, zone: Zone) -> bool | None:
        """Return whether the frees of one interrupt passed the lists by, as later lines show.

        None where nothing is heard of their pages.
        """
        stream, future = self.stream, self.twin.resync.future
        who = (stream.cpu[row], stream.pid[row], stream.context[row])
        for mate in range(row, min(row + RUN_MAX, len(stream))):
            if stream.cpu[mate] != who[0]:
                continue
            if stream.kind[mate] != FREE or (stream.pid[mate], stream.context[mate]) != who[1:]:
                break
            pfn = stream.pfn[mate]
            if not zone.start <= pfn < zone.end:
                continue
            after = future.next_kind(pfn, mate)
            if after in (ALLOC, PCPU_DRAIN, ZONE_LOCKED):
                return after == ZONE_LOCKED
        return None

    # -- the events -----------------------------------------------------------------------

    def free(self, row: int) -> None:
        """A block was freed: check that it was in use, and put it where it goes."""
        stream, twin = self.stream, self.twin
        pfn, order = stream.pfn[row], stream.order[row]
        if order == 0 and twin.vmalloc.gathers(stream, row):
            self._check(row)
            return
        cpu = twin.settle(row)
        zone = twin.allocator.zone_of(pfn)
        if zone is None:
            if not twin.strays.freed(row):
                twin.account.unchecked(LEGAL, NO_ZONE)
            return
        known = twin.in_use.get(pfn)
        if not self._check(row):
            return
        if known is None and order >= twin.rules.pageblock_order and self._in_cma(pfn):
            zone.set_pageblock_type(pfn, order, self._cma)
        if row in stream.deferred or (known is None and self._deferred(pfn)):
            self._free_deferred(zone, pfn, order)
        elif twin.resync.contig.giving == row or (known is None and self._freed_late(pfn, order)):
            zone.free_one(pfn, order, zone.pageblock_type(pfn), tail=True)
        elif order == 0 and twin.vmalloc.begins(stream, row):
            cpu.frees((stream.pid[row], stream.context[row]), stream.depth[row])
        else:
            self._put(row, zone, cpu)

    def _put(self, row: int, zone: Zone, cpu: Cpu) -> None:
        stream, twin = self.stream, self.twin
        pfn, order = stream.pfn[row], stream.order[row]
        who = (stream.pid[row], stream.context[row])
        if not who[1]:
            cpu.locked_zone = None
        cpu.frees(who, stream.depth[row])
        surplus = self._surplus(row, who)
        isolated = zone.pageblock_type(pfn) == self._isolate
        direct = surplus or isolated or not twin.allocator.in_pcp[order]
        if direct or self._trylock_fails(row, zone, cpu):
            cpu.freed = None
            zone.free_one(pfn, order, zone.pageblock_type(pfn), tail=surplus)
        else:
            cpu.pending.append(row)
            self.moving[pfn] = order

    def _free_deferred(self, zone: Zone, pfn: int, order: int) -> None:
        """Free memory whose struct pages were initialised late.

        A pageblock becomes Movable when its first page is freed (deferred_free_range()).
        """
        rules = self.twin.rules
        self._initialised.add((pfn >> order, order))
        if pfn & ((1 << rules.pageblock_order) - 1) == 0:
            zone.set_pageblock_type(pfn, order, rules.movable)
        zone.free_one(pfn, order, zone.pageblock_type(pfn), tail=True)

    def _check(self, row: int) -> bool:
        """Check that the pages were in use, at this order; return whether to free them."""
        stream, twin = self.stream, self.twin
        pfn, order = stream.pfn[row], stream.order[row]
        known = twin.in_use.pop(pfn, None)
        twin.late.pop(pfn, None)
        twin.vmalloc.taken.pop(pfn, None)
        if pfn in self.moving:
            return twin.judge_free.freed_twice(row)
        if known == order and pfn not in twin.allocator.where:
            twin.matched[LEGAL] += 1
            return True
        return twin.judge_free.free(row, known)

    # -- from the event to the list -------------------------------------------------------

    def free_batched(self, row: int) -> None:
        """A page of a list that is freed at once reaches its per-cpu list.

        All pages of the list have been logged before. Until v4.14 the order is the other way
        round, and the page's own event is still to come.
        """
        stream = self.stream
        cpu = self.twin.cpu(stream.cpu[row])
        pfn = stream.pfn[row]
        who = (stream.pid[row], stream.context[row])
        if self._waits(cpu, pfn, who):
            self._frees_first = True
        elif who != cpu.freer or not self._named_other(row, cpu):
            self._moved(row, cpu, who)
            return
        while cpu.pending:
            pending = cpu.pending.pop(0)
            self._commit(pending, cpu)
            if stream.pfn[pending] == pfn:
                break
        cpu.batch = bool(cpu.pending)
        cpu.draining = None
        cpu.locked_zone, cpu.holder = self.twin.allocator.zone_of(pfn), cpu.freer

    def _waits(self, cpu: Cpu, pfn: int, who: tuple[int, int]) -> bool:
        """Return whether a free of the page by this task has not reached a list yet."""
        if not cpu.pending or who != cpu.freer:
            return False
        pages = self.stream.pfn
        return pages[cpu.pending[0]] == pfn or pfn in [pages[row] for row in cpu.pending]

    def _named_other(self, row: int, cpu: Cpu) -> bool:
        """Return whether a waiting free named another page than the one that arrives now.

        The pages of a list arrive in the order of their frees: the first one whose page does
        not arrive is the one that is wrong, if the page is in use at its order. It is reported.
        Until v4.14, and where the state is not known, nothing follows from it.
        """
        stream, pfn = self.stream, self.stream.pfn[row]
        if not self._frees_first or self.twin.account.reason:
            return False
        arriving = set()
        for other in range(row + 1, min(row + 1 + RUN_MAX, len(stream))):
            if stream.cpu[other] == stream.cpu[row] and stream.kind[other] != FREE_BATCHED:
                break
            arriving.add(stream.pfn[other])
        wrong = next((r for r in cpu.pending if stream.pfn[r] not in arriving), None)
        if wrong is None or self.twin.in_use.get(pfn) != stream.order[wrong]:
            return False
        self.moving.pop(stream.pfn[wrong], None)
        self.twin.resync.blame.other_arrived(wrong, pfn)
        return True

    def _moved(self, row: int, cpu: Cpu, who: tuple[int, int]) -> None:
        """Let a page reach this cpu's list if its task logged the free on another cpu."""
        stream, allocator = self.stream, self.twin.allocator
        pfn, number = stream.pfn[row], stream.cpu[row]
        for other in self.twin.cpus.values():
            waiting = [r for r in other.pending if stream.pfn[r] == pfn]
            if other is not cpu and other.freer == who and waiting:
                other.pending.remove(waiting[0])
                self._commit(waiting[0], cpu, number)
                return
        home = allocator.where.get(pfn)
        if home is not None and home.cpu != number and pfn not in self.moving:
            cpu.freed, cpu.freer = allocator.pcp(home.zone, number, home.pindex), who
            allocator.push(cpu.freed, pfn, tail=False)

    def commit_all(self, row: int, cpu: Cpu) -> None:
        """Let pending frees reach their lists, now that the cpu logs something else."""
        stream = self.stream
        who = (stream.pid[row], stream.context[row])
        kind = stream.kind[row]
        if kind == FREE and who == cpu.freer and not cpu.batch:
            return
        if cpu.batch and (kind == PCPU_DRAIN or who[1] > cpu.freer[1]):
            return
        pending, cpu.pending, cpu.batch = cpu.pending, [], False
        for earlier in pending:
            self._commit(earlier, cpu)

    def _commit(self, row: int, cpu: Cpu, number: int | None = None) -> None:
        """Put a freed page at the head of its per-cpu list, on cpu ``number`` if given."""
        stream, allocator = self.stream, self.twin.allocator
        pfn, order = stream.pfn[row], stream.order[row]
        zone = allocator.zone_of(pfn)
        if zone is None:
            return
        self.moving.pop(pfn, None)
        pindex = allocator.pindex[order][zone.pageblock_type(pfn)]
        pages = allocator.pcp(zone, stream.cpu[row] if number is None else number, pindex)
        allocator.push(pages, pfn, tail=False)
        cpu.freed = pages
        passed_by = self.twin.resync.passed_by
        if stream.context[row]:
            passed_by.freed(row)
        elif pfn in passed_by.runs:
            del passed_by.runs[pfn]
