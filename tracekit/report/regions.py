"""Memblock's regions with their owners, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from click import style

from tracekit.replay.memblock.regions import OwnedRegion, Piece


def render_text(regions: Sequence[OwnedRegion]) -> str:
    """Return each region with its pieces below it, addresses as the kernel's dumps print them."""
    lines: list[str] = []
    for name in dict.fromkeys(region.list for region in regions):
        of_list = [region for region in regions if region.list == name]
        total = sum(region.end - region.start for region in of_list)
        lines.append(style(f"{name}: {len(of_list)} regions, {size(total)}", bold=True))
        for region in of_list:
            lines += _region(region)
    return "\n".join(lines) + "\n"


def _region(region: OwnedRegion) -> list[str]:
    head = f"  {span(region.start, region.end)} {size(region.end - region.start):>10}"
    if len(region.pieces) == 1:
        return [f"{head}  {_owner(region.pieces[0])}"]
    return [head, *(f"    {_piece(piece)}" for piece in region.pieces)]


def _piece(piece: Piece) -> str:
    extent = size(piece.end - piece.start)
    return f"{span(piece.start, piece.end)} {extent:>10}  {_owner(piece)}"


def _owner(piece: Piece) -> str:
    return piece.owner if piece.line is None else f"{piece.owner} (line {piece.line.line})"


def span(start: int, end: int) -> str:
    """Return a range with its last byte, as the kernel's dumps print it."""
    return f"[{start:#018x}-{end - 1:#018x}]"


def size(count: int) -> str:
    """Return a number of bytes in the largest unit that divides it."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count and count % unit == 0:
            return f"{count // unit} {name}"
    return f"{count} B"


def render_json(regions: Sequence[OwnedRegion]) -> str:
    """Return the regions as JSON; addresses are integers, ends exclusive."""
    rows = [
        {
            "list": region.list,
            "start": region.start,
            "end": region.end,
            "pieces": [
                {
                    "start": piece.start,
                    "end": piece.end,
                    "owner": piece.owner,
                    "line": piece.line.line if piece.line else None,
                }
                for piece in region.pieces
            ],
        }
        for region in regions
    ]
    return json.dumps({"schema": "tracekit.regions/1", "regions": rows}, indent=1) + "\n"
