"""The address space as an SVG picture: one strip per bank, coloured by use, with titles."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tracekit.report.budget_text import human
from tracekit.report.map import FREE, HOLE, Stretch
from tracekit.report.map_text import banks

WIDTH, STRIP, GAP, LINE = 1000, 48, 46, 20
PALETTE = ("#4c78a8", "#f58518", "#e45756", "#72b7b2", "#b279a2", "#ff9da6", "#9d755d",
           "#bab0ac", "#eeca3b", "#54a24b", "#1f77b4", "#8c564b")  # fmt: skip
FIXED = {FREE: "#e8f1e4", HOLE: "#ffffff", "RAM": "#cfe3f7"}


def render_svg(found: Sequence[Stretch]) -> str:
    """Return a whole SVG document; every stretch has a title with its range and owner."""
    kinds = [k for k in dict.fromkeys(s.kind for s in found) if k != HOLE]
    others = [kind for kind in kinds if kind not in FIXED]
    colours = FIXED | {kind: PALETTE[i % len(PALETTE)] for i, kind in enumerate(others)}
    parts = [
        _strip(bank, index * (STRIP + GAP) + LINE, colours)
        for index, bank in enumerate(banks(found))
    ]
    top = len(parts) * (STRIP + GAP) + LINE
    legend = "".join(_legend(i, kind, colours[kind], top) for i, kind in enumerate(kinds))
    height = top + (len(kinds) // 4 + 1) * LINE + LINE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="sans-serif" font-size="12">\n{"".join(parts)}{legend}</svg>\n'
    )


def _strip(bank: Sequence[Stretch], y: int, colours: dict[str, str]) -> str:
    start, end = bank[0].start, bank[-1].end
    scale = WIDTH / (end - start)
    boxes = "".join(
        f'<rect x="{(s.start - start) * scale:.2f}" y="{y}" width="{max(s.size * scale, 0.3):.2f}" '
        f'height="{STRIP}" fill="{colours[s.kind]}"><title>{escape(_title(s))}</title></rect>\n'
        for s in bank
    )
    text = f"{start:#x} to {end - 1:#x}, {human(end - start)}"
    frame = f'<rect x="0" y="{y}" width="{WIDTH}" height="{STRIP}" fill="none" stroke="#444"/>\n'
    return f'{boxes}{frame}<text x="0" y="{y + STRIP + 16}">{escape(text)}</text>\n'


def _title(stretch: Stretch) -> str:
    words = [f"{stretch.start:#x}-{stretch.end - 1:#x}", human(stretch.size), stretch.kind]
    return ", ".join([*words, *(w for w in (stretch.owner, stretch.zone) if w)])


def _legend(index: int, kind: str, colour: str, top: int) -> str:
    x, y = index % 4 * (WIDTH // 4), top + index // 4 * LINE
    return (
        f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colour}" stroke="#444"/>'
        f'<text x="{x + 18}" y="{y + 11}">{escape(kind)}</text>\n'
    )
