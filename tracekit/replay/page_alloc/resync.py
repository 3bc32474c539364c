"""What a mismatch means: an explanation that later lines bear out, or a divergence.

The judges of refills, allocations, frees and drains are called with a row whose prediction
failed; each enters the outcome in the account and returns what the simulation goes on with,
so that one fault stays one divergence. Here is what they share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.replay.page_alloc.blame import Blame
from tracekit.replay.page_alloc.contig import Contig
from tracekit.replay.page_alloc.floating import Floating
from tracekit.replay.page_alloc.future import Future
from tracekit.replay.page_alloc.in_flight import InFlight
from tracekit.replay.page_alloc.passed_by import PassedBy
from tracekit.replay.page_alloc.stopped import Stopped
from tracekit.replay.page_alloc.stream import ALLOC, FREE, PCPU_DRAIN, ZONE_LOCKED
from tracekit.replay.page_alloc.unordered import Unordered

if TYPE_CHECKING:
    from tracekit.mm.page_alloc_zone import Zone
    from tracekit.replay.page_alloc.twin import Twin

WHILE_OFF = "the page came into its per-cpu list while no events were logged"
LATE = "the task was interrupted between taking the page and logging it"
# more pages than per-cpu lists hold
WHOLE_DRAIN = 1 << 30


def show(pfn: int | None) -> str:
    """Return a pfn in words."""
    return "no page" if pfn is None else f"pfn {pfn:#x}"


class Resync:
    """The evidence that mismatches of one twin are judged by.

    ``window`` is the last row before which events were off, -1 for the hand-off;
    ``handed_over`` says that the free lists of the hand-off were known. ``unlogged_rows`` and
    ``bulk_rows`` are the rows that showed what was taken without an event, ``taken_rows`` the
    frees of pages that nothing else explains but memory compaction, ``begun_rows`` the drains
    that began behind another one without a line between. ``run_freed``: the unlogged run was
    long enough to free blocks again. ``run_blocks`` are the pageblocks that it took pages
    from, ``unsettled`` the zones, by node and name, where it left blocks in an unknown order.
    """

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.future = Future(twin.stream)
        self.unlogged_rows: list[int] = []
        self.bulk_rows: list[int] = []
        self.taken_rows: list[int] = []
        self.begun_rows: list[int] = []
        self.unordered = Unordered(twin, self.future)
        self.passed_by = PassedBy(twin, self.future)
        self.floating = Floating(twin, self.future)
        self.in_flight = InFlight(twin, self.future)
        self.contig = Contig(twin)
        self.blame = Blame(twin, self.future)
        self.stopped = Stopped(twin, self.future)
        self.handed_over = True
        self.run_freed = False
        self.run_blocks: set[int] = set()
        self.unsettled: set[tuple[int, str]] = set()
        self.window = -1

    @property
    def were_off(self) -> bool:
        """Whether events were off while the per-cpu lists were in use."""
        return self.window >= 0 or self.run_freed

    def split_since(self, pfn: int, order: int, row: int) -> bool:
        """Return whether the block is certain to be free, because lines show where it came from.

        Free buddies are merged: where the first that is heard of a buddy since the window is
        that it left the free lists, both were one free block until then.
        """
        future, stream = self.future, self.twin.stream
        zone = self.twin.allocator.zone_of(pfn)
        for larger in range(order, self.twin.rules.max_order):
            buddy = (pfn & -(1 << larger)) ^ (1 << larger)
            first = future.next_row(buddy, self.window)
            if first is not None and first < row:
                return stream.kind[first] == ZONE_LOCKED
            if zone is None or zone.block_with(buddy) is None:
                break
        return False

    def gone_before(self, pfn: int, order: int, row: int) -> bool:
        """Return whether the block may have left the free lists in the unlogged run.

        No line touches it, and the next that is heard of it, if anything, is its free.
        """
        if self.split_since(pfn, order, row):
            return False
        future = self.future
        return all(
            future.untouched_between(page, self.window, row)
            and future.next_kind(page, row) in (FREE, None)
            for page in range(pfn, pfn + (1 << order))
        ) or self.hidden(pfn, order, row)

    def hidden(self, pfn: int, order: int, row: int) -> bool:
        """Return whether the block, or a part of it, may have left while events were off.

        No line since then touches it, and the next one shows it on its way to a user. Where only
        a part went, what was left of the block is free at a lower order.
        """
        future = self.future
        pages = range(pfn, pfn + (1 << order))
        if not self.were_off or self.split_since(pfn, order, row):
            return False
        if not all(future.untouched_between(page, self.window, row) for page in pages):
            return False
        kinds = {future.next_kind(page, row) for page in pages if not self._rest(page, order, row)}
        return bool(kinds) and kinds <= {ALLOC, PCPU_DRAIN, FREE, None}

    def _rest(self, page: int, order: int, row: int) -> bool:
        """Return whether the page leaves the free lists later, in a block of a lower order."""
        following = self.future.next_row(page, row)
        stream = self.twin.stream
        return (
            following is not None
            and stream.kind[following] == ZONE_LOCKED
            and stream.order[following] < order
        )

    def leaves_unseen(self, pfn: int, row: int, order: int) -> bool:
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
        return self.were_off and self.future.untouched_between(pfn, self.window, row)

    def left_by_run(self, row: int, zone: Zone, predicted: int | None) -> bool:
        """Return whether the unlogged run may have left its blocks in another order.

        Before events were on it freed some again, so that nothing is certain of the order in
        the pageblocks that it took pages from.
        """
        deferred = self.twin.deferred
        if not self.run_freed or deferred is None:
            return False
        shift = self.twin.rules.pageblock_order
        self.run_blocks = self.run_blocks or {pfn >> shift for pfn in deferred.taken}
        pages = [pfn for pfn in (self.twin.stream.pfn[row], predicted) if pfn is not None]
        if not any(pfn >> shift in self.run_blocks for pfn in pages):
            return False
        self.unsettled.add((zone.nid, zone.name))
        return True

    def untouched(self, pfn: int, order: int, row: int) -> bool:
        """Return whether no line since the window touches any of the pages."""
        future, window = self.future, self.window
        pages = range(pfn, pfn + (1 << order))
        return all(future.untouched_between(page, window, row) for page in pages)
