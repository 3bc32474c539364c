"""Frees that had passed the per-cpu lists by when the snapshot was read, as its files show.

A free in an interrupt goes past the per-cpu lists where their lock is held (see passed_by), and
no line says so until its page leaves the zone again: after the snapshot, or never. Its pages
stand in the zone's free lists by then, and both files count them there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tracekit.mm.page_alloc_zone import Zone
from tracekit.observed.buddyinfo import FreeRow
from tracekit.replay.page_alloc.silent import Counts

# (order, migrate type) -> free blocks more, or fewer where negative
Change = Mapping[tuple[int, int], int]

# frees of so many interrupts are looked for at once
MOST = 3


@dataclass(frozen=True, slots=True)
class Passing:
    """Frees of one interrupt whose pages stand in per-cpu lists, unless they passed them by.

    ``rows`` are those of the frees into the zone, and ``change`` is what the zone's free lists
    would hold more or less if they had.
    """

    rows: tuple[int, ...]
    zone: Zone
    change: Change


def would_change(zone: Zone, blocks: Iterable[tuple[int, int]]) -> Change:
    """Return how free blocks, given as (pfn, order), would change the zone's counts.

    The zone stays as it is. Mirrors __free_one_page() up to the order of a pageblock.
    """
    change: Counter[tuple[int, int]] = Counter()
    moved: dict[int, int | None] = {}
    for pfn, order in blocks:
        migratetype = zone.pageblock_type(pfn)
        while order < zone.rules.pageblock_order:
            buddy = pfn ^ (1 << order)
            code = moved.get(buddy, zone.blocks.get(buddy))
            if code is None or code >> 3 != order:
                break
            moved[buddy] = None
            change[order, code & 7] -= 1
            pfn &= buddy
            order += 1
        moved[pfn] = order << 3 | migratetype
        change[order, migratetype] += 1
    return {cell: count for cell, count in change.items() if count}


def sum_of(passing: Sequence[Passing], wanted: Change, most: int = MOST) -> list[Passing] | None:
    """Return those whose changes make up ``wanted`` together, None where none do."""
    if not wanted:
        return []
    if not most:
        return None
    cell = min(wanted)
    for one in passing:
        if cell in one.change:
            others = [other for other in passing if other is not one]
            rest = sum_of(others, minus(wanted, one.change), most - 1)
            if rest is not None:
                return [one, *rest]
    return None


def minus(change: Change, other: Change) -> Change:
    """Return what is left of a change without another one."""
    left = Counter(change)
    left.subtract(other)
    return {cell: count for cell, count in left.items() if count}


def explained(
    passing: Sequence[Passing],
    states: Iterable[Counts],
    rows: Sequence[FreeRow],
    types: Sequence[str],
) -> list[Passing] | None:
    """Return the frees that lead from one of the states to the rows of a zone, None if none do.

    The rows are those of pagetypeinfo: the kernel prints those of a zone under its lock.
    """
    for free in states:
        found = sum_of(passing, difference(rows, free, types))
        if found is not None:
            return found
    return None


def difference(rows: Iterable[FreeRow], free: Counts, types: Sequence[str]) -> Change:
    """Return what rows of pagetypeinfo show more or less than a state; cut counts are left out."""
    found: dict[tuple[int, int], int] = {}
    for row in rows:
        number = types.index(row.migratetype) if row.migratetype in types else -1
        for order, (count, kinds) in enumerate(zip(row.counts, free, strict=False)):
            if number >= 0 and count is not None and count != kinds[number]:
                found[order, number] = count - kinds[number]
    return found
