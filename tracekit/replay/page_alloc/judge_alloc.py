"""Allocations that the twin did not predict: explained, or reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.mm.page_alloc import PcpList
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.account import PFN
from tracekit.replay.page_alloc.resync import LATE, WHILE_OFF, show
from tracekit.replay.page_alloc.stream import ALLOC, FREE, PCPU_DRAIN, ZONE_LOCKED

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Taken, Twin

OTHER_NODE = "the node that the caller asked for is not logged"
OTHER_CPU = "logged on another cpu than the page was taken on"
CAPTURED = "the page came from no list that is logged (compaction, or reclaim in between)"
BATCH_ORDER = 6


class AllocJudge:
    """Judges pages that requests were given."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.shared = twin.resync

    def alloc(self, row: int, pages: PcpList | None, taken: Taken | None) -> int:
        """A request was given another page than predicted; return the page it took."""
        twin = self.twin
        stream, allocator = twin.stream, twin.allocator
        pfn = stream.pfn[row]
        home = allocator.where.get(pfn)
        if twin.account.lost(row):
            if home is not None:
                allocator.drop(pfn)
            twin.account.unchecked(PFN, twin.account.reason)
            return pfn
        predicted = taken.pfn if taken is not None else pages.head if pages is not None else None
        if predicted is not None and self._not_given(row, predicted):
            self._alloc_diverged(row, predicted)
            if taken is None and pages is not None:
                allocator.pop(pages)
            return predicted
        if home is not None and self._same_list(row, home):
            return self._from_list(row, home, pages, taken)
        if home is not None and home.head == pfn and home.order == stream.order[row]:
            return self._other_cpu(row, taken)
        return self._nowhere(row, predicted, pages, taken)

    def _not_given(self, row: int, predicted: int) -> bool:
        """Return whether later lines say that the predicted page was given out, not the logged one.

        The one is freed next without having been given out; the other is given out, drained or
        leaves the free lists next without having been freed.
        """
        stream, future = self.twin.stream, self.shared.future
        pfn, order = stream.pfn[row], stream.order[row]
        after = future.next_row(pfn, row)
        if after is None or stream.kind[after] == FREE or stream.order[after] != order:
            return False
        return future.next_kind(predicted, row) == FREE

    def _same_list(self, row: int, home: PcpList) -> bool:
        stream, rules = self.twin.stream, self.twin.rules
        pindex = rules.pindex(stream.order[row], stream.migratetype[row])
        return home.cpu == stream.cpu[row] and home.pindex == pindex

    def _from_list(
        self, row: int, home: PcpList, pages: PcpList | None, taken: Taken | None
    ) -> int:
        """The page stands in a list of this cpu, but was not expected from there, or not yet."""
        twin = self.twin
        stream, allocator, account = twin.stream, twin.allocator, twin.account
        pfn = stream.pfn[row]
        who = (stream.pid[row], stream.context[row])
        skipped = home.before(pfn)
        if taken is not None and taken.home is home:
            skipped.insert(0, taken.pfn)
        elif taken is not None:
            twin.taken[who] = taken
        if not skipped:
            allocator.drop(pfn)
            account.unchecked(PFN, OTHER_NODE)
            twin.policy.served(stream, row, home.zone.nid)
            return pfn
        if taken is None and self.shared.passed_by.came_after(row, skipped):
            allocator.drop(pfn)
            account.unchecked(PFN, LATE)
            return pfn
        if taken is None and self.shared.floating.landed_late(row, skipped):
            allocator.drop(pfn)
            account.inferred[PFN] += 1
            return pfn
        skipped = self.shared.passed_by.release(row, skipped)
        skipped = self.shared.floating.lift(row, skipped)
        if not all(self.shared.leaves_unseen(page, row, home.order) for page in skipped):
            if taken is not None and taken.home is home:
                allocator.push(home, taken.pfn, tail=False)
            predicted = home.head
            self._alloc_diverged(row, predicted)
            if predicted is not None:
                allocator.drop(predicted)
            return pfn if predicted is None else predicted
        for page in skipped:
            if page in allocator.where:
                allocator.drop(page)
            if self.shared.future.next_kind(page, row) == ALLOC:
                twin.late[page] = row
            else:
                twin.in_use[page] = home.order
                self.shared.bulk_rows.append(row)
                self.shared.blame.skipped.setdefault(pfn, []).append(page)
        allocator.drop(pfn)
        self._note_passed_over(row, skipped)
        account.inferred[PFN] += 1
        if pages is not None and pages is not home and pages.zone is not home.zone:
            twin.policy.served(stream, row, home.zone.nid)
        return pfn

    def _note_passed_over(self, row: int, pages: list[int]) -> None:
        """Note pages that were taken without a line of their own, where bulk allocation may."""
        taken = [page for page in pages if page not in self.twin.late]
        if not taken:
            return
        self.twin.account.note(
            "PA112",
            row,
            f"mm_page_alloc order {self.twin.stream.order[row]}",
            logged=show(self.twin.stream.pfn[row]),
            simulated=f"{show(taken[0])} and {len(taken) - 1} more stand before it",
            alternatives=["alloc_pages_bulk() took them", "the line names another page"],
        )

    def _other_cpu(self, row: int, taken: Taken | None) -> int:
        twin = self.twin
        pfn = twin.stream.pfn[row]
        twin.allocator.drop(pfn)
        twin.account.unchecked(PFN, OTHER_CPU)
        if taken is not None:
            twin.taken[twin.stream.pid[row], twin.stream.context[row]] = taken
        return pfn

    def _nowhere(
        self, row: int, predicted: int | None, pages: PcpList | None, taken: Taken | None
    ) -> int:
        """The page stands in no list that the request could have been served from."""
        twin = self.twin
        stream, allocator = twin.stream, twin.allocator
        pfn, order = stream.pfn[row], stream.order[row]
        zone = allocator.zone_of(pfn)
        for who, other in twin.taken.items():
            if other.pfn == pfn and other.order == order:
                del twin.taken[who]
                twin.account.unchecked(PFN, OTHER_CPU)
                if taken is not None:
                    twin.taken[who] = taken
                return pfn
        if self._not_taken(row, taken) or self._from_window(row, zone, pages, taken):
            return pfn
        stopped = self.shared.stopped
        if taken is None and twin.policy.several and stopped.came_back(row, predicted):
            twin.account.unchecked(PFN, OTHER_NODE)
            return pfn
        left = zone is not None and self._block_left(zone, row)
        proved = taken is None and (
            (left and stopped.proved_by_alloc(row, zone)) or stopped.proved_by_free(row, predicted)
        )
        if proved and self._from_window(row, zone, None, None):
            return pfn
        if self.shared.blame.earlier_alloc(row):
            if taken is not None:
                twin.taken[stream.pid[row], stream.context[row]] = taken
            return pfn
        home = allocator.where.get(pfn)
        if home is not None and home.head == pfn:
            predicted = pfn
        if predicted is None:
            twin.account.unchecked(PFN, CAPTURED)
            if zone is not None and zone.is_free(pfn, order):
                zone.carve(pfn, order)
            return pfn
        right = home.order if home is not None else taken.order if taken is not None else order
        if taken is None and pages is not None and self.shared.blame.orphan(row):
            return pfn
        self._alloc_diverged(row, predicted, right)
        if taken is None and pages is not None:
            self.shared.blame.suspect_free(row, predicted)
        if home is not None and predicted == pfn:
            allocator.drop(pfn)
        elif taken is None and pages is not None and pages.pages:
            allocator.pop(pages)
        stream.order[row] = right
        return predicted

    def _not_taken(self, row: int, taken: Taken | None) -> bool:
        """Explain by a vmalloc() whose task moved to another cpu: the pages are here still."""
        twin = self.twin
        pfn = twin.stream.pfn[row]
        take = twin.vmalloc.taken.get(pfn)
        if take is None or not self._same_list(row, take.home):
            return False
        if taken is not None:
            twin.taken[twin.stream.pid[row], twin.stream.context[row]] = taken
        for page in twin.vmalloc.untake(pfn, lambda page: self._next_is_alloc(page, row - 1)):
            twin.in_use.pop(page, None)
        for page in take.home.before(pfn):
            twin.allocator.drop(page)
            twin.in_use[page] = 0
        twin.allocator.drop(pfn)
        if twin.policy.several:
            twin.account.unchecked(PFN, OTHER_NODE)
        else:
            twin.account.inferred[PFN] += 1
        return True

    def _next_is_alloc(self, pfn: int, row: int) -> bool:
        return self.shared.future.next_kind(pfn, row) == ALLOC

    def _from_window(
        self, row: int, zone: Zone | None, pages: PcpList | None, taken: Taken | None
    ) -> bool:
        """Explain a page that came into its per-cpu list while events were off.

        The pages that the list still held then are gone, and it was refilled in the free
        lists' order, up to the page and by as much as refills of the list bring. A page that
        leaves the free lists later, without being freed before, did not come that way.
        """
        twin = self.twin
        stream, future = twin.stream, self.shared.future
        pfn, order = stream.pfn[row], stream.order[row]
        block = range(pfn, pfn + (1 << order))
        if not self.shared.were_off or taken is not None or zone is None:
            return False
        if not all(future.untouched_between(page, self.shared.window, row) for page in block):
            return False
        if any(future.next_kind(page, row) == ZONE_LOCKED for page in block):
            return False
        if pages is not None and pages.zone is not zone:
            # the request asked another node for the page than the one it was expected from
            pages = twin.allocator.pcp_lists(zone, stream.cpu[row]).get(pages.pindex)
        entered = None if pages is None or pages.head is None else future.last_row(pages.head, row)
        if entered is not None and entered > self.shared.window:
            # a page freed since would be given out first, and one refilled since stands behind
            return False
        old = [] if pages is None else list(pages.pages)
        old = [page for page in old if future.next_kind(page, row) in (FREE, None)]
        if not zone.is_free(pfn, order) and zone.block_with(pfn) is not None:
            return False
        if zone.is_free(pfn, order) and not self._block_left(zone, row):
            return False
        for page in old:
            twin.allocator.drop(page)
            twin.in_use[page] = order
        if zone.is_free(pfn, order):
            zone.carve(pfn, order)
        twin.account.unchecked(PFN, WHILE_OFF)
        return True

    def _block_left(self, zone: Zone, row: int) -> bool:
        """Return whether the free block around the row's pages may have been split unseen.

        One refill may take all of a block of 2^6 pages (zone_batchsize() gives 63 at most). What
        it leaves of a larger one is taken next: some of it comes out of a per-cpu list too.
        """
        stream, future = self.twin.stream, self.shared.future
        pfn, order = stream.pfn[row], stream.order[row]
        first = zone.block_with(pfn)
        if first is None or zone.blocks[first] >> 3 <= max(order, BATCH_ORDER):
            return True
        size = 1 << (zone.blocks[first] >> 3)
        rest = (p for p in range(first, first + size) if not pfn <= p < pfn + (1 << order))
        return any(future.next_kind(page, row) in (ALLOC, PCPU_DRAIN) for page in rest)

    def _alloc_diverged(self, row: int, predicted: int | None, right: int | None = None) -> None:
        stream = self.twin.stream
        pfn, order = stream.pfn[row], stream.order[row]
        alternatives = []
        if self.twin.rules.bulk_unlogged and order == 0 and pfn in self.twin.allocator.where:
            alternatives.append("alloc_pages_bulk() took the pages before it, which logs nothing")
        self.twin.account.diverged(
            PFN,
            "PA111" if predicted == pfn else "PA103",
            row,
            f"mm_page_alloc order {order}",
            logged=f"{show(pfn)}, order {order}",
            simulated=f"{show(predicted)}, order {order if right is None else right}",
            alternatives=alternatives,
        )
