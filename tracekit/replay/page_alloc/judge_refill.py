"""Refills that the twin did not predict: explained, or reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.account import REFILL
from tracekit.replay.page_alloc.in_flight import REASON
from tracekit.replay.page_alloc.resync import show
from tracekit.replay.page_alloc.stream import ALLOC, PCPU_DRAIN, ZONE_LOCKED

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Twin

MAX_SKIPPED = 4096
RUN_ORDER = "what the kernel freed again before events were on, it left in an unknown order"


class RefillJudge:
    """Judges blocks that left the free lists."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.shared = twin.resync

    def refill(self, row: int, zone: Zone, predicted: int | None) -> int:
        """A block left the free lists that was not the predicted one; return what was taken."""
        twin = self.twin
        stream, account = twin.stream, twin.account
        pfn, order, migratetype = stream.pfn[row], stream.order[row], stream.migratetype[row]
        if account.lost(row):
            if predicted is not None:
                zone.undo(predicted, order, migratetype)
            zone.evict(pfn, order)
            account.unchecked(REFILL, account.reason)
            return pfn
        if predicted is not None and self.shared.unordered.may_stand_first(row, zone, predicted):
            account.unchecked(REFILL, self.shared.unordered.reason)
            return pfn
        if self._order_mended(row, zone, predicted):
            return pfn
        if self.shared.passed_by.explains_refill(row, zone, predicted):
            account.inferred[REFILL] += 1
            return pfn
        unsure = self.shared.left_by_run(row, zone, predicted)
        if predicted is not None and not unsure and self._swapped(row, predicted):
            self._refill_diverged(row, zone, predicted)
            stream.pfn[row], stream.pfn[row + 1] = stream.pfn[row + 1], stream.pfn[row]
            return predicted
        if self.shared.in_flight.explains(row, zone, predicted):
            account.unchecked(REFILL, REASON)
            return pfn
        after = None if predicted is None else self.shared.future.next_kind(predicted, row)
        hidden = predicted is not None and self.shared.hidden(predicted, order, row)
        if (
            predicted is not None
            and not (hidden or unsure)
            and self._logged_wrongly(row, zone, after)
        ):
            self._refill_diverged(row, zone, predicted)
            return predicted
        if predicted is not None:
            zone.undo(predicted, order, migratetype)
        if self.shared.contig.took_before(row, zone):
            account.inferred[REFILL] += 1
            return pfn
        if self._taken_unlogged(row, zone) or self._left_unlogged(row, zone):
            zone.evict(pfn, order)
            account.inferred[REFILL] += 1
            self.shared.unlogged_rows.append(row)
            return pfn
        if self.shared.stopped.proved_by_refill(row, zone, predicted):
            if zone.peek(order, migratetype) == pfn:
                zone.rmqueue_smallest(order, migratetype)
            zone.evict(pfn, order)
            account.inferred[REFILL] += 1
            return pfn
        if unsure:
            account.unchecked(REFILL, RUN_ORDER)
        else:
            self._refill_diverged(row, zone, predicted)
        zone.evict(pfn, order)
        return pfn

    def _logged_wrongly(self, row: int, zone: Zone, after: int | None) -> bool:
        """Return whether later lines say that the predicted block left, and not the logged one.

        ``after`` is the kind of the next line about the predicted block.
        """
        stream = self.twin.stream
        pfn, order = stream.pfn[row], stream.order[row]
        if after in (ALLOC, PCPU_DRAIN) or not zone.start <= pfn < zone.end:
            return True
        if after == ZONE_LOCKED:
            return False
        known = pfn in self.twin.in_use or pfn in self.twin.allocator.where
        there = zone.is_free(pfn, order)
        return known or (there and self.shared.future.next_kind(pfn, row) == ZONE_LOCKED)

    def other_order(self, row: int) -> int | None:
        """Return the order that the row should have, None where nothing speaks against its own.

        The next line about the block, which hands it to a request, drains or frees it, has
        the order at which it was taken.
        """
        stream = self.twin.stream
        following = self.shared.future.next_row(stream.pfn[row], row)
        if following is None or stream.pfn[following] != stream.pfn[row]:
            return None
        order = stream.order[following]
        return order if order != stream.order[row] else None

    def _order_mended(self, row: int, zone: Zone, predicted: int | None) -> bool:
        """Explain by a wrong order, of the row itself or of the one before it in its refill.

        What the right order gives must be the logged block.
        """
        twin, stream = self.twin, self.twin.stream
        pfn, order, migratetype = stream.pfn[row], stream.order[row], stream.migratetype[row]
        who = (stream.cpu[row], stream.pid[row], stream.context[row])
        before = row - 1
        if predicted is not None:
            zone.undo(predicted, order, migratetype)
        right = self.other_order(row)
        if right is not None and zone.peek(right, migratetype) == pfn:
            zone.rmqueue_smallest(right, migratetype)
            twin.account.matched[REFILL] += 1
            self.order_diverged(row, right)
            stream.order[row] = right
            return True
        same = (stream.cpu[before], stream.pid[before], stream.context[before]) == who
        if before >= 0 and same and stream.kind[before] == ZONE_LOCKED:
            within = pfn - stream.pfn[before]
            right = self.other_order(before)
            if 0 < within < 1 << stream.order[before]:
                # the block before took what the row takes now
                right = within.bit_length() - 1
            if right is not None and right < stream.order[before]:
                self.order_diverged(before, right)
                self.reorder(before, right)
                if zone.peek(order, migratetype) == pfn:
                    twin.account.matched[REFILL] += 1
                    zone.rmqueue_smallest(order, migratetype)
                    return True
        if predicted is not None:
            zone.rmqueue_smallest(order, migratetype)
        return False

    def order_diverged(self, row: int, order: int) -> None:
        """Report a refill whose order differs from that of its neighbours."""
        stream = self.twin.stream
        self.twin.account.matched[REFILL] -= 1
        self.twin.account.diverged(
            REFILL,
            "PA111",
            row,
            "mm_page_alloc_zone_locked",
            logged=f"order {stream.order[row]} at {show(stream.pfn[row])}",
            simulated=f"order {order}",
        )

    def reorder(self, row: int, order: int) -> None:
        """Set a refill's order right: free what it took too much, take what it lacked."""
        twin, stream, allocator = self.twin, self.twin.stream, self.twin.allocator
        pfn, migratetype = stream.pfn[row], stream.migratetype[row]
        zone = allocator.zone_of(pfn)
        if zone is None:
            return
        for part in range(order, stream.order[row]):
            zone.free_one(pfn + (1 << part), part, migratetype)
        if order > stream.order[row]:
            zone.evict(pfn, order)
        stream.order[row] = order
        home = allocator.where.get(pfn)
        if home is not None:
            pages = allocator.pcp(home.zone, home.cpu, allocator.pindex[order][migratetype])
            allocator.push(pages, pfn, tail=True)
            cpu = twin.cpu(home.cpu)
            cpu.refilled = pages if cpu.refilled is home else cpu.refilled

    def _refill_diverged(self, row: int, zone: Zone, predicted: int | None) -> None:
        stream = self.twin.stream
        pfn, order = stream.pfn[row], stream.order[row]
        code, words = "PA101", ""
        if self._swapped(row, predicted):
            code, words = "PA102", "the next line logs the block that belongs here"
        names = self.twin.rules.types
        migratetype = stream.migratetype[row]
        kind = names[migratetype] if migratetype < len(names) else str(migratetype)
        self.twin.account.diverged(
            REFILL,
            code,
            row,
            f"mm_page_alloc_zone_locked order {order} {kind} in zone {zone.name}",
            logged=show(pfn),
            simulated=show(predicted),
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
        if not self.shared.handed_over or not zone.is_free(pfn, order):
            return False
        taken: list[tuple[int, int, int]] = []
        while len(taken) < MAX_SKIPPED:
            block = zone.peek(order, migratetype)
            if block == pfn:
                zone.rmqueue_smallest(order, migratetype)
                return True
            if block is None or not self.shared.gone_before(block, order, row):
                break
            zone.rmqueue_smallest(order, migratetype)
            taken.append((block, order, migratetype))
        for item in reversed(taken):
            zone.undo(*item)
        return False

    def _left_unlogged(self, row: int, zone: Zone) -> bool:
        """Explain by a block that the unlogged run had left free after all."""
        twin = self.twin
        stream = twin.stream
        pfn, order = stream.pfn[row], stream.order[row]
        return (
            self.shared.handed_over
            and zone.start <= pfn < zone.end
            and not zone.is_free(pfn, order)
            and pfn not in twin.allocator.where
            and self.shared.untouched(pfn, order, row)
        )
