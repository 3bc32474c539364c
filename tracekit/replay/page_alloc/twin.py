"""The page allocator's twin: each page event is predicted before its outcome is looked at.

Rows of the trace go in one by one (see stream). What a row makes certain about
the state is kept here; what a mismatch means is decided in page_alloc_resync.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tracekit.mm.page_alloc import PageAllocator, PcpList
from tracekit.mm.page_alloc_rules import Drain, Fallback, Rules
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.account import DRAIN, PFN, REFILL, Account
from tracekit.replay.page_alloc.fallback import Fallbacks
from tracekit.replay.page_alloc.frees import Frees
from tracekit.replay.page_alloc.judge_alloc import AllocJudge
from tracekit.replay.page_alloc.judge_free import FreeJudge
from tracekit.replay.page_alloc.judge_refill import RefillJudge
from tracekit.replay.page_alloc.moments import Moments
from tracekit.replay.page_alloc.policy import Policy
from tracekit.replay.page_alloc.resync import LATE, WHOLE_DRAIN, Resync
from tracekit.replay.page_alloc.snapshot import Recorder
from tracekit.replay.page_alloc.strays import Strays
from tracekit.replay.page_alloc.stream import (
    ALLOC,
    BLIND,
    EXTFRAG,
    FREE,
    FREE_BATCHED,
    PCPU_DRAIN,
    VFREE,
    VMALLOC,
    ZONE_LOCKED,
    Stream,
)
from tracekit.replay.page_alloc.ties import Ties
from tracekit.replay.page_alloc.unlogged import Deferred, Run, infer_run
from tracekit.replay.page_alloc.vmalloc import Vmalloc

WORKER_DEPTH = 2
# where the state is not known, a prediction seldom lasts
SHORT_DRAIN = 32
NO_ZONE = "the page lies in no zone that is known"


class Taken:
    """A block that a request has taken and whose mm_page_alloc has yet to come.

    ``home`` is the per-cpu list that it came through, None for a block taken directly.
    """

    def __init__(self, pfn: int, order: int, home: PcpList | None) -> None:
        self.pfn = pfn
        self.order = order
        self.home = home


class Cpu:
    """What one cpu was doing when its last event was logged.

    ``refilled`` is the list that a refill fills, ``refiller`` the (pid, context) doing it,
    ``had_pages`` whether the list held pages when it began. ``locked_zone`` is the zone whose
    per-cpu lists ``holder`` holds locked. ``expected`` yields what a drain in progress frees
    next; ``freed`` is the list of the last page freed, by ``freer``. ``pending`` are the rows
    of frees by ``freer`` whose pages have not reached a list yet; ``batch`` says that they
    are freed as a list, whose pages are all logged before the first of them moves. ``depth`` is
    the preempt depth of the last free. ``first`` is the list that a drain began with because
    its task had freed to it, at ``drain_depth``; ``interrupted`` is such a drain that another
    task's free came in between: by whom, its first list, and its preempt depth.
    """

    def __init__(self) -> None:
        self.refilled: PcpList | None = None
        self.refiller = (0, 0)
        self.had_pages = False
        self.locked_zone: Zone | None = None
        self.holder = (0, 0)
        self.draining: Zone | None = None
        self.expected: Iterator[int] = iter(())
        self.freed: PcpList | None = None
        self.freer = (0, 0)
        self.pending: list[int] = []
        self.batch = False
        self.depth = -1
        self.first: PcpList | None = None
        self.drain_depth = -1
        self.interrupted: tuple[tuple[int, int], PcpList, int] | None = None

    def frees(self, who: tuple[int, int], depth: int) -> None:
        """Note that ``who`` frees a page at this preempt depth."""
        self.interrupt(who)
        self.freer, self.depth = who, depth

    def interrupt(self, who: tuple[int, int]) -> None:
        """End the drain in progress, or remember it if ``who`` only comes in between.

        free_frozen_page_commit() lets go of the lists after each batch that it drains.
        """
        if self.draining is not None and self.first is not None and self.holder != who:
            self.interrupted = (self.holder, self.first, self.drain_depth)
        elif self.interrupted is not None and self.interrupted[0] == who:
            self.interrupted = None
        self.draining = None


class Twin:
    """The state of the simulated allocator, and the handlers of the page events."""

    def __init__(
        self,
        allocator: PageAllocator,
        stream: Stream,
        account: Account,
        nodes: Mapping[int, int],
    ) -> None:
        self.allocator = allocator
        self._follow(allocator.rules)
        self.stream = stream
        self.account = account
        self.matched = account.matched
        self.deferred: Deferred | None = None
        self.runs: list[Run] = []
        self.recorder: Recorder | None = None
        self.moments: Moments | None = None
        self.cpus: dict[int, Cpu] = {}
        self.taken: dict[tuple[int, int], Taken] = {}
        self.in_use: dict[int, int] = {}
        self.late: dict[int, int] = {}
        self.refill_rows: dict[int, int] = {}
        self.policy = Policy(allocator, nodes)
        self.vmalloc = Vmalloc(allocator, self.policy)
        self.resync = Resync(self)
        self.floating = self.resync.floating
        self.in_flight = self.resync.in_flight
        self.judge_refill = RefillJudge(self)
        self.judge_alloc = AllocJudge(self)
        self.judge_free = FreeJudge(self)
        self.ties = Ties(stream, self.resync.future)
        self.fallbacks = Fallbacks(self)
        self.frees = Frees(self)
        self.strays = Strays(self)

    def run(self, first: int, last: int) -> None:
        """Replay the rows from ``first`` up to but not including ``last``."""
        sequence, ties = self.ties.sequence, self.ties
        moments, recorder = self.moments, self.recorder
        wanted = moments.rows if moments is not None else {}
        begin, end = (-1, -1) if recorder is None else (recorder.first, recorder.last)
        ties.position = first
        while ties.position < last:
            row = sequence[ties.position]
            ties.position += 1
            if wanted and row in wanted and moments is not None:
                moments.see(row)
            self._step(row)
            if begin <= row <= end and recorder is not None:
                recorder.see(row)

    def _step(self, row: int) -> None:
        kind = self.stream.kind[row]
        if kind == ALLOC:
            self.alloc(row)
        elif kind == FREE:
            self.frees.free(row)
        elif kind == FREE_BATCHED:
            self.frees.free_batched(row)
        elif kind == ZONE_LOCKED:
            self.zone_locked(row)
        elif kind == PCPU_DRAIN:
            self.drain(row)
        elif kind == EXTFRAG:
            self.fallbacks.extfrag(row)
        elif kind == VMALLOC:
            self.announce(row)
        elif kind == VFREE:
            self.vfree_ends(row)
        elif kind == BLIND:
            self.blind(row)

    def adopt(self, rules: Rules) -> None:
        """Go on with other rules, because the trace shows that this kernel has them."""
        self._follow(rules)
        self.allocator.follow(rules)
        for zone in self.allocator.zones:
            zone.follow(rules)

    def _follow(self, rules: Rules) -> None:
        self.rules = rules
        self.old = rules.fallback is Fallback.REMOVE
        self.untyped_drains = not rules.typed_drains
        self.moves = rules.fallback is Fallback.MOVE
        self.cma = -1 if (number := rules.type_number("CMA")) is None else number

    # -- what a cpu is doing --------------------------------------------------------------

    def cpu(self, number: int) -> Cpu:
        """Return the record of one cpu."""
        found = self.cpus.get(number)
        if found is None:
            found = self.cpus[number] = Cpu()
        return found

    def settle(self, row: int) -> Cpu:
        """Conclude what the cpu of the row was in the middle of; return its record.

        A refill that ended gave its first page to the request that caused it, whose own
        event comes later; an announced vmalloc() took its pages.
        """
        number = self.stream.cpu[row]
        cpu = self.cpu(number)
        if self.floating.pages and not self.stream.context[row]:
            self.floating.land(self.stream.pid[row])
        if self.in_flight.blocks:
            self.in_flight.land_all(row)
        if cpu.pending:
            self.frees.commit_all(row, cpu)
        if self.vmalloc.freeing is not None and self.vmalloc.freeing.cpu == number:
            cpu.freed = self.vmalloc.flush()
        announced = self.vmalloc.pending.pop(number, None)
        refilled = cpu.refilled
        cpu.refilled = None
        if announced is not None:
            for pfn in self.vmalloc.take(announced, number):
                self.in_use[pfn] = 0
        elif refilled is not None and refilled.pages and cpu.refiller not in self.taken:
            single = cpu.had_pages and cpu.refiller[1] > 0
            first = refilled.tail if single else refilled.head
            if first is not None:
                self.allocator.drop(first)
                self.taken[cpu.refiller] = Taken(first, refilled.order, refilled)
        return cpu

    def announce(self, row: int) -> None:
        """Note that a vmalloc() is about to take pages."""
        self.settle(row)
        self.vmalloc.announce(self.stream, row)

    def vfree_ends(self, row: int) -> None:
        """Note that a vfree() has given its pages back."""
        self.settle(row)

    def rerun(self, row: int) -> None:
        """Bring the free lists to the row over a stretch in which tracing was stopped."""
        if self.deferred is not None:
            future = self.resync.future
            self.runs += infer_run(self.allocator, self.stream, future, self.deferred, row)

    def blind(self, row: int) -> None:
        """Note that events were switched off just before this row."""
        self.resync.window = row

    # -- refills --------------------------------------------------------------------------

    def zone_locked(self, row: int) -> None:
        """A block leaves the buddy lists: predict which."""
        stream = self.stream
        pfn, order, migratetype = stream.pfn[row], stream.order[row], stream.migratetype[row]
        zone = self.allocator.zone_of(pfn)
        if zone is None:
            zone = self.strays.zone_for(row)
        if zone is None:
            self.account.unchecked(REFILL, NO_ZONE)
            return
        cpu = self.cpu(stream.cpu[row])
        if cpu.pending:
            self.frees.commit_all(row, cpu)
        if self.in_flight.blocks:
            self.in_flight.land_all(row)
        if self.old:
            predicted = self.fallbacks.removal(row, zone)
        else:
            if not self.moves and zone.peek(order, migratetype) is None:
                self.fallbacks.claim_before(zone, row)
            predicted = zone.rmqueue_smallest(order, migratetype)
        if predicted == pfn:
            self.matched[REFILL] += 1
        elif predicted is not None and self.ties.taken_first(row, predicted):
            zone.undo(predicted, order, migratetype)
            return
        else:
            pfn = self.judge_refill.refill(row, zone, predicted)
            order = stream.order[row]
        self.took(row, zone, pfn, order, migratetype)

    def took(self, row: int, zone: Zone, pfn: int, order: int, migratetype: int) -> None:
        """Put a block that left the buddy lists where it goes: a per-cpu list, or a request."""
        stream = self.stream
        who = (stream.pid[row], stream.context[row])
        direct = not self.allocator.in_pcp[order] or (migratetype >= 3 and migratetype != self.cma)
        if direct:
            self.settle(row)
            self.taken[who] = Taken(pfn, order, None)
            return
        number = stream.cpu[row]
        pages = self.allocator.pcp(zone, number, self.allocator.pindex[order][migratetype])
        cpu = self.cpu(number)
        if cpu.refilled is not pages or cpu.refiller != who:
            self.check_order(row, cpu, who)
            order = stream.order[row]
            pages = self.allocator.pcp(zone, number, self.allocator.pindex[order][migratetype])
        if cpu.refilled is not pages or cpu.refiller != who:
            if cpu.refilled is not None or number not in self.vmalloc.pending:
                self.settle(row)
            cpu.refilled, cpu.refiller, cpu.had_pages = pages, who, bool(pages.pages)
            cpu.interrupt(who)
            cpu.locked_zone, cpu.holder = zone, who
        self.allocator.push(pages, pfn, tail=True)
        self.refill_rows = {pfn: row}

    def check_order(self, row: int, cpu: Cpu, who: tuple[int, int]) -> None:
        """Check the orders of a refill that another one follows without its request's event.

        A request logs its page before its task asks for more, so that one of the two orders
        may be wrong; an unlogged bulk allocation has the same look.
        """
        before = cpu.refilled
        if before is None or cpu.refiller != who or before.tail is None:
            return
        right = self.judge_refill.other_order(row)
        if right == before.order:
            self.judge_refill.order_diverged(row, right)
            self.judge_refill.reorder(row, right)
            return
        last = self.refill_rows.get(before.tail, row)
        right = self.judge_refill.other_order(last)
        if last != row and right == self.stream.order[row]:
            self.judge_refill.order_diverged(last, right)
            self.judge_refill.reorder(last, right)

    # -- allocations ----------------------------------------------------------------------

    def alloc(self, row: int) -> None:
        """A request was given a page: predict which."""
        stream = self.stream
        cpu = self.settle(row)
        pfn, order = stream.pfn[row], stream.order[row]
        who = (stream.pid[row], stream.context[row])
        if not who[1]:
            cpu.locked_zone = None
        cpu.interrupt(who)
        cpu.freed = None
        if pfn < 0:
            self.account.unchecked(PFN, "the allocation failed")
            return
        if self.policy.interleaving:
            self.policy.watch(stream, row)
        taken = self.taken.pop(who, None)
        if taken is not None and taken.pfn == pfn and taken.order == order:
            self.matched[PFN] += 1
            if self.policy.several and taken.home is not None:
                self.policy.served(stream, row, taken.home.zone.nid)
        elif pfn in self.late:
            self.logged_late(row, who, taken)
        else:
            pfn = self.alloc_from_list(row, taken)
        self.vmalloc.allocated(stream, row)
        order = stream.order[row]
        self.in_use[pfn] = order
        self.frees.allocated(who, pfn, order)

    def logged_late(self, row: int, who: tuple[int, int], taken: Taken | None) -> None:
        """Enter an allocation whose page was found taken before."""
        del self.late[self.stream.pfn[row]]
        self.account.unchecked(PFN, LATE)
        if taken is not None:
            self.taken[who] = taken

    def alloc_from_list(self, row: int, taken: Taken | None) -> int:
        """Predict a page that no event of its own announced; return the page taken."""
        stream, allocator = self.stream, self.allocator
        pfn, order = stream.pfn[row], stream.order[row]
        if taken is not None or (not allocator.in_pcp[order] and pfn not in allocator.where):
            return self.judge_alloc.alloc(row, None, taken)
        pages = self.policy.list_for(stream, row)
        if pages is not None and pages.head == pfn:
            allocator.pop(pages)
            self.matched[PFN] += 1
            self.policy.served(stream, row, pages.zone.nid)
            return pfn
        return self.judge_alloc.alloc(row, pages, None)

    # -- drains ---------------------------------------------------------------------------

    def drain(self, row: int) -> None:
        """A page goes from a per-cpu list back to the zone: predict which."""
        stream = self.stream
        pfn, order = stream.pfn[row], stream.order[row]
        zone = self.allocator.zone_of(pfn)
        if zone is None:
            zone = self.strays.zone_for(row)
        if zone is None:
            self.account.unchecked(DRAIN, NO_ZONE)
            return
        cpu = self.cpu(stream.cpu[row])
        if cpu.draining is not zone:
            self.begin_drain(row, zone, cpu)
        predicted = next(cpu.expected, None)
        if predicted is None:
            self.begin_drain(row, zone, cpu)
            predicted = next(cpu.expected, None)
        pages = self.allocator.where.get(pfn)
        if predicted == pfn and pages is not None and pages.order == order:
            self.allocator.drop(pfn)
            self.matched[DRAIN] += 1
        else:
            pfn = self.judge_free.drain(row, predicted)
            # a page that was thought free stood in a per-cpu list all the time
            zone.evict(pfn, stream.order[row])
        migratetype = stream.migratetype[row]
        if self.untyped_drains:
            migratetype = self.type_of_list(zone, pfn, pages)
        zone.free_one(pfn, stream.order[row], migratetype)

    def type_of_list(self, zone: Zone, pfn: int, listed: PcpList | None) -> int:
        """Return the type that a drained page is freed with: its list's, or Reserve or CMA.

        Until v3.6 the event shows page_private() after the merge instead. A page that came into
        its list before the trace has the type that the unlogged run took it for.
        """
        migratetype: int = zone.pageblock_type(pfn)
        if listed is None and self.deferred is not None:
            return self.deferred.taken.get(pfn, migratetype)
        if listed is None or (migratetype >= 3 and listed.migratetype == self.rules.movable):
            return migratetype
        return listed.migratetype

    def begin_drain(self, row: int, zone: Zone, cpu: Cpu) -> None:
        """Work out what a drain that starts here frees, in order.

        Which cpu's lists are drained is not logged where another cpu does it: the list that
        holds the page tells.
        """
        stream = self.stream
        self.settle(row)
        who = (stream.pid[row], stream.context[row])
        freed = self._freed(row, zone, cpu, who)
        pages = self.allocator.where.get(stream.pfn[row])
        number = stream.cpu[row] if freed is not None or pages is None else pages.cpu
        first = freed.pindex if freed is not None else None
        if self.rules.drain is Drain.ROTATE:
            first = None
        count = SHORT_DRAIN if self.account.reason else WHOLE_DRAIN
        cpu.expected = iter(self.allocator.drain_order(zone, number, first, count))
        cpu.draining = cpu.locked_zone = zone
        cpu.holder, cpu.first, cpu.drain_depth = who, freed, stream.depth[row]

    def _freed(self, row: int, zone: Zone, cpu: Cpu, who: tuple[int, int]) -> PcpList | None:
        """Return the list whose last free makes this drain, None where something else does.

        A free holds the per-cpu lists pinned and locked, and the zone locked: three levels of
        preempt depth. A worker that shrinks the lists pins nothing (decay_pcp_high()).
        """
        depth = self.stream.depth[row]
        if cpu.interrupted is not None and cpu.interrupted[0] == who:
            _, first, before = cpu.interrupted
            cpu.interrupted = None
            return first if first.zone is zone and depth == before else None
        freed = cpu.freed
        if freed is None or freed.zone is not zone or cpu.freer != who:
            return None
        if self.rules.vfree_merges and cpu.depth >= 0 and depth == cpu.depth + WORKER_DEPTH:
            return None
        return freed
