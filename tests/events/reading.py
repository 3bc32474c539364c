"""Read lines of ours into events."""

from __future__ import annotations

from tracekit.capture.line import Line, Log
from tracekit.events.base import Event
from tracekit.syntax.dmesg import Parsed, parse_log


def read_log(*texts: str) -> Parsed:
    """Return what a log of these lines parses to."""
    lines = [Line(number, None, text) for number, text in enumerate(texts, 1)]
    return parse_log(Log("log", "dmesg", "plain", lines, len(lines), True))


def read(text: str) -> Event:
    """Return the event of one line."""
    parsed = read_log(text)
    assert len(parsed.events) == 1, text
    return parsed.events[0]
