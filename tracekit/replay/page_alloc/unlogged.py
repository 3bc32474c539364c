"""The unlogged run: what was allocated between the hand-off and the first event of the trace.

Tracing starts late in start_kernel(). Before that the trace buffer itself, ftrace's page
tables, slabs and so on have been allocated, thousands of pages and none freed. They left the
free lists in the order in which the lists give pages out: so the first refill of each migrate
type tells how far the run came in the blocks that the type had claimed by then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tracekit.mm.handoff import Handoff, split_blocks
from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_fallback import Donor, find_fallback, steal
from tracekit.mm.page_alloc_rules import UNMOVABLE, Rules
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.account import Account
from tracekit.replay.page_alloc.future import Future
from tracekit.replay.page_alloc.stream import (
    ALLOC,
    EXTFRAG,
    FREE,
    PCPU_DRAIN,
    ZONE_LOCKED,
    Stream,
)

MAX_LEFT = 64
# where events came so late that much had been freed again
MAX_LEFT_LATE = 1024


@dataclass(frozen=True, slots=True)
class Target:
    """The first refill of a migrate type in a zone: where the unlogged run had stopped."""

    row: int
    pfn: int
    order: int


@dataclass(slots=True)
class Run:
    """The pages that the run took from one zone for one migrate type."""

    zone: Zone
    migratetype: int
    pages: int
    target: Target


def find_targets(
    allocator: PageAllocator, stream: Stream, future: Future, start: int
) -> dict[int, dict[int, Target]]:
    """Return zone (by id) -> migrate type -> first refill from row ``start`` on.

    A type whose first refill follows a logged fallback had claimed nothing. At the hand-off
    Movable is left out: its lists were full. Pages that lines before have touched came back
    since: the first that no line has touched tells more.
    """
    rules = allocator.rules
    targets: dict[int, dict[int, Target]] = {}
    closed: set[tuple[int, int]] = set()
    for row in range(start, len(stream)):
        kind = stream.kind[row]
        if kind not in (ZONE_LOCKED, EXTFRAG):
            continue
        migratetype = stream.migratetype[row]
        zone = allocator.zone_of(stream.pfn[row])
        if zone is None or (id(zone), migratetype) in closed:
            continue
        came_back = start == 0 and future.last_row(stream.pfn[row], row) is not None
        if kind != ZONE_LOCKED or not came_back:
            closed.add((id(zone), migratetype))
        of_zone = targets.setdefault(id(zone), {})
        wanted = migratetype < 3 and (start > 0 or migratetype != rules.movable)
        if kind == ZONE_LOCKED and wanted and not (came_back and migratetype in of_zone):
            of_zone[migratetype] = Target(row, stream.pfn[row], stream.order[row])
    return targets


class Deferred:
    """The memory whose struct pages are initialised late, as far as nobody has done it yet.

    ``ranges`` are pfn ranges, ends exclusive. ``late_start``: events were switched on when the
    per-cpu lists had been in use for long; then ``taken`` says for which migrate type the
    unlogged run took each page.
    """

    def __init__(self, handoff: Handoff, rules: Rules, *, late_start: bool = False) -> None:
        self.ranges = [(area.start_pfn, area.end_pfn) for area in handoff.deferred]
        self.section = handoff.rules.section_pages or 0
        self.rules = rules
        self.late_start = late_start
        self.taken: dict[int, int] = {}

    def grow(self, zone: Zone) -> bool:
        """Initialise and free the next sections of a zone that ran dry, one section's pages.

        Return False where the zone has nothing left. Mirrors deferred_grow_zone(), which goes
        on with the next section where one has too few free pages.
        """
        grown = 0
        while grown < self.section:
            pages = self._grow_section(zone)
            if not pages:
                break
            grown += pages
        return grown > 0

    def _grow_section(self, zone: Zone) -> int:
        """Initialise and free what is left of the next section; return its free pages."""
        mine = sorted((a, b) for a, b in self.ranges if zone.start <= a < zone.end)
        pages = 0
        border = (mine[0][0] // self.section + 1) * self.section if mine else 0
        for start, end in mine:
            if start < border:
                self.ranges.remove((start, end))
                if end > border:
                    self.ranges.append((border, end))
                self._free(zone, start, min(end, border))
                pages += min(end, border) - start
        return pages

    def _free(self, zone: Zone, start: int, end: int) -> None:
        block = 1 << self.rules.pageblock_order
        for pfn in range(-(-start // block) * block, end, block):
            zone.set_pageblock_type(pfn, 0, self.rules.movable)
        for pfn, order in split_blocks(start, end, self.rules.max_order + 1):
            zone.free_one(pfn, order, zone.pageblock_type(pfn), tail=True)


def infer_run(
    allocator: PageAllocator, stream: Stream, future: Future, deferred: Deferred, start: int = 0
) -> list[Run]:
    """Bring the state to the row ``start``; return what the run took, zone by zone.

    A page that a later line takes before it frees it was not in the run: a way that leads
    over many such pages is not taken.
    """
    runs: list[Run] = []
    targets = find_targets(allocator, stream, future, start)
    for zone in allocator.zones:
        wanted = targets.get(id(zone), {})
        for migratetype in sorted(wanted, key=lambda mt: mt != UNMOVABLE):
            target = wanted.pop(migratetype, None)
            if target is not None:
                walk = _Walk(zone, future, deferred, start)
                runs += walk.advance(migratetype, target, wanted)
    return runs


def report_run(runs: Iterable[Run], account: Account) -> None:
    """List the run as one inference, with the refills that bear it out."""
    taken = [run for run in runs if run.pages]
    if not taken:
        return
    names = taken[0].zone.rules.types
    parts = [
        f"{run.pages} {names[run.migratetype]} pages of node {run.zone.nid} {run.zone.name}"
        for run in taken
    ]
    first = min(run.target.row for run in taken)
    lines = ", ".join(str(account.stream.line[run.target.row]) for run in taken)
    account.infer(
        "unlogged-run",
        f"{sum(run.pages for run in taken)} pages were taken before the first event: "
        + "; ".join(parts),
        f"the first refill of each migrate type stands behind them (lines {lines})",
        first,
    )


@dataclass(slots=True)
class _Walk:
    """Takes pages from a zone as the unlogged run did."""

    zone: Zone
    future: Future
    deferred: Deferred
    start: int

    def advance(self, migratetype: int, target: Target, others: dict[int, Target]) -> list[Run]:
        """Take single pages for the type until the target stands at the head of its lists.

        A block that another type's first refill comes from was claimed by that type. Nothing
        is taken where the target cannot be reached. Pages that a later line takes stay free:
        what larger blocks had left over.
        """
        zone = self.zone
        saved, ranges = _save(zone), list(self.deferred.ranges)
        run = Run(zone, migratetype, 0, target)
        inner: list[Run] = []
        left: list[int] = []
        while zone.peek(target.order, migratetype) != target.pfn:
            other = self._claims_first(migratetype, target, others)
            if other is not None:
                inner += self.advance(other, others.pop(other), {})
                continue
            pfn = zone.rmqueue_smallest(0, migratetype)
            if pfn is None:
                if self._claim(migratetype):
                    continue
            elif self._gone(pfn):
                run.pages += 1
                if self.deferred.late_start:
                    self.deferred.taken[pfn] = migratetype
                continue
            elif len(left) < (MAX_LEFT_LATE if self.deferred.late_start else MAX_LEFT):
                left.append(pfn)
                continue
            _restore(zone, saved)
            self.deferred.ranges = ranges
            return []
        for pfn in left:
            zone.free_one(pfn, 0, migratetype)
        return [run, *inner]

    def _gone(self, pfn: int) -> bool:
        """Return whether no line takes the page from the free lists before its next free.

        In a stretch within the trace, or where events came late, pages may have gone to per-cpu
        lists too.
        """
        after = self.future.next_kind(pfn, self.start - 1)
        listed = self.start > 0 or self.deferred.late_start
        return after in (FREE, None) or (listed and after in (ALLOC, PCPU_DRAIN))

    def _claims_first(
        self, migratetype: int, target: Target, others: dict[int, Target]
    ) -> int | None:
        """Let another type claim the block that its first refill comes from, at the last moment.

        That is before the next page of ``migratetype`` puts the block out of its reach. Return
        the other type, None where it is not yet time.
        """
        zone = self.zone
        own = zone.peek(0, migratetype) if others else None
        for other, wanted in others.items():
            if own is not None and not own <= wanted.pfn < own + (1 << (zone.blocks[own] >> 3)):
                # only the block that the next page comes from can be lost to the other type
                continue
            donor = find_fallback(zone, 0, other)
            if donor is None or not _holds(donor, wanted.pfn):
                continue
            mine = find_fallback(zone, 0, migratetype) if own is None else None
            if own is None and (mine is None or _holds(mine, target.pfn)):
                continue
            if donor.pfn not in (own, mine.pfn if mine is not None else None):
                continue
            if not self._still_there(migratetype, mine, other, wanted):
                steal(zone, donor, other, claimed=True)
                return other
        return None

    def _still_there(
        self, migratetype: int, mine: Donor | None, other: int, wanted: Target
    ) -> bool:
        """Return whether ``other`` can claim its block after one more page of ``migratetype``.

        ``mine`` is the block that ``migratetype`` would have to claim for that page.
        """
        zone = self.zone
        saved = _save(zone) if mine is not None else None
        if mine is not None:
            steal(zone, mine, migratetype, claimed=True)
        taken = zone.rmqueue_smallest(0, migratetype)
        donor = find_fallback(zone, 0, other)
        if saved is not None:
            _restore(zone, saved)
        elif taken is not None:
            zone.undo(taken, 0, migratetype)
        return donor is not None and _holds(donor, wanted.pfn)

    def _claim(self, migratetype: int) -> bool:
        """Claim the next block, or have the zone grow; False where neither is possible."""
        donor = find_fallback(self.zone, 0, migratetype)
        if donor is None:
            return self.deferred.grow(self.zone)
        steal(self.zone, donor, migratetype, claimed=True)
        return True


def _holds(donor: Donor, pfn: int) -> bool:
    return donor.pfn <= pfn < donor.pfn + (1 << donor.order)


def _save(zone: Zone) -> tuple[list[tuple[int, int, int]], dict[int, int]]:
    blocks = [
        (pfn, order, migratetype)
        for order, area in enumerate(zone.areas)
        for migratetype, pages in enumerate(area)
        for pfn in pages
    ]
    return blocks, dict(zone.block_types)


def _restore(zone: Zone, saved: tuple[list[tuple[int, int, int]], dict[int, int]]) -> None:
    for pfn in list(zone.blocks):
        zone.remove(pfn)
    for pfn, order, migratetype in saved[0]:
        zone.insert(pfn, order, migratetype, tail=True)
    zone.block_types = saved[1]
