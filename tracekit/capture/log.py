"""One log file, from its bytes to its lines: every step of the capture layer in order."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.capture.boots import split
from tracekit.capture.completeness import missing
from tracekit.capture.line import Line, Log
from tracekit.capture.paste import undo
from tracekit.capture.prefixes import Messages, strip
from tracekit.capture.repeated import drop_repeated
from tracekit.capture.streams import Source
from tracekit.capture.structured import from_json
from tracekit.capture.text import decode, numbered_lines
from tracekit.capture.window import read_window
from tracekit.capture.wrapped import rejoin


def read_log(source: Source) -> Log:
    """Return the log that ``source`` holds, its transport stripped and its gaps named.

    Raises CaptureError where it cannot be read or is not text.
    """
    window = read_window(source)
    text = decode(window.data)
    lines, numbers, names, problems = _unpack(text)
    messages, prefix = strip(lines, numbers)
    names.append(prefix)
    if rejoin(messages):
        names.append("wrapped")
    if drop_repeated(messages):
        names.append("printed twice")
    if window.skipped:
        messages.numbers = [number + window.skipped for number in messages.numbers]
    part, others = split(messages)
    ends = part.stop < len(messages.texts) or window.data.endswith((b"\n", b"\n\0"))
    gaps = [*window.problems, *problems, *missing(messages, part, ends)]
    spans = [(messages.numbers[other.start], messages.numbers[other.stop - 1]) for other in others]
    return Log(
        path=source.name,
        kind="dmesg",
        transport=", ".join(_tidy(names)),
        lines=_lines(messages, part),
        physical_lines=window.lines,
        complete=not gaps,
        problems=(*gaps, *_set_aside(spans)),
        other_boots=tuple(spans),
    )


def _unpack(text: str) -> tuple[list[str], list[int], list[str], list[str]]:
    """Return the lines of a log, their numbers, what they came in, and what that lost."""
    structured = from_json(text)
    if structured is not None:
        lines, numbers, name = structured
        return lines, numbers, [name], []
    lines, numbers = numbered_lines(text)
    pasted = undo(lines, numbers)
    names = ["serial", *pasted.names] if "\r\n" in text else pasted.names
    return pasted.lines, pasted.numbers, names, pasted.problems


def _tidy(names: Sequence[str]) -> list[str]:
    """Drop the name of the plain format where a transport around it says more."""
    telling = [name for name in names if name not in ("dmesg", "no prefix")]
    return telling or [names[-1]]


def _lines(messages: Messages, part: range) -> list[Line]:
    chosen = slice(part.start, part.stop)
    numbers, times = messages.numbers[chosen], messages.times[chosen]
    made = map(Line, numbers, times, messages.texts[chosen])
    return [line for line in made if line.text or line.time is not None]


def _set_aside(spans: Sequence[tuple[int, int]]) -> list[str]:
    if not spans:
        return []
    where = ", ".join(f"{first} to {last}" for first, last in spans[:5])
    more = f" and {len(spans) - 5} more" if len(spans) > 5 else ""
    return [f"The file holds other boots too, which are not replayed: lines {where}{more}."]
