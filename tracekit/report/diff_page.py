"""The comparison of two boots by template: Markdown for a review comment, or an HTML page."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.compare.causes import OUTCOMES, causes
from tracekit.compare.change import Change, Comparison
from tracekit.report.diff import AROUND, BYTES_AREAS, shown_terms, state_title
from tracekit.report.diff_details import MOVED, OBJECTS, moved_by_others
from tracekit.report.diff_words import plain, signed
from tracekit.report.template import render_template


def render_markdown(comparison: Comparison) -> str:
    """Return the comparison as GitHub-flavoured Markdown."""
    return _render(comparison, "diff.md.j2", escape=False)


def render_html(comparison: Comparison) -> str:
    """Return the comparison as one self-contained page."""
    return _render(comparison, "diff.html.j2", escape=True)


def _render(comparison: Comparison, template: str, escape: bool) -> str:
    found = causes(comparison.changes, BYTES_AREAS)
    moved = moved_by_others(comparison.changes, BYTES_AREAS)
    areas = ("divergences", "later", "zones", "slab", *(() if moved else ("moves",)))
    moving = [*OBJECTS.items(), ("moves", AROUND)]
    return render_template(
        template,
        escape,
        comparison=comparison,
        causes=[cause for cause in found if cause.kind not in OUTCOMES],
        objects=[(title, _of(comparison.state, area)) for area, title in moving],
        other=[change for area in areas for change in _of(comparison.changes, area)],
        state=state_title(comparison),
        moved=MOVED.format(moved) if moved else "",
        plain=plain,
        signed=signed,
        terms=shown_terms,
    )


def _of(changes: Sequence[Change], area: str) -> list[Change]:
    return [change for change in changes if change.area == area]
