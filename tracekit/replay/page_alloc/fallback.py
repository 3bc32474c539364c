"""mm_page_alloc_extfrag: the twin's fallbacks, predicted and compared with the event.

Until v6.9 the event comes before the removal that it makes possible; from v6.10 on it names
the page that was taken, and comes after the removal where a pageblock was claimed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tracekit.mm.page_alloc_fallback import (
    Donor,
    can_steal,
    claim,
    claimable,
    find_fallback,
    largest,
    steal,
    take_alone,
    take_at_once,
)
from tracekit.mm.page_alloc_rules import Fallback
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.account import FALLBACK
from tracekit.replay.page_alloc.stream import EXTFRAG

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Twin

NO_ZONE = "the page lies in no zone that is known"


class Fallbacks:
    """Predicts the fallbacks of one twin."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self._claimed_row = -1
        self.removed: dict[int, int] = {}

    def extfrag(self, row: int) -> None:
        """A request fell back to another migrate type: predict where to."""
        twin = self.twin
        stream = twin.stream
        zone = twin.allocator.zone_of(stream.pfn[row])
        if zone is None:
            twin.account.unchecked(FALLBACK, NO_ZONE)
        elif twin.rules.fallback is Fallback.MOVE:
            self._move(row, zone)
        elif twin.rules.fallback is Fallback.REMOVE:
            self._remove(row, zone)
        elif self._claimed_row == row:
            twin.account.matched[FALLBACK] += 1
        else:
            self._take(row, zone)

    def logged(self, row: int, zone: Zone) -> Donor:
        """Return the donor that the event names.

        Until v3.11 the event shows the type that the block has got; the lists know the old one.
        """
        stream = self.twin.stream
        order, migratetype, _ = stream.fallback(row)
        if migratetype == stream.migratetype[row]:
            migratetype = zone.blocks.get(stream.pfn[row], migratetype) & 7
        whole = can_steal(self.twin.rules, order, stream.migratetype[row])
        return Donor(stream.pfn[row], order, migratetype, whole)

    def _judge(self, row: int, zone: Zone, predicted: Donor | None) -> bool:
        """Compare; return whether the simulation can do what the event says."""
        twin = self.twin
        donor = self.logged(row, zone)
        if predicted == donor:
            twin.account.matched[FALLBACK] += 1
            return True
        unordered = twin.resync.unordered
        if predicted is not None and unordered.bring_forward(row, zone, predicted.pfn, donor.pfn):
            twin.account.unchecked(FALLBACK, unordered.reason)
            return True
        twin.account.diverged(
            FALLBACK,
            "PA107",
            row,
            f"mm_page_alloc_extfrag in zone {zone.name}",
            logged=_words(donor, twin.rules.types),
            simulated=_words(predicted, twin.rules.types),
        )
        return zone.blocks.get(donor.pfn) == donor.order << 3 | donor.migratetype

    def _move(self, row: int, zone: Zone) -> None:
        stream = self.twin.stream
        order, migratetype = stream.order[row], stream.migratetype[row]
        if self._judge(row, zone, find_fallback(zone, order, migratetype)):
            owned = stream.fallback(row)[2]
            steal(zone, self.logged(row, zone), migratetype, claimed=owned)

    def _remove(self, row: int, zone: Zone) -> None:
        """Take the page now: the removal that is logged next is that of this very page."""
        stream = self.twin.stream
        pfn, order, migratetype = stream.pfn[row], stream.order[row], stream.migratetype[row]
        if self._judge(row, zone, find_fallback(zone, order, migratetype)):
            take_at_once(zone, self.logged(row, zone), order, migratetype)
        else:
            zone.evict(pfn, order)
        self.removed[stream.cpu[row]] = pfn

    def removal(self, row: int, zone: Zone) -> int | None:
        """Return the page whose removal is logged next, None where the kernel has none.

        Until v4.11 a fallback has taken it already; else it comes from the request's own type.
        """
        stream = self.twin.stream
        taken = self.removed.pop(stream.cpu[row], None)
        if taken is not None:
            return taken
        return zone.rmqueue_smallest(stream.order[row], stream.migratetype[row])

    def _take(self, row: int, zone: Zone) -> None:
        twin = self.twin
        stream = twin.stream
        order, migratetype = stream.order[row], stream.migratetype[row]
        predicted = find_fallback(zone, order, migratetype)
        if predicted != self.logged(row, zone) and self._other_style(row, zone):
            twin.account.inferred[FALLBACK] += 1
            take_alone(zone, self.logged(row, zone), order, migratetype)
        elif self._judge(row, zone, predicted):
            take_alone(zone, self.logged(row, zone), order, migratetype)
        twin.took(row, zone, stream.pfn[row], order, migratetype)

    def _other_style(self, row: int, zone: Zone) -> bool:
        """Explain by the fallback of v6.15, which stable kernels since v6.12 have got as well.

        What it gives must be the logged block; from then on it is this kernel's rule.
        """
        twin = self.twin
        stream, rules = twin.stream, twin.rules
        if rules.fallback is not Fallback.TAKE:
            return False
        twin.adopt(replace(rules, fallback=Fallback.CLAIM))
        if find_fallback(zone, stream.order[row], stream.migratetype[row]) != self.logged(
            row, zone
        ):
            twin.adopt(rules)
            return False
        twin.account.infer(
            "fallback-rule",
            "requests that can claim no pageblock take the smallest block that fits (c2f6ea38fc1b)",
            f"line {stream.line[row]} names that block, and not one of the largest",
            row,
        )
        return True

    def claim_before(self, zone: Zone, row: int) -> None:
        """Claim the pageblock that the removal from a type with nothing left claimed first.

        The event that follows the removal says which order and type it came from; which
        block that is, the lists decide.
        """
        stream = self.twin.stream
        order, migratetype = stream.order[row], stream.migratetype[row]
        following = row + 1
        if following < len(stream) and stream.kind[following] == EXTFRAG:
            self._claimed_row = following
        for donor in largest(zone, order, migratetype):
            _, possible = claimable(zone, donor, migratetype)
            if donor.order < zone.rules.pageblock_order and possible:
                named = self._named(following)
                if named is None or named == (donor.order, donor.migratetype):
                    claim(zone, donor, migratetype)
                    return

    def _named(self, row: int) -> tuple[int, int] | None:
        stream = self.twin.stream
        if self._claimed_row != row:
            return None
        order, migratetype, _ = stream.fallback(row)
        return order, migratetype


def _words(donor: Donor | None, types: tuple[str, ...]) -> str:
    if donor is None:
        return "no fallback"
    return f"pfn {donor.pfn:#x} of order {donor.order} from {types[donor.migratetype]}"
