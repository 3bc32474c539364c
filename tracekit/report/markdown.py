"""The report as Markdown, for a review comment or a bug report."""

from __future__ import annotations

from tracekit.replay.boot import Replay
from tracekit.report.template import render_replay


def render(replay: Replay) -> str:
    """Return the report as GitHub-flavoured Markdown."""
    return render_replay(replay, "replay.md.j2", escape=False)
