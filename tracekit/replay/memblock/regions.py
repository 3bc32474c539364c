"""Memblock's lists at any line of the log, each byte with its owners.

The kernel merges neighbouring regions and forgets who asked for them; the log still knows.
"Which reservation is this?" is answered by keeping every call's range with its caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from tracekit.boot import Boot
from tracekit.events.base import Source
from tracekit.events.initrd import Ramdisk
from tracekit.mm.ranges import Ranges, union
from tracekit.replay.memblock.log import Alloc, Change, Doubled, Step
from tracekit.replay.memblock.run import Run

UNLOGGED = "before memblock=debug was parsed"


@dataclass(frozen=True, slots=True)
class Piece:
    """A range (bytes, end exclusive) with who put it into the list, and at which line."""

    start: int
    end: int
    owner: str
    line: Source | None = None


@dataclass(frozen=True, slots=True)
class OwnedRegion:
    """A stretch of one list without a gap (bytes, end exclusive), and the pieces it is made of."""

    list: str
    start: int
    end: int
    pieces: tuple[Piece, ...]


@dataclass(slots=True)
class History:
    """The steps of a replayed log and the lists before the first of them."""

    steps: Sequence[Step]
    memory: Ranges
    reserved: list[Piece] = field(default_factory=list)

    def at(self, line: int | None = None) -> list[OwnedRegion]:
        """Return both lists after the given line of the log, or at its end."""
        lists = {
            "memory": [Piece(start, end, UNLOGGED) for start, end in self.memory],
            "reserved": list(self.reserved),
        }
        for step in self.steps:
            if line is not None and step.source.line > line:
                break
            _apply(step, lists)
        return [region for name, pieces in lists.items() for region in _regions(name, pieces)]


def history(run: Run, boot: Boot) -> History:
    """Return the history of a finished run; unlogged reservations get the owner that is known."""
    pieces = [_named(start, end, boot) for start, end in run.start.pieces]
    return History(run.log.steps, run.start.memory, pieces)


def _named(start: int, end: int, boot: Boot) -> Piece:
    for disk in boot.of(Ramdisk):
        if disk.range[0] <= start and end <= disk.range[1]:
            return Piece(start, end, "RAMDISK", disk.source)
    return Piece(start, end, UNLOGGED)


def _apply(step: Step, lists: dict[str, list[Piece]]) -> None:
    match step:
        case Alloc() if step.result is not None:
            piece = Piece(step.base, step.base + step.size, step.by, step.source)
            lists["reserved"].append(piece)
        case Change():
            _change(step, lists)
        case Doubled():
            array = Piece(step.event.base, step.event.bound + 1, "memblock's array", step.source)
            lists["reserved"].append(array)


def _change(change: Change, lists: dict[str, list[Piece]]) -> None:
    start, end = change.base, change.base + change.size
    if change.kind in ("add", "reserve"):
        name = "memory" if change.kind == "add" else "reserved"
        lists[name].append(Piece(start, end, change.call.by, change.source))
    elif change.kind in ("remove", "free"):
        name = "memory" if change.kind == "remove" else "reserved"
        lists[name] = [part for piece in lists[name] for part in _cut(piece, start, end)]


def _cut(piece: Piece, start: int, end: int) -> Iterable[Piece]:
    if end <= piece.start or piece.end <= start:
        return [piece]
    left = replace(piece, end=min(piece.end, start))
    right = replace(piece, start=max(piece.start, end))
    return [part for part in (left, right) if part.start < part.end]


def _regions(name: str, pieces: list[Piece]) -> list[OwnedRegion]:
    held = sorted((p for p in pieces if p.start < p.end), key=lambda p: (p.start, p.end))
    return [
        OwnedRegion(name, start, end, tuple(p for p in held if start <= p.start < end))
        for start, end in union((piece.start, piece.end) for piece in held)
    ]
