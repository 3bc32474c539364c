"""The comparison of two boots by template: Markdown for a review comment, or an HTML page."""

from __future__ import annotations

from tracekit.compare.change import Change, Comparison
from tracekit.report.diff import BYTES_AREAS, plain, signed
from tracekit.report.template import render_template


def render_markdown(comparison: Comparison) -> str:
    """Return the comparison as GitHub-flavoured Markdown."""
    return _render(comparison, "diff.md.j2", escape=False)


def render_html(comparison: Comparison) -> str:
    """Return the comparison as one self-contained page."""
    return _render(comparison, "diff.html.j2", escape=True)


def _render(comparison: Comparison, template: str, escape: bool) -> str:
    memory = [change for change in comparison.changes if change.area in BYTES_AREAS]
    other = [change for change in comparison.changes if change.area not in BYTES_AREAS]
    return render_template(
        template,
        escape,
        comparison=comparison,
        kinds=_by_kind(memory),
        other=other,
        plain=plain,
        signed=signed,
    )


def _by_kind(changes: list[Change]) -> list[tuple[str, int, list[Change]]]:
    kinds: dict[str, list[Change]] = {}
    for change in changes:
        kinds.setdefault(change.kind, []).append(change)
    rows = [(kind, sum(c.delta for c in group), group) for kind, group in kinds.items()]
    return sorted(rows, key=lambda row: -abs(row[1]))
