"""Frees and drains that the twin did not expect: explained, or reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from tracekit.mm.page_alloc import PcpList
from tracekit.mm.page_alloc_rules import Drain
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.account import DRAIN, LEGAL, PFN
from tracekit.replay.page_alloc.resync import WHILE_OFF, WHOLE_DRAIN, show
from tracekit.replay.page_alloc.stream import ALLOC, FREE, PCPU_DRAIN, ZONE_LOCKED

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Cpu, Twin


COMPACTED = "memory compaction took free pages before, which logs nothing"
TAKEN_WHILE_OFF = "what was taken while no events were logged is not known"


class FreeJudge:
    """Judges pages that were freed, and pages that went back from per-cpu lists.

    ``unproved`` maps blocks to the rows that freed them, where no line showed their order.
    """

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.shared = twin.resync
        self.unproved: dict[int, int] = {}

    def free(self, row: int, known: int | None) -> bool:
        """Judge a free whose pages are not known to be in use at its order.

        Return whether the pages go back to the lists.
        """
        twin = self.twin
        stream, account, allocator = twin.stream, twin.account, twin.allocator
        pfn, order = stream.pfn[row], stream.order[row]
        zone = allocator.zone_of(pfn)
        home = allocator.where.get(pfn)
        if account.lost(row):
            if home is not None:
                allocator.drop(pfn)
            if zone is not None:
                zone.evict(pfn, order)
            account.unchecked(LEGAL, account.reason)
            return True
        if home is not None:
            return self._free_from_list(row, home)
        if zone is not None and zone.block_with(pfn) is not None:
            return self._free_of_free(row, zone)
        listed = self._inside_listed(pfn) if known is None else None
        if listed is not None:
            return self._whole_was_single(listed, order) or self.freed_twice(row)
        if self.shared.contig.gives_back(pfn, row):
            account.matched[LEGAL] += 1
            return True
        if known is None:
            known = self._part_of(pfn)
        if known is None and order and self._overlaps(pfn, order):
            known = 0
        if known is not None and known != order and not self._split(row, pfn, known, order):
            self._free_diverged(row, "PA105", f"order {order}", f"order {known}")
            stream.order[row] = known
            return True
        if known is None and order:
            self.unproved[pfn] = row
        account.matched[LEGAL] += 1
        return True

    def _part_of(self, pfn: int) -> int | None:
        """Split the larger allocation that holds the page, if one does (split_page())."""
        in_use = self.twin.in_use
        for order in range(1, self.twin.rules.max_order + 1):
            first = pfn & -(1 << order)
            if first != pfn and in_use.get(first, -1) >= order:
                self._make_single(first, in_use.pop(first))
                in_use[first] = 0
                in_use.pop(pfn, None)
                return 0
        return None

    def _inside_listed(self, pfn: int) -> int | None:
        """Return the larger block on its way through a per-cpu list that the page lies within."""
        where = self.twin.allocator.where
        for order in range(1, self.twin.rules.max_order + 1):
            first = pfn & -(1 << order)
            home = where.get(first)
            listed = self.twin.frees.moving.get(first, -1) if home is None else home.order
            if first != pfn and listed >= order:
                return first
        return None

    def _whole_was_single(self, first: int, order: int) -> bool:
        """Blame the free of a block whose order nothing had shown; set it right.

        A page of it is freed on its own, as its neighbours are (free_reserved_area()).
        """
        twin, stream, allocator = self.twin, self.twin.stream, self.twin.allocator
        row = self.unproved.pop(first, None)
        if row is None:
            return False
        twin.account.matched[LEGAL] -= 1
        whole = stream.order[row]
        self._free_diverged(row, "PA105", f"order {whole}", f"order {order}")
        twin.account.matched[LEGAL] += 1
        stream.order[row] = order
        if first in twin.frees.moving:
            twin.frees.moving[first] = order
        elif first in allocator.where:
            home = allocator.where[first]
            pindex = allocator.pindex[order][home.migratetype]
            allocator.push(allocator.pcp(home.zone, home.cpu, pindex), first, tail=False)
        return True

    def _overlaps(self, pfn: int, order: int) -> bool:
        """Return whether a page behind the first one belongs to an allocation of its own."""
        return not self.twin.in_use.keys().isdisjoint(range(pfn + 1, pfn + (1 << order)))

    def _split(self, row: int, pfn: int, known: int, order: int) -> bool:
        """Return whether a block of order ``known`` may come back in pieces of ``order``.

        split_page() makes single pages of a block, each of which is then freed on its own: the
        next that is heard of the second page is its own free. A user's page is split and freed in
        part (split_huge_page()): nothing may be heard of the second one.
        """
        following = self.shared.future.next_kind(pfn + 1, row)
        whole = following == FREE or (following is None and self._of_a_user(pfn, row))
        if order or not known or not whole:
            return False
        self._make_single(pfn, known)
        return True

    def _of_a_user(self, pfn: int, row: int) -> bool:
        """Return whether the block was taken for something that can be moved, or unseen."""
        stream = self.twin.stream
        taken = self.shared.future.last_row(pfn, row)
        known = taken is not None and stream.kind[taken] == ALLOC
        return not known or stream.migratetype[taken or 0] == self.twin.rules.movable

    def _make_single(self, pfn: int, order: int) -> None:
        for page in range(pfn + 1, pfn + (1 << order)):
            self.twin.in_use[page] = 0

    def _free_from_list(self, row: int, home: PcpList) -> bool:
        """The freed page stands in a per-cpu list: taken unseen before, or freed twice."""
        twin = self.twin
        pfn = twin.stream.pfn[row]
        skipped = home.before(pfn)
        if (
            twin.rules.bulk_unlogged
            and twin.stream.order[row] == home.order == 0
            and all(self.shared.leaves_unseen(page, row, 0) for page in skipped)
        ):
            for page in [*skipped, pfn]:
                twin.allocator.drop(page)
                twin.in_use[page] = 0
            twin.in_use.pop(pfn)
            self.shared.bulk_rows.append(row)
            twin.account.inferred[LEGAL] += 1
            return True
        return self.freed_twice(row)

    def freed_twice(self, row: int) -> bool:
        """Report the free of a page that another line has freed; return whether to free one.

        One of the two lines may have meant another page, whose return tells.
        """
        if self.shared.blame.other_freed(row):
            return True
        stream = self.twin.stream
        earlier = self.shared.future.last_row(stream.pfn[row], row)
        alternatives = []
        if earlier is not None and stream.kind[earlier] == FREE:
            alternatives.append(f"line {stream.line[earlier]} means another page")
        order = f"order {stream.order[row]}"
        self._free_diverged(row, "PA104", order, "a free page", alternatives)
        return False

    def _free_of_free(self, row: int, zone: Zone) -> bool:
        """The freed page is free already: taken by the unlogged run, or freed twice.

        Memory compaction too takes free pages without a line (mm/compaction.c: isolate_freepages).
        It takes many, and which ones shows only when they are freed: from then on a prediction
        that fails says nothing.
        """
        twin = self.twin
        pfn, order = twin.stream.pfn[row], twin.stream.order[row]
        if (
            self.shared.handed_over
            and zone.is_free(pfn, order)
            and self.shared.untouched(pfn, order, row)
        ):
            zone.carve(pfn, order)
            if self.shared.stopped.rows:
                twin.account.unchecked(LEGAL, TAKEN_WHILE_OFF)
                return True
            self.shared.unlogged_rows.append(row)
            twin.account.inferred[LEGAL] += 1
            return True
        if self.shared.contig.explains(row, zone):
            twin.account.inferred[LEGAL] += 1
            return True
        if self.shared.future.next_kind(pfn, row) in (ALLOC, PCPU_DRAIN):
            # it leaves a per-cpu list next, so that this free did put it there
            zone.evict(pfn, order)
            self.shared.taken_rows.append(row)
            twin.account.inferred[LEGAL] += 1
            twin.account.reason = twin.account.reason or COMPACTED
            return True
        return self.freed_twice(row)

    def beyond(self, row: int) -> None:
        """Report the free of a page that lies in no zone."""
        self._free_diverged(
            row, "PA109", f"order {self.twin.stream.order[row]}", "a page of a zone"
        )

    def _free_diverged(
        self, row: int, code: str, logged: str, simulated: str, alternatives: Sequence[str] = ()
    ) -> None:
        stream = self.twin.stream
        if code in ("PA104", "PA109"):
            self.shared.blame.orphans.append(stream.order[row])
        self.twin.account.diverged(
            LEGAL,
            code,
            row,
            f"mm_page_free order {stream.order[row]}",
            logged=f"free of {show(stream.pfn[row])}, {logged}",
            simulated=simulated,
            alternatives=alternatives,
        )

    def drain(self, row: int, predicted: int | None) -> int:
        """Another page was drained than predicted; return the page that left its list."""
        twin = self.twin
        stream, allocator = twin.stream, twin.allocator
        pfn = stream.pfn[row]
        home = allocator.where.get(pfn)
        cpu = twin.cpu(stream.cpu[row])
        cpu.draining, zone = None, cpu.draining
        if twin.account.lost(row):
            if home is not None:
                allocator.drop(pfn)
            twin.account.unchecked(DRAIN, twin.account.reason)
            return pfn
        if home is not None and self._begun_anew(row, home, cpu):
            cpu.draining = zone
            allocator.drop(pfn)
            twin.account.inferred[DRAIN] += 1
            return pfn
        if home is not None:
            predicted = self._without_passed(row, predicted, cpu)
            if predicted == pfn:
                cpu.draining = zone
                allocator.drop(pfn)
                twin.account.inferred[DRAIN] += 1
                return pfn
        if home is None and self._not_taken(pfn, row):
            twin.account.inferred[DRAIN] += 1
            return pfn
        if home is None and self._stays(predicted, row) and self._listed_while_off(pfn, row):
            if predicted is not None:
                cpu.draining, cpu.expected = zone, self._put_off(predicted, cpu.expected)
            twin.account.unchecked(DRAIN, WHILE_OFF)
            return pfn
        if predicted is not None and home is None and self._freed_instead(row, predicted):
            return pfn
        if predicted is not None and home is not None and self._rest_gone(row, predicted):
            allocator.drop(pfn)
            twin.account.inferred[DRAIN] += 1
            return pfn
        after = None if predicted is None else self.shared.future.next_kind(predicted, row)
        order = home.order if home is not None else stream.order[row]
        same = pfn == predicted and order != stream.order[row]
        twin.account.diverged(
            DRAIN,
            "PA111" if same else "PA106",
            row,
            f"mm_page_pcpu_drain order {stream.order[row]}",
            logged=f"{show(pfn)}, order {stream.order[row]}",
            simulated=f"{show(predicted)}, order {order}",
        )
        if predicted is not None and after in (ZONE_LOCKED, None) and not same:
            stream.order[row] = allocator.drop(predicted).order
            return predicted
        if home is not None:
            stream.order[row] = allocator.drop(pfn).order
        return pfn

    def _put_off(self, predicted: int, expected: Iterator[int]) -> Iterator[int]:
        """Yield what is drained next, after a page that stood behind ``predicted`` in its list.

        Where lists take turns, the pages of that list come one turn later each.
        """
        where = self.twin.allocator.where
        if self.twin.rules.drain is not Drain.ROTATE:
            yield from chain((predicted,), expected)
            return
        home, waiting = where.get(predicted), predicted
        for page in expected:
            if where.get(page) is home:
                yield waiting
                waiting = page
            else:
                yield page
        yield waiting

    def _begun_anew(self, row: int, home: PcpList, cpu: Cpu) -> bool:
        """Explain by a drain that began just here: by a worker, or for the next free.

        Such a drain begins with the first list of the cpu, and nothing in the log parts it from
        the one before (mm/vmstat.c:refresh_cpu_vm_stats, drain_pages_zone()).
        """
        allocator = self.twin.allocator
        expected = iter(allocator.drain_order(home.zone, home.cpu, None, WHOLE_DRAIN))
        if next(expected, None) != self.twin.stream.pfn[row]:
            return False
        cpu.expected, cpu.first = expected, None
        self.shared.begun_rows.append(row)
        return True

    def _without_passed(self, row: int, predicted: int | None, cpu: Cpu) -> int | None:
        """Return what is drained next, once frees that passed the list by have left it."""
        while predicted is not None and not self.shared.passed_by.release(row, [predicted]):
            where = self.twin.allocator.where
            cpu.expected = iter([page for page in cpu.expected if page in where])
            predicted = next(cpu.expected, None)
        return predicted

    def _not_taken(self, pfn: int, row: int) -> bool:
        """Explain by a vmalloc() that did not take the page after all: it moved to another cpu."""
        twin, future = self.twin, self.shared.future
        if pfn not in twin.vmalloc.taken:
            return False

        def there(page: int) -> bool:
            return future.next_kind(page, row - 1) in (ALLOC, PCPU_DRAIN)

        for page in twin.vmalloc.untake(pfn, there):
            twin.in_use.pop(page, None)
        twin.allocator.drop(pfn)
        self.shared.bulk_rows.append(row)
        return True

    def _stays(self, predicted: int | None, row: int) -> bool:
        """Return whether later lines leave the predicted page in its list at this row.

        It leaves no free list then, and the drain goes on with it, once the pages are done
        that no line had put there. Where lists take turns, only its own list tells.
        """
        stream, where = self.twin.stream, self.twin.allocator.where
        turns = self.twin.rules.drain is Drain.ROTATE
        if predicted is None:
            return True
        if self.shared.future.next_kind(predicted, row) == ZONE_LOCKED:
            return False
        for following in range(row + 1, len(stream)):
            if stream.cpu[following] != stream.cpu[row]:
                continue
            if stream.kind[following] != PCPU_DRAIN:
                return True
            home = where.get(stream.pfn[following])
            if home is None or (turns and home is not where.get(predicted)):
                continue
            return stream.pfn[following] == predicted
        return True

    def _listed_while_off(self, pfn: int, row: int) -> bool:
        """Explain by a page that came into its per-cpu list while no events were logged."""
        twin, shared = self.twin, self.shared
        order = twin.stream.order[row]
        zone = twin.allocator.zone_of(pfn)
        if not shared.were_off or zone is None or not shared.untouched(pfn, order, row):
            return False
        if zone.block_with(pfn) is not None and not shared.run_freed:
            return False
        for page in range(pfn, pfn + (1 << order)):
            twin.in_use.pop(page, None)
        return True

    def _rest_gone(self, row: int, predicted: int) -> bool:
        """Explain by pages that bulk allocation took: those left on the predicted list.

        They are not drained, and nothing is heard of them until they are freed.
        """
        twin = self.twin
        listed = twin.allocator.where.get(predicted)
        pfn = twin.stream.pfn[row]
        if listed is None or twin.allocator.where.get(pfn) is listed:
            return False
        rest = list(listed.pages)
        if not all(self.shared.leaves_unseen(page, row, listed.order) for page in rest):
            return False
        if any(self.shared.future.next_kind(page, row) == ALLOC for page in rest):
            return False
        for page in rest:
            twin.allocator.drop(page)
            twin.in_use[page] = listed.order
        self.shared.bulk_rows.append(row)
        return True

    def _freed_instead(self, row: int, predicted: int) -> bool:
        """Blame an earlier free for the page that is drained, reported before or now."""
        twin, blame = self.twin, self.shared.blame
        if blame.orphan(row):
            twin.account.matched[PFN] -= 1
        elif blame.drained_instead(row, predicted):
            twin.allocator.drop(predicted)
        else:
            return False
        twin.account.matched[DRAIN] += 1
        return True
