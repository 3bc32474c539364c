"""The report as one self-contained HTML page."""

from __future__ import annotations

from tracekit.replay.boot import Replay
from tracekit.report.template import render_replay


def render(replay: Replay) -> str:
    """Return the page; it needs no network and no script."""
    return render_replay(replay, "replay.html.j2", escape=True)
