"""The physical address space of a boot: what is RAM, what is reserved by whom, zones, nodes.

The model is a list of stretches; renderers draw them for the terminal or as SVG.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracekit.boot import Boot
from tracekit.events.e820 import E820Row
from tracekit.events.mm_init import NodeRangeLine
from tracekit.mm.handoff import Handoff
from tracekit.mm.ranges import intersect, subtract, union
from tracekit.replay.budget.fine import handoff_pieces, kind_at, unlogged_image
from tracekit.replay.budget.kinds import KERNEL
from tracekit.replay.context import Context
from tracekit.replay.memblock.moments import Moments
from tracekit.replay.memblock.regions import History

FREE = "free"
HOLE = "hole"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A range of physical addresses in bytes, end exclusive, and what lies there.

    ``kind`` is ``free``, what a reservation is for, a firmware type, or ``hole``; ``owner``
    names who took it. ``zone`` is "node N, zone Z" where known.
    """

    start: int
    end: int
    kind: str
    owner: str = ""
    zone: str = ""

    @property
    def size(self) -> int:
        """Bytes in the stretch."""
        return self.end - self.start


def stretches(context: Context) -> list[Stretch]:
    """Return the address space from its first to its last known byte, without overlaps."""
    found = _ram(context)
    known = union((s.start, s.end) for s in found)
    for row in context.boot.of(E820Row):
        if row.who == "BIOS-e820" and not (row.is_ram and known):
            found += [
                Stretch(a, b, f"firmware: {row.kind}") for a, b in subtract([row.range], known)
            ]
    found.sort(key=lambda s: s.start)
    return _joined(_with_holes(_zoned(found, context.take(Handoff), context.boot)))


def _ram(context: Context) -> list[Stretch]:
    moments, history = context.take(Moments), context.take(History)
    if moments is None or moments.handoff is None or history is None:
        return _from_nodes(context.boot)
    memory = union((r.base, r.end) for r in moments.handoff.memory)
    pieces = handoff_pieces(history, context.boot)
    image = unlogged_image(pieces, context.boot)
    left, found = memory, []
    for piece in pieces:
        kind = KERNEL if piece is image else kind_at(piece)
        for start, end in intersect(left, [(piece.start, piece.end)]):
            found.append(Stretch(start, end, kind, piece.owner))
        left = subtract(left, [(piece.start, piece.end)])
    return [*found, *(Stretch(start, end, FREE) for start, end in left)]


def _from_nodes(boot: Boot) -> list[Stretch]:
    page = boot.kernel.page_size or 4096
    units = [(page if line.in_pfn else 1, line) for line in boot.of(NodeRangeLine)]
    return [
        Stretch(line.start * unit, line.end * unit, "RAM", "", f"node {line.nid}")
        for unit, line in units
    ]


def _zoned(found: Sequence[Stretch], handoff: Handoff | None, boot: Boot) -> list[Stretch]:
    if handoff is None:
        return list(found)
    page = boot.kernel.page_size or 4096
    zones = [
        (z.zone.start_pfn * page, z.zone.end_pfn * page, f"node {z.zone.nid}, zone {z.zone.name}")
        for z in handoff.zones
    ]
    cut = []
    for stretch in found:
        position = stretch.start
        for start, end, name in sorted(zones):
            low, high = max(position, start), min(stretch.end, end)
            if low >= high or stretch.kind.startswith("firmware"):
                continue
            if position < low:
                cut.append(Stretch(position, low, stretch.kind, stretch.owner))
            cut.append(Stretch(low, high, stretch.kind, stretch.owner, name))
            position = high
        if position < stretch.end:
            cut.append(Stretch(position, stretch.end, stretch.kind, stretch.owner))
    return cut


def _with_holes(found: Sequence[Stretch]) -> list[Stretch]:
    filled: list[Stretch] = []
    for stretch in found:
        if filled and filled[-1].end < stretch.start:
            filled.append(Stretch(filled[-1].end, stretch.start, HOLE))
        filled.append(stretch)
    return filled


def _joined(found: Sequence[Stretch]) -> list[Stretch]:
    """Join neighbours that are alike: the same use, owner and zone."""
    joined: list[Stretch] = []
    for s in found:
        last = joined[-1] if joined else None
        if last and last.end == s.start and (last.kind, last.owner, last.zone) == (
            s.kind, s.owner, s.zone
        ):  # fmt: skip
            joined[-1] = Stretch(last.start, s.end, s.kind, s.owner, s.zone)
        else:
            joined.append(s)
    return joined
