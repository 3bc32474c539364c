"""Where a top-down search may begin, so that it does not walk the same gaps again and again.

A boot leaves thousands of small gaps behind alignment and frees, and the kernel walks all of
them in each search. A request that was made before need not: above the gap that it ended in
none had room, and only a free makes new room there. The hints never alter a result.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field

from tracekit.mm.memblock_search import Range, Wanted, free_ranges_reverse, round_down
from tracekit.mm.memblock_type import MemblockType

# Size, alignment, end, node, flags and movable_node of a request; where it starts is no matter.
Kind = tuple[int, ...]


@dataclass(slots=True)
class Hint:
    """What is known of one kind of request, in bytes.

    No gap that ends above ``clear`` has room, but for what was freed since: ``opened`` are
    those ranges as (end, start), rising; the list of frees was looked at up to ``seen``.
    """

    clear: int
    seen: int
    opened: list[Range] = field(default_factory=list)


class GapHints:
    """Hints for the requests seen last; they die when RAM, its nodes or its flags change."""

    MOST = 64

    def __init__(self) -> None:
        self._hints: dict[Kind, Hint] = {}
        self._generation = 0
        self._last: Kind = ()

    def find(self, memory: MemblockType, reserved: MemblockType, wanted: Wanted) -> int:
        """Return what find_range_top_down() returns without hints."""
        if memory.generation != self._generation:
            self._hints.clear()
            self._last = ()
            self._generation = memory.generation
        hint = self._hint(wanted, reserved)
        # Gaps are passed from the top, so the first that has room decides: where it lies
        # below the request's start, all others do.
        found = _in_opened(hint, memory, reserved, wanted) or _below(hint, memory, reserved, wanted)
        return found if found >= wanted.start else 0

    def _hint(self, wanted: Wanted, reserved: MemblockType) -> Hint:
        size, align, _, *rest = wanted
        kind = (size, align, *rest)
        if kind != self._last:
            self._last = kind
            self._hints[kind] = self._best(kind, reserved)
            if len(self._hints) > self.MOST:
                del self._hints[next(iter(self._hints))]
        hint = self._hints[kind]
        if hint.seen < len(reserved.removed):
            for start, end in reserved.removed[hint.seen :]:
                insort(hint.opened, (end, start))
            hint.seen = len(reserved.removed)
        return hint

    def _best(self, kind: Kind, reserved: MemblockType) -> Hint:
        """Return its own hint, or that of a smaller request: where that has no room, this has."""
        own = self._hints.pop(kind, None) or Hint(kind[2], len(reserved.removed))
        best = own
        for other, hint in self._hints.items():
            smaller = other[0] <= kind[0] and other[1] <= kind[1] and other[2:] == kind[2:]
            if smaller and hint.clear < best.clear:
                best = hint
        return own if best is own else Hint(best.clear, best.seen, list(best.opened))


def _in_opened(
    hint: Hint, memory: MemblockType, reserved: MemblockType, wanted: Wanted
) -> int | None:
    """Return the highest place in what was freed; forget ranges that have no room."""
    while hint.opened:
        end, start = hint.opened[-1]
        low, high = reserved.gap_around(start)[0], reserved.gap_around(end)[1]
        if high <= hint.clear:
            hint.opened.pop()
            continue
        window = wanted._replace(start=low, end=min(wanted.end, high))
        place = _first_place(free_ranges_reverse(memory, reserved, window), wanted, low)
        if place is not None:
            return place
        hint.opened.pop()
    return None


def _first_place(gaps: Iterable[Range], wanted: Wanted, low: int) -> int | None:
    for gap in gaps:
        if gap[1] <= low:
            return None
        place = _highest(gap, wanted)
        if place >= gap[0]:
            return place
    return None


def _below(hint: Hint, memory: MemblockType, reserved: MemblockType, wanted: Wanted) -> int:
    end = min(wanted.end, hint.clear)
    narrowed = Wanted(wanted.size, wanted.align, 0, end, *wanted[4:])
    for gap in free_ranges_reverse(memory, reserved, narrowed):
        hint.clear = min(hint.clear, gap[1])
        place = _highest(gap, wanted)
        if place >= gap[0]:
            return place
    return 0


def _highest(gap: Range, wanted: Wanted) -> int:
    """Return the highest place for the request before the gap's end; it may lie outside."""
    return round_down(min(gap[1], wanted.end) - wanted.size, wanted.align)
