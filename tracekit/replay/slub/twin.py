"""The slab twin: every logged object held against simulated slabs.

Two questions are asked of an allocation.  `object`: may it lie there - on a free place of a slab of
its own cache?  `address`: is it the very place that the allocator hands out next?  Of a free one
is asked: is the object in use, and of that cache?
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

from tracekit.replay.slub.address import AddressCheck
from tracekit.replay.slub.alloc import AllocCheck
from tracekit.replay.slub.desk import Desk, SlubRules
from tracekit.replay.slub.free import FreeCheck
from tracekit.replay.slub.sheaf_address import SheafCheck
from tracekit.replay.slub.stream import ALLOC, BLIND, FREE, PAGE_ALLOC, PAGE_FREE
from tracekit.replay.slub.ties import Ties
from tracekit.replay.slub.world import World

__all__ = ["SlubTwin"]


class SlubTwin:
    """Replays the slab events of a stream."""

    def __init__(self, desk: Desk, world: World, rules: SlubRules) -> None:
        self.desk = desk
        self.world = world
        check = SheafCheck if rules.sheaves and not rules.debug else AddressCheck
        self.address = check(desk, rules)
        self.row = 0
        self._op = desk.stream.op
        self._early: set[int] = set()
        ties = Ties(desk.stream, self._take, self._early.add)
        self.allocs = AllocCheck(desk, world, self.address, rules, ties)
        self.frees = FreeCheck(desk, world, self.address, rules, ties)

    def run(self, until: int | None = None, look: Callable[[int], None] | None = None) -> None:
        """Go on to the event at index `until` of the trace, or to the end.

        `look` is called after every row, with its number.
        """
        stream = self.desk.stream
        end = len(stream) if until is None else bisect_left(stream.index, until)
        for row in range(self.row, end):
            if not self._early or row not in self._early:
                self._step(row)
            if look is not None:
                look(row)
        self.row = max(self.row, end)

    def _step(self, row: int) -> None:
        op = self._op[row]
        if op == ALLOC:
            self.allocs.alloc(row)
        elif op == FREE:
            self.frees.free(row)
        elif op == PAGE_ALLOC:
            self.world.page_alloc(row)
        elif op == PAGE_FREE:
            self.world.page_free(row)
        elif op == BLIND:
            self.world.blind(row)
            self.allocs.events_off(row)

    def _take(self, row: int) -> None:
        """Replay a row before its turn, so that it does not come again."""
        if row not in self._early:
            self._early.add(row)
            self._step(row)

    def finish(self) -> None:
        """Enter what waited for later lines, and all counts."""
        stream = self.desk.stream
        self.desk.ledger.events += stream.allocs + stream.frees
        self.address.finish()
        self.desk.flush()
