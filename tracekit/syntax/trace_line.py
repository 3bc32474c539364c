"""One line of a trace, read with the expressions lowered from the grammars.

This is the reference for the faster ways of reading, and what they fall back to.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache, cached_property
from typing import NamedTuple

from tracekit.events.table import ABSENT
from tracekit.syntax.kinds import EventRule, event_rules
from tracekit.syntax.rule import HIDDEN, Rule, to_number
from tracekit.syntax.rules import grammar_rules

FRAMES = (
    "task_line",
    "perf_line",
    "graph_line",
    "latency_line",
    "verbose_line",
    "time_line",
    "bare_line",
)
BODIES = ("marker", "perf_lost", "unknown_type", "other_event")
NANOSECONDS = 9


class Frame(NamedTuple):
    """What stands before an event, as numbers and texts; None where it is not shown.

    ``time`` is in nanoseconds, or in ticks where ``ticks`` says so.
    """

    rule: str
    event: bytes
    comm: bytes | None = None
    pid: int = ABSENT
    tgid: int = ABSENT
    cpu: int = ABSENT
    flags: bytes | None = None
    time: int = ABSENT
    ticks: bool = False


class Note(NamedTuple):
    """A line, or what stands in the place of an event, that is not an event itself."""

    rule: str
    fields: dict[str, bytes]


class Shape:
    """A rule of ftrace.lark: its expression, and the fields that its groups show, in order."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.fields = tuple(field for _, field, _ in rule.groups)
        self._starts = tuple(prefix.encode() for prefix in rule.prefixes)

    def match(self, text: bytes) -> re.Match[bytes] | None:
        """Return the match of the whole text; one that begins otherwise costs next to nothing."""
        return self._regex.fullmatch(text) if text.startswith(self._starts) else None

    @cached_property
    def _regex(self) -> re.Pattern[bytes]:
        """The compiled expression: few of them are ever needed."""
        return re.compile(self.rule.regex.encode())


@cache
def shapes() -> dict[str, Shape]:
    """Return the rules of ftrace.lark by name."""
    return {rule.name: Shape(rule) for rule in grammar_rules("ftrace")}


def read_frame(line: bytes, name: str) -> Frame | None:
    """Return what the line shows if it is of this shape, one of FRAMES."""
    shape = shapes()[name]
    match = shape.match(line)
    if match is None:
        return None
    shown = {
        field: text
        for field, text in zip(shape.fields, match.groups(), strict=True)
        if text is not None
    }
    time, ticks = _time(shown)
    return Frame(
        name,
        shown["event"],
        shown.get("comm"),
        _number(shown.get("tid") or shown.get("pid")),
        _number(shown["pid"]) if "tid" in shown else _number(shown.get("tgid")),
        _number(shown.get("cpu")),
        shown.get("flags"),
        time,
        ticks,
    )


def _time(shown: Mapping[str, bytes]) -> tuple[int, bool]:
    """Return the time of a line, and whether it counts ticks."""
    for name, base in (("microseconds", 10), ("hex_microseconds", 16)):
        if name in shown:
            return 1000 * int(shown[name], base), False
    time = shown.get("time")
    return (ABSENT, False) if time is None else (to_time(time), b"." not in time)


def _number(text: bytes | None) -> int:
    return ABSENT if text is None else int(text)


def to_time(text: bytes) -> int:
    """Return a time stamp in nanoseconds, or as it stands where it shows no point."""
    seconds, point, fraction = text.partition(b".")
    return int(seconds + fraction.ljust(NANOSECONDS, b"0")) if point else int(seconds)


def read_event(event: bytes) -> tuple[EventRule, list[int | bytes]] | None:
    """Return the rule that reads an event, and its values in the order of Kind.fields.

    Numbers come as integers, texts as bytes, what the line does not show as ABSENT. None
    where the event is of no known kind or no rule of its kind can read it.
    """
    for rule in event_rules().get(event_name(event), ()):
        match = rule.regex.fullmatch(event)
        if match is not None:
            shown = [group for group in zip(rule.slots, match.groups(), strict=True) if group[1]]
            if is_whole(rule, [slot for (slot, _), _ in shown]):
                return rule, to_values(rule, [(slot, base, text) for (slot, base), text in shown])
    return None


def is_whole(rule: EventRule, shown: Collection[int]) -> bool:
    """Return whether a line shows every field that the kernel always prints."""
    return all(slot in shown for slot in rule.required)


def event_name(event: bytes) -> bytes:
    """Return the name that an event begins with."""
    return event.partition(b":")[0]


def to_values(rule: EventRule, shown: Iterable[tuple[int, int | None, bytes]]) -> list[int | bytes]:
    """Return the values of an event in the order of Kind.fields.

    ``shown`` are the place of a field, the base of its number (None: text), and what stands
    there.
    """
    values: list[int | bytes] = [ABSENT] * rule.width
    for slot, base, text in shown:
        if base is None:
            values[slot] = text
        elif base != HIDDEN:
            values[slot] = signed(to_number(text, base))
    return values


def signed(number: int) -> int:
    """Return the number with the same 64 bits that a column can hold."""
    return number - (1 << 64) if number >> 63 > 0 else number


def is_event(event: bytes) -> bool:
    """Return whether the text begins with the name of a kind of event that has rules."""
    return event_name(event) in event_rules()


def read_note(line: bytes) -> Note | None:
    """Return what a line that is no event is: header, comment, lost events, call chain."""
    return _first(line, [name for name in shapes() if name not in FRAMES + BODIES])


def read_body(event: bytes) -> Note | None:
    """Return what stands in the place of an event: a marker, or an event of another kind."""
    return _first(event, BODIES)


def _first(text: bytes, names: tuple[str, ...] | list[str]) -> Note | None:
    for name in names:
        shape = shapes()[name]
        match = shape.match(text)
        if match is not None:
            groups = zip(shape.fields, match.groups(), strict=True)
            return Note(name, {field: found for field, found in groups if found is not None})
    return None
