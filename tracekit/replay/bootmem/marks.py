"""Judges the ranges that bootmem is told to free or to reserve.

mark_bootmem_node() prints what it is asked, then __free() or __reserve() what they do; for
each page that a reservation finds reserved another line follows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.events.base import Source
from tracekit.events.bootmem import BootmemDouble, BootmemFree, BootmemMark, BootmemReserve
from tracekit.mm.bootmem import BOOTMEM_EXCLUSIVE
from tracekit.replay.bootmem.belief import Belief, PfnRange
from tracekit.replay.bootmem.nodes import Nodes, text

Done = BootmemReserve | BootmemFree


def _pages(event: Done | BootmemMark) -> PfnRange:
    return event.start_pfn, event.end_pfn


def _subject(event: Done | BootmemMark) -> str:
    return f"bootmem node {event.nid}"


def _kind(event: Done) -> str:
    return "reserve" if isinstance(event, BootmemReserve) else "free"


@dataclass(slots=True)
class Marks:
    """The ranges of all nodes.

    `doubles` are the pfns that must still be told as reserved before, `maybe` those that may
    be; `reserving` is the reservation they belong to. `rollback` is the range that an
    exclusive reservation must give back.
    """

    nodes: Nodes
    rollback: PfnRange | None = None
    reserving: BootmemReserve | None = None
    reported: bool = False
    doubles: list[int] = field(default_factory=list)
    maybe: set[int] = field(default_factory=set)
    last_double: Source | None = None

    def done(self, event: Done, mark: BootmemMark | None) -> None:
        """Carry out a __reserve or __free line; `mark` is the line that asked for it, if any."""
        kind = _kind(event)
        if isinstance(event, BootmemFree) and self._is_rollback(event):
            return
        belief = self.nodes.known(kind, event.nid)
        if belief is None:
            return
        sound = self._was_asked(event, mark)
        if not belief.node.contains(*_pages(event)):
            if sound:
                self._outside(belief, event)
        elif isinstance(event, BootmemReserve):
            self._reserve(belief, event, sound)
        else:
            self._free(belief, event, sound)

    def unanswered(self, mark: BootmemMark) -> None:
        """A mark_bootmem_node line without what it does: carry it out all the same."""
        kind = "reserve" if mark.reserve else "free"
        belief = self.nodes.known(kind, mark.nid)
        if belief is None:
            return
        self.nodes.ledger.diverged(
            kind,
            "BM107",
            mark.source,
            _subject(mark),
            logged=f"no __{kind} line after it",
            simulated=text(_pages(mark)),
        )
        if belief.node.contains(*_pages(mark)):
            carry_out = belief.reserve if mark.reserve else belief.free
            carry_out(*_pages(mark))

    def _is_rollback(self, event: BootmemFree) -> bool:
        """Whether this is what an exclusive reservation gives back after -EBUSY."""
        rollback, self.rollback = self.rollback, None
        if rollback is None or rollback != _pages(event):
            return False
        self.nodes.beliefs[event.nid].free(rollback[0], rollback[0])
        self.nodes.ledger.matched("reserve")
        return True

    def _was_asked(self, event: Done, mark: BootmemMark | None) -> bool:
        """Whether the line before asked for exactly this; a divergence is reported if not."""
        if mark is None:
            code, asked = "BM106", "a mark_bootmem_node line before it"
        else:
            flags = isinstance(event, BootmemReserve) and event.flags != mark.flags
            if _pages(mark) == _pages(event) and not flags:
                return True
            code, asked = "BM108", text(_pages(mark))
        self.nodes.ledger.diverged(
            _kind(event),
            code,
            event.source,
            _subject(event),
            logged=text(_pages(event)),
            simulated=asked,
            related=[mark.source] if mark else [],
        )
        return False

    def _outside(self, belief: Belief, event: Done) -> None:
        self.nodes.ledger.diverged(
            _kind(event),
            "BM112",
            event.source,
            _subject(event),
            logged=text(_pages(event)),
            simulated=text((belief.node.min_pfn, belief.node.low_pfn)) + " at most",
        )

    def _free(self, belief: Belief, event: BootmemFree, sound: bool) -> None:
        free_before = belief.free(*_pages(event))
        if sound and not free_before:
            self.nodes.ledger.matched("free")
        elif sound:
            self.nodes.ledger.diverged(
                "free",
                "BM110",
                event.source,
                _subject(event),
                logged=text(_pages(event)),
                simulated=f"page {free_before[0]:#x} is free already",
                alternatives=("the lines that reserved it are lost", "the kernel stops here"),
            )

    def _reserve(self, belief: Belief, event: BootmemReserve, sound: bool) -> None:
        start, end = _pages(event)
        taken = belief.node.pfns_in_state(start, end, reserved=True)
        if event.flags & BOOTMEM_EXCLUSIVE and taken:
            self.rollback = (start, taken[0])
            return
        self.maybe = belief.doubtful & set(range(start, end)) | belief.unknown_in(start, end)
        self.doubles = belief.reserve(start, end)
        self.reserving, self.reported = event, not sound

    # -- pages reserved before ----------------------------------------------------------------

    def double(self, event: BootmemDouble) -> None:
        """One page that was reserved before; they come in rising order."""
        if self.reserving is None:
            return
        self.last_double = event.source
        while self.doubles and self.doubles[0] < event.pfn:
            self._doubles_differ(event, f"page {self.doubles.pop(0):#x} first")
        if self.doubles and self.doubles[0] == event.pfn:
            self.doubles.pop(0)
        elif event.pfn not in self.maybe:
            self._doubles_differ(event, "a page that was free until then")

    def _doubles_differ(self, event: BootmemDouble, expected: str) -> None:
        if self.reserving is None or self.reported:
            return
        self.reported = True
        self.nodes.ledger.diverged(
            "reserve",
            "BM111",
            event.source,
            _subject(self.reserving),
            logged=f"page {event.pfn:#x} was reserved before",
            simulated=expected,
            related=[self.reserving.source],
        )

    def end_of_doubles(self) -> None:
        """Another line follows: all pages must have been told, and the reservation is judged."""
        event, self.reserving = self.reserving, None
        if event is None:
            return
        if self.doubles and not self.reported:
            self.nodes.ledger.diverged(
                "reserve",
                "BM111",
                self.last_double or event.source,
                _subject(event),
                logged="no further line about a page reserved before",
                simulated=f"one for page {self.doubles[0]:#x}",
            )
            self.nodes.beliefs[event.nid].doubt_reserved(_pages(event))
        elif not self.reported:
            self.nodes.ledger.matched("reserve")
        self.doubles, self.last_double = [], None
