"""Rendering by jinja2 templates, which stand beside this module."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from tracekit.divergence import Severity, lookup
from tracekit.replay.boot import Replay, check_rows
from tracekit.report.hints import hints


def render_replay(replay: Replay, template: str, escape: bool) -> str:
    """Return the report of a replay by the template of this name; ``escape`` for HTML."""
    return render_template(template, escape, **_values(replay))


def render_template(template: str, escape: bool, **values: Any) -> str:
    """Return the template of this name filled with ``values``."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=escape, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters["cell"] = _cell
    source = files("tracekit.report").joinpath(template).read_text(encoding="utf-8")
    return environment.from_string(source).render(**values) + "\n"


def _cell(value: object) -> str:
    """Return a value as the cell of a Markdown table: on one line, with no column mark."""
    return str(value).replace("|", "\\|").replace("\n", " ")


def _values(replay: Replay) -> dict[str, Any]:
    notes = [d for d in replay.divergences if d.severity is Severity.NOTE]
    return {
        "replay": replay,
        "kernel": replay.boot.kernel,
        "sources": replay.boot.sources,
        "loud": replay.loud,
        "notes": notes,
        "rows": check_rows(replay.allocators),
        "ledgers": replay.allocators,
        "hints": hints(replay),
        "lookup": lookup,
    }
