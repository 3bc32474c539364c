"""What a mismatch means: an explanation that later lines bear out, or a divergence.

Each method is called with a row whose prediction failed, enters the outcome in the account,
and returns what the simulation goes on with, so that one fault stays one divergence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.mm.page_alloc import PcpList
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc_account import DRAIN, LEGAL, PFN, REFILL
from tracekit.replay.page_alloc_contig import Contig
from tracekit.replay.page_alloc_floating import Floating
from tracekit.replay.page_alloc_future import Future
from tracekit.replay.page_alloc_passed_by import PassedBy
from tracekit.replay.page_alloc_stream import (
    ALLOC,
    FREE,
    PCPU_DRAIN,
    ZONE_LOCKED,
)
from tracekit.replay.page_alloc_unordered import Unordered

if TYPE_CHECKING:
    from tracekit.replay.page_alloc_twin import Taken, Twin

LATE = "the task was interrupted between taking the page and logging it"
OTHER_NODE = "the node that the caller asked for is not logged"
OTHER_CPU = "logged on another cpu than the page was taken on"
CAPTURED = "the page came from no list that is logged (compaction, or reclaim in between)"
MAX_SKIPPED = 4096


def _hex(pfn: int | None) -> str:
    return "no page" if pfn is None else f"pfn {pfn:#x}"


class Resync:
    """Explains mismatches of one twin."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.future = Future(twin.stream)
        self.unlogged_rows: list[int] = []
        self.bulk_rows: list[int] = []
        self.unordered = Unordered(twin, self.future)
        self.passed_by = PassedBy(twin, self.future)
        self.contig = Contig(twin)
        self.floating = Floating(twin, self.future)
        self.handed_over = True
        self.window = -1

    # -- refills --------------------------------------------------------------------------

    def refill(self, row: int, zone: Zone, predicted: int | None) -> int:
        """A block left the free lists that was not the predicted one; return what was taken."""
        twin = self.twin
        stream, account = twin.stream, twin.account
        pfn, order, migratetype = stream.pfn[row], stream.order[row], stream.migratetype[row]
        if predicted is not None and self.unordered.may_stand_first(row, zone, predicted):
            account.unchecked(REFILL, self.unordered.reason)
            return pfn
        if self.passed_by.explains_refill(row, zone, predicted):
            account.inferred[REFILL] += 1
            return pfn
        after = None if predicted is None else self.future.next_kind(predicted, row)
        hidden = predicted is not None and self._hidden(predicted, order, row)
        if predicted is not None and after in (ALLOC, PCPU_DRAIN) and not hidden:
            self._refill_diverged(row, zone, predicted)
            return predicted
        if predicted is not None:
            zone.undo(predicted, order, migratetype)
        if self._taken_unlogged(row, zone) or self._left_unlogged(row, zone):
            zone.evict(pfn, order)
            account.inferred[REFILL] += 1
            self.unlogged_rows.append(row)
            return pfn
        self._refill_diverged(row, zone, predicted)
        zone.evict(pfn, order)
        return pfn

    def _refill_diverged(self, row: int, zone: Zone, predicted: int | None) -> None:
        stream = self.twin.stream
        pfn, order = stream.pfn[row], stream.order[row]
        if self._swapped(row, predicted):
            code, words = "PA102", "the next line logs the block that belongs here"
        else:
            code, words = "PA101", ""
        names = self.twin.rules.types
        migratetype = stream.migratetype[row]
        kind = names[migratetype] if migratetype < len(names) else str(migratetype)
        self.twin.account.diverged(
            REFILL,
            code,
            row,
            f"mm_page_alloc_zone_locked order {order} {kind} in zone {zone.name}",
            logged=_hex(pfn),
            simulated=_hex(predicted),
            explanation=words,
        )

    def _swapped(self, row: int, predicted: int | None) -> bool:
        stream = self.twin.stream
        following = row + 1
        return (
            following < len(stream)
            and stream.kind[following] == ZONE_LOCKED
            and stream.cpu[following] == stream.cpu[row]
            and stream.pfn[following] == predicted
        )

    def _taken_unlogged(self, row: int, zone: Zone) -> bool:
        """Explain by blocks that the unlogged run before the trace had taken already.

        They stand before the logged one in the lists, no earlier line touches them, and no
        later line takes them before it frees them.
        """
        stream = self.twin.stream
        pfn, order, migratetype = stream.pfn[row], stream.order[row], stream.migratetype[row]
        if not self.handed_over or not zone.is_free(pfn, order):
            return False
        taken: list[tuple[int, int, int]] = []
        while len(taken) < MAX_SKIPPED:
            block = zone.peek(order, migratetype)
            if block == pfn:
                zone.rmqueue_smallest(order, migratetype)
                return True
            if block is None or not self._gone_before(block, order, row):
                break
            zone.rmqueue_smallest(order, migratetype)
            taken.append((block, order, migratetype))
        for item in reversed(taken):
            zone.undo(*item)
        return False

    def _gone_before(self, pfn: int, order: int, row: int) -> bool:
        future = self.future
        return all(
            future.untouched_between(page, self.window, row)
            and future.next_kind(page, row) in (FREE, None)
            for page in range(pfn, pfn + (1 << order))
        ) or self._hidden(pfn, order, row)

    def _hidden(self, pfn: int, order: int, row: int) -> bool:
        """Return whether the block may have left the free lists while events were off.

        No line since then touches it, and the next one shows it on its way to a user.
        """
        future = self.future
        return self.window >= 0 and all(
            future.untouched_between(page, self.window, row)
            and future.next_kind(page, row) in (ALLOC, PCPU_DRAIN, FREE, None)
            for page in range(pfn, pfn + (1 << order))
        )

    def _left_unlogged(self, row: int, zone: Zone) -> bool:
        """Explain by a block that the unlogged run had left free after all."""
        twin = self.twin
        stream = twin.stream
        pfn, order = stream.pfn[row], stream.order[row]
        pages = range(pfn, pfn + (1 << order))
        return (
            self.handed_over
            and zone.start <= pfn < zone.end
            and not zone.is_free(pfn, order)
            and pfn not in twin.allocator.where
            and all(self.future.untouched_between(page, self.window, row) for page in pages)
        )

    # -- allocations ----------------------------------------------------------------------

    def alloc(self, row: int, pages: PcpList | None, taken: Taken | None) -> int:
        """A request was given another page than predicted; return the page it took."""
        twin = self.twin
        stream, allocator = twin.stream, twin.allocator
        pfn = stream.pfn[row]
        home = allocator.where.get(pfn)
        if home is not None and self._same_list(row, home):
            return self._from_list(row, home, pages, taken)
        predicted = taken.pfn if taken is not None else pages.head if pages is not None else None
        if home is not None and home.head == pfn and home.order == stream.order[row]:
            return self._other_cpu(row, taken)
        return self._nowhere(row, predicted, pages, taken)

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
        if taken is None and self.passed_by.came_after(row, skipped):
            allocator.drop(pfn)
            account.unchecked(PFN, LATE)
            return pfn
        skipped = self.passed_by.release(row, skipped)
        skipped = self.floating.lift(row, skipped)
        if not all(self._leaves_unseen(page, row, home.order) for page in skipped):
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
            if self.future.next_kind(page, row) == ALLOC:
                twin.late[page] = row
            else:
                twin.in_use[page] = home.order
                self.bulk_rows.append(row)
        allocator.drop(pfn)
        account.inferred[PFN] += 1
        if pages is not None and pages is not home and pages.zone is not home.zone:
            twin.policy.served(stream, row, home.zone.nid)
        return pfn

    def _leaves_unseen(self, pfn: int, row: int, order: int) -> bool:
        """Return whether later lines agree that the page was taken without a line so far.

        Either its own line comes late (the taker was interrupted), or alloc_pages_bulk()
        took it, which logs nothing, or events were switched off at the time: then the next
        that is heard of it is its free.
        """
        after = self.future.next_kind(pfn, row)
        if after == ALLOC:
            return True
        if after not in (FREE, None):
            return False
        if order == 0 and self.twin.rules.bulk_unlogged:
            return True
        return self.window >= 0 and self.future.untouched_between(pfn, self.window, row)

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
        if self._from_window(row, zone, pages, taken) or self._not_taken(row, taken):
            return pfn
        if predicted is None:
            twin.account.unchecked(PFN, CAPTURED)
            if zone is not None and zone.is_free(pfn, order):
                zone.carve(pfn, order)
            return pfn
        self._alloc_diverged(row, predicted)
        if taken is None and pages is not None:
            allocator.pop(pages)
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
        return self.future.next_kind(pfn, row) == ALLOC

    def _from_window(
        self, row: int, zone: Zone | None, pages: PcpList | None, taken: Taken | None
    ) -> bool:
        """Explain a page that came into its per-cpu list while events were off.

        The pages that the list still held then are gone, and it was refilled in the free
        lists' order, up to the page and by as much as refills of the list bring.
        """
        twin = self.twin
        stream, future = twin.stream, self.future
        pfn, order = stream.pfn[row], stream.order[row]
        block = range(pfn, pfn + (1 << order))
        if self.window < 0 or taken is not None or zone is None:
            return False
        if not all(future.untouched_between(page, self.window, row) for page in block):
            return False
        old = [] if pages is None else list(pages.pages)
        if not all(self._leaves_unseen(page, row, order) for page in old):
            return False
        if not zone.is_free(pfn, order) and zone.block_with(pfn) is not None:
            return False
        for page in old:
            twin.allocator.drop(page)
            twin.in_use[page] = order
        if zone.is_free(pfn, order):
            zone.carve(pfn, order)
        twin.account.inferred[PFN] += 1
        self.unlogged_rows.append(row)
        return True

    def _alloc_diverged(self, row: int, predicted: int | None) -> None:
        stream = self.twin.stream
        pfn, order = stream.pfn[row], stream.order[row]
        alternatives = []
        if self.twin.rules.bulk_unlogged and order == 0 and pfn in self.twin.allocator.where:
            alternatives.append("alloc_pages_bulk() took the pages before it, which logs nothing")
        self.twin.account.diverged(
            PFN,
            "PA103",
            row,
            f"mm_page_alloc order {order}",
            logged=_hex(pfn),
            simulated=_hex(predicted),
            alternatives=alternatives,
        )

    # -- frees ----------------------------------------------------------------------------

    def free(self, row: int, known: int | None) -> bool:
        """Judge a free whose pages are not known to be in use at its order.

        Return whether the pages go back to the lists.
        """
        twin = self.twin
        stream, account, allocator = twin.stream, twin.account, twin.allocator
        pfn, order = stream.pfn[row], stream.order[row]
        zone = allocator.zone_of(pfn)
        home = allocator.where.get(pfn)
        if home is not None:
            return self._free_from_list(row, home)
        if zone is not None and zone.block_with(pfn) is not None:
            return self._free_of_free(row, zone)
        if self.contig.gives_back(pfn, row):
            account.matched[LEGAL] += 1
            return True
        if known is None:
            known = self._part_of(pfn)
        if known is not None and known != order and not self._split(pfn, known, order):
            self._free_diverged(row, "PA105", f"order {order}", f"order {known}")
            return True
        account.matched[LEGAL] += 1
        return True

    def _part_of(self, pfn: int) -> int | None:
        """Split the larger allocation that holds the page, if one does (split_page())."""
        in_use = self.twin.in_use
        for order in range(1, self.twin.rules.max_order + 1):
            first = pfn & -(1 << order)
            if first != pfn and in_use.get(first, -1) >= order:
                self._split(first, in_use.pop(first), 0)
                in_use[first] = 0
                in_use.pop(pfn, None)
                return 0
        return None

    def _split(self, pfn: int, known: int, order: int) -> bool:
        """Return whether a block of order ``known`` may come back in pieces of ``order``.

        split_page() makes single pages of a block, each of which is then freed on its own.
        """
        if order or not known:
            return False
        for page in range(pfn + 1, pfn + (1 << known)):
            self.twin.in_use[page] = 0
        return True

    def _free_from_list(self, row: int, home: PcpList) -> bool:
        """The freed page stands in a per-cpu list: taken unseen before, or freed twice."""
        twin = self.twin
        pfn = twin.stream.pfn[row]
        skipped = home.before(pfn)
        if (
            twin.rules.bulk_unlogged
            and twin.stream.order[row] == home.order == 0
            and all(self._leaves_unseen(page, row, 0) for page in skipped)
        ):
            for page in [*skipped, pfn]:
                twin.allocator.drop(page)
                twin.in_use[page] = 0
            twin.in_use.pop(pfn)
            self.bulk_rows.append(row)
            twin.account.inferred[LEGAL] += 1
            return True
        self._free_diverged(row, "PA104", f"order {twin.stream.order[row]}", "a free page")
        return False

    def _free_of_free(self, row: int, zone: Zone) -> bool:
        """The freed page is free already: taken by the unlogged run, or freed twice."""
        twin = self.twin
        pfn, order = twin.stream.pfn[row], twin.stream.order[row]
        pages = range(pfn, pfn + (1 << order))
        if (
            self.handed_over
            and zone.is_free(pfn, order)
            and all(self.future.untouched_between(page, self.window, row) for page in pages)
        ):
            zone.carve(pfn, order)
            self.unlogged_rows.append(row)
            twin.account.inferred[LEGAL] += 1
            return True
        if self.contig.explains(row, zone):
            twin.account.inferred[LEGAL] += 1
            return True
        self._free_diverged(row, "PA104", f"order {order}", "a free page")
        return False

    def _free_diverged(self, row: int, code: str, logged: str, simulated: str) -> None:
        stream = self.twin.stream
        self.twin.account.diverged(
            LEGAL,
            code,
            row,
            f"mm_page_free order {stream.order[row]}",
            logged=f"free of {_hex(stream.pfn[row])}, {logged}",
            simulated=simulated,
        )

    # -- drains ---------------------------------------------------------------------------

    def drain(self, row: int, predicted: int | None) -> int:
        """Another page was drained than predicted; return the page that left its list."""
        twin = self.twin
        stream, allocator = twin.stream, twin.allocator
        pfn = stream.pfn[row]
        home = allocator.where.get(pfn)
        twin.cpu(stream.cpu[row]).draining = None
        after = None if predicted is None else self.future.next_kind(predicted, row)
        twin.account.diverged(
            DRAIN,
            "PA106",
            row,
            f"mm_page_pcpu_drain order {stream.order[row]}",
            logged=_hex(pfn),
            simulated=_hex(predicted),
        )
        if predicted is not None and after in (ZONE_LOCKED, None) and home is None:
            allocator.drop(predicted)
            return predicted
        if home is not None:
            allocator.drop(pfn)
        return pfn
