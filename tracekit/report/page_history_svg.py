"""The simulated page allocator's history as an SVG picture: free pages and fragmentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape

from tracekit.replay.page_alloc.history import PageHistory
from tracekit.replay.page_alloc.watch import ZoneSample
from tracekit.report.page_history_text import zone_title

WIDTH, PANEL, GAP, LEFT, TOP = 900, 220, 60, 80, 30
PALETTE = ("#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2")
FALLBACK = "#b22222"


def render_svg(history: PageHistory | str) -> str:
    """Return a whole SVG document; one that says why where there is no history."""
    if isinstance(history, str):
        words = f"No simulation of the page allocator: {history}"
        return _document(f'<text x="{LEFT}" y="{TOP}">{escape(words)}</text>\n', TOP + GAP)
    free = max((z.free for s in history.known for z in s.zones), default=0)
    panels = (
        ("Free pages", float(free or 1), lambda zone: float(zone.free)),
        ("Unusable share of the free pages", 1.0, lambda zone: zone.unusable),
    )
    parts: list[str] = []
    for place, (title, top, figure) in enumerate(panels):
        y = TOP + place * (PANEL + GAP)
        parts += [_frame(history, title, top, y), *_lines(history, figure, top, y)]
        parts += _marks(history, y)
    bottom = TOP + len(panels) * (PANEL + GAP)
    parts += _legend(history, bottom)
    return _document("".join(parts), bottom + 20 * (len(history.zones) + 2))


def _document(body: str, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 20} {height}" '
        f'font-family="sans-serif" font-size="12">\n{body}</svg>\n'
    )


def _x(history: PageHistory, event: int) -> float:
    return LEFT + event * WIDTH / max(history.samples[-1].event, 1)


def _frame(history: PageHistory, title: str, top: float, y: int) -> str:
    first, last = (history.time(history.samples[i]) for i in (0, -1))
    span = f"{history.samples[-1].event:,} events"
    if first is not None and last is not None:
        span += f", {first:.2f} s to {last:.2f} s"
    highest = f"{top:,.0f}" if top > 1 else "100 %"
    return (
        f'<rect x="{LEFT}" y="{y}" width="{WIDTH}" height="{PANEL}" fill="none" stroke="#444"/>\n'
        f'<text x="{LEFT}" y="{y - 8}">{escape(title)}</text>\n'
        f'<text x="{LEFT - 6}" y="{y + 10}" text-anchor="end">{highest}</text>\n'
        f'<text x="{LEFT - 6}" y="{y + PANEL}" text-anchor="end">0</text>\n'
        f'<text x="{LEFT}" y="{y + PANEL + 16}">{escape(span)}</text>\n'
    )


def _lines(
    history: PageHistory, figure: Callable[[ZoneSample], float], top: float, y: int
) -> Iterator[str]:
    for index, zone in enumerate(history.zones):
        points = " ".join(
            f"{_x(history, s.event):.1f},{y + PANEL * (1 - figure(s.zones[index]) / top):.1f}"
            for s in history.known
        )
        colour = PALETTE[index % len(PALETTE)]
        yield (
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5">'
            f"<title>{escape(zone_title(zone))}</title></polyline>\n"
        )


def _marks(history: PageHistory, y: int) -> Iterator[str]:
    """Mark each fallback where it happened."""
    for step in history.fallbacks:
        after = next((s for s in history.samples if s.line >= step.line.line), history.samples[-1])
        x = _x(history, after.event)
        words = f"line {step.line.line}: {step.migratetype} took from {step.donor_type}"
        yield (
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y + PANEL - 10}" y2="{y + PANEL}" '
            f'stroke="{FALLBACK}"><title>{escape(words)}</title></line>\n'
        )


def _legend(history: PageHistory, top: int) -> Iterator[str]:
    names = [zone_title(zone) for zone in history.zones]
    entries = [(PALETTE[i % len(PALETTE)], name) for i, name in enumerate(names)]
    for place, (colour, name) in enumerate([*entries, (FALLBACK, "a fallback")]):
        y = top + 20 * place
        yield (
            f'<rect x="{LEFT}" y="{y}" width="12" height="12" fill="{colour}"/>'
            f'<text x="{LEFT + 18}" y="{y + 11}">{escape(name)}</text>\n'
        )
