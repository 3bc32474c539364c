"""What a request does when its own migrate type has nothing left: stealing from other types.

Mirrors __rmqueue_fallback(), __rmqueue_claim() and __rmqueue_steal() of mm/page_alloc.c.
How many pages of a block could be migrated is the one thing that the kernel looks at and a
log does not show: where the outcome hangs on it, the caller says what the kernel did.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tracekit.mm.page_alloc_rules import Fallback, Rules
from tracekit.mm.page_alloc_zone import Zone


@dataclass(frozen=True, slots=True)
class Donor:
    """A free block that a fallback may take: its pfn, order and migrate type.

    ``whole_block``: the kernel may try to take all that is free in its pageblock.
    """

    pfn: int
    order: int
    migratetype: int
    whole_block: bool


def can_steal(rules: Rules, order: int, migratetype: int) -> bool:
    """Return whether a request may take more than the one block it found.

    ``order`` is that of the block found, ``migratetype`` that of the request. Mirrors
    can_steal_fallback(), later should_try_claim_block(), before v4.0 part of
    __rmqueue_fallback().
    """
    eager = migratetype != rules.movable if rules.steals_more else migratetype == rules.reclaimable
    return order >= rules.pageblock_order // 2 or eager


def _donor_at(zone: Zone, order: int, migratetype: int) -> Donor | None:
    for other in zone.rules.fallbacks(migratetype):
        pfn = zone.head(order, other)
        if pfn is not None:
            whole = other != zone.rules.type_number("CMA")
            return Donor(pfn, order, other, whole and can_steal(zone.rules, order, migratetype))
    return None


def largest(zone: Zone, order: int, migratetype: int) -> Iterator[Donor]:
    """Yield the first donor of each order, from the largest down to ``order``."""
    for current in range(zone.rules.max_order, order - 1, -1):
        donor = _donor_at(zone, current, migratetype)
        if donor is not None:
            yield donor


def smallest(zone: Zone, order: int, migratetype: int) -> Donor | None:
    """Return the donor of the smallest order that fits, None where there is none."""
    for current in range(order, zone.rules.max_order + 1):
        donor = _donor_at(zone, current, migratetype)
        if donor is not None:
            return donor
    return None


def find_fallback(zone: Zone, order: int, migratetype: int) -> Donor | None:
    """Return the block that a request falls back to, None where no other type has one.

    The largest block, except that a movable request which may not take the whole pageblock
    takes the smallest that fits (not under Fallback.REMOVE). Under Fallback.CLAIM this is the
    block taken alone once no pageblock could be claimed.
    """
    if zone.rules.fallback is Fallback.CLAIM:
        first = next(largest(zone, order, migratetype), None)
        if first is not None and first.order >= zone.rules.pageblock_order:
            return first
        return smallest(zone, order, migratetype)
    donor = next(largest(zone, order, migratetype), None)
    if zone.rules.fallback is Fallback.REMOVE:
        return donor
    if donor is not None and not donor.whole_block and donor.order > order:
        return smallest(zone, order, migratetype)
    return donor


def steal(zone: Zone, donor: Donor, migratetype: int, *, claimed: bool) -> None:
    """Move a donor, or all that is free in its pageblock, to the lists of ``migratetype``.

    ``claimed`` says whether the pageblock changes its type when less than a pageblock is
    taken. Mirrors steal_suitable_fallback() of v6.9 and older.
    """
    rules = zone.rules
    if donor.order >= rules.pageblock_order:
        zone.set_pageblock_type(donor.pfn, donor.order, migratetype)
    elif donor.whole_block and zone.move_block(donor.pfn, migratetype):
        if claimed:
            zone.set_pageblock_type(donor.pfn, 0, migratetype)
        return
    zone.remove(donor.pfn)
    zone.insert(donor.pfn, donor.order, migratetype, tail=rules.move_to_tail)


def take_at_once(zone: Zone, donor: Donor, order: int, migratetype: int) -> int:
    """Take 2^order pages out of the donor and return their pfn, as until v4.11.

    A donor of a pageblock or more changes type; if the whole pageblock may be taken, what is
    free of it moves, and its type changes if that is half of it. What is left of the donor
    joins the request's type, before v4.0 only then. Mirrors __rmqueue_fallback().
    """
    rules = zone.rules
    kept = migratetype if rules.steals_more else donor.migratetype
    if donor.order >= rules.pageblock_order:
        zone.set_pageblock_type(donor.pfn, donor.order, migratetype)
        kept = migratetype
    elif donor.whole_block:
        if zone.move_block(donor.pfn, migratetype) * 2 >= 1 << rules.pageblock_order:
            zone.set_pageblock_type(donor.pfn, 0, migratetype)
        kept = migratetype
    zone.remove(donor.pfn)
    zone.expand(donor.pfn, order, donor.order, kept)
    return donor.pfn


def claim(zone: Zone, donor: Donor, migratetype: int) -> bool:
    """Claim the donor's pageblock for ``migratetype``; return False where a border forbids it.

    Mirrors try_to_claim_block() for donors smaller than a pageblock.
    """
    if not zone.move_block(donor.pfn, migratetype):
        return False
    zone.set_pageblock_type(donor.pfn, 0, migratetype)
    return True


def take_alone(zone: Zone, donor: Donor, order: int, migratetype: int) -> int:
    """Take 2^order pages out of the donor and return their pfn.

    A donor of a pageblock or more changes type, what is left of a smaller one keeps its own.
    Mirrors v6.10 and later, where no removal is logged for these pages.
    """
    kept = donor.migratetype
    zone.remove(donor.pfn)
    if donor.order >= zone.rules.pageblock_order:
        zone.set_pageblock_type(donor.pfn, donor.order, migratetype)
        kept = migratetype
    zone.expand(donor.pfn, order, donor.order, kept)
    return donor.pfn


def claimable(zone: Zone, donor: Donor, migratetype: int) -> tuple[bool, bool]:
    """Return whether the donor's pageblock would be claimed: at the least, and at the most.

    Half of the block must be free or of a kind with the request. The pages in use count as
    such for Unmovable and Reclaimable requests unless they can be migrated, for Movable ones
    if they can, and never between Unmovable and Reclaimable. What can be migrated is not
    logged: (False, True) says that it decides.
    """
    rules = zone.rules
    pages = 1 << rules.pageblock_order
    start = donor.pfn & -pages
    if start < zone.start or start + pages > zone.end:
        return False, False
    free = sum(1 << (zone.blocks[pfn] >> 3) for pfn in zone.free_in(start, start + pages))
    alike = migratetype == rules.movable or zone.pageblock_type(donor.pfn) == rules.movable
    return free * 2 >= pages, free * 2 >= pages or alike
