"""What the capture layer hands on: logs as logical lines, their transport stripped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Line(NamedTuple):
    """One logical line of a log with its transport stripped.

    ``number`` is 1-based and counts newlines in the decompressed file as given; for a line
    that was wrapped on its way it is the first physical line. ``time`` is in seconds since
    boot where the transport shows printk time, else None. ``text`` is the message alone.
    """

    number: int
    time: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Log:
    """One log as it was found: its lines, and what is known to be missing from it.

    ``path`` is the path that was opened (``-`` for standard input), ``kind`` is ``dmesg``,
    ``trace`` or ``unknown``. ``problems`` holds one sentence per gap and how it was seen;
    ``complete`` is False when one of them means that lines are missing. ``other_boots``
    are the (first, last) line numbers of boots in the same file that were set aside.
    """

    path: str
    kind: str
    transport: str
    lines: list[Line]
    physical_lines: int
    complete: bool
    problems: tuple[str, ...] = ()
    other_boots: tuple[tuple[int, int], ...] = ()
