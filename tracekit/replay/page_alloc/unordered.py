"""Lists whose order the trace cannot tell: shuffled ones, and blocks freed by two tasks at once.

mm_page_free is logged before the zone is locked. What a task frees into the zone therefore
gets there some time before the task's next event, and where two do so at once, on two cpus as
the helpers of deferred initialisation do, or on one because the first is preempted, either
block may come first. page_alloc.shuffle=1 shuffles the blocks of the largest order on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.future import Future
from tracekit.replay.page_alloc.stream import FREE

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Twin

SHUFFLED = "page_alloc.shuffle=1 puts the largest blocks in random order"
AT_ONCE = "two tasks freed blocks at once, and the order in which they did is not logged"


class Unordered:
    """Tells whether another block than the first may stand first in its list."""

    def __init__(self, twin: Twin, future: Future) -> None:
        self.twin = twin
        self.future = future
        self.reason = ""

    def may_stand_first(self, row: int, zone: Zone, predicted: int) -> bool:
        """Return whether the logged block may be taken where ``predicted`` just was.

        If so, the one is put back and the other taken.
        """
        stream = self.twin.stream
        pfn, order, migratetype = stream.pfn[row], stream.order[row], stream.migratetype[row]
        zone.undo(predicted, order, migratetype)
        if self.bring_forward(row, zone, predicted, pfn):
            zone.rmqueue_smallest(order, migratetype)
            return True
        zone.rmqueue_smallest(order, migratetype)
        return False

    def bring_forward(self, row: int, zone: Zone, first: int, wanted: int) -> bool:
        """Move the block ``wanted`` before ``first`` if both lists and order allow it."""
        code = zone.blocks.get(first)
        if code is None or zone.blocks.get(wanted) != code:
            return False
        order, migratetype = code >> 3, code & 7
        if self.twin.rules.shuffled and order == self.twin.rules.max_order:
            self.reason = SHUFFLED
        elif self._at_once(first, wanted, order, row):
            self.reason = AT_ONCE
        else:
            return False
        zone.areas[order][migratetype].move_to_end(wanted, last=False)
        return True

    def _at_once(self, first: int, wanted: int, order: int, row: int) -> bool:
        one, other = self._completed(first, order, row), self._completed(wanted, order, row)
        if one is None or other is None:
            return False
        stream = self.twin.stream
        if stream.cpu[one] == stream.cpu[other]:
            return self._next_of_task(min(one, other)) > max(one, other)
        return self._next_on_cpu(one) > other and self._next_on_cpu(other) > one

    def _completed(self, pfn: int, order: int, row: int) -> int | None:
        """Return the row of the free that made the block whole, None if a list gave it back."""
        stream = self.twin.stream
        rows = [self.future.last_row(page, row) for page in range(pfn, pfn + (1 << order))]
        known = [r for r in rows if r is not None]
        if not known or any(stream.kind[r] != FREE for r in known):
            return None
        return max(known)

    def _next_of_task(self, row: int) -> int:
        stream = self.twin.stream
        who = (stream.pid[row], stream.context[row])
        after = range(row + 1, len(stream))
        return next((r for r in after if (stream.pid[r], stream.context[r]) == who), len(stream))

    def _next_on_cpu(self, row: int) -> int:
        stream = self.twin.stream
        cpu = stream.cpu[row]
        return next((r for r in range(row + 1, len(stream)) if stream.cpu[r] == cpu), len(stream))
