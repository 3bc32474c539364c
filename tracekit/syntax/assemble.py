"""Line programs of all trace grammars, assembled into the flat tables that the scanner runs."""

from __future__ import annotations

from array import array
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from tracekit.events.table import COMMON, PREFIX, Kind
from tracekit.syntax.kinds import event_rules, kinds
from tracekit.syntax.rules import EVENT_GRAMMARS, Step, grammar_programs, stored_scanner
from tracekit.syntax.steps import JUMPS, STEPS

# What the scanner's prefix slots hold; tid is perf's.
PREFIX_SLOTS = ("time", *PREFIX, "tid")
FRAMES = ("task_line", "perf_line", "time_line")
# names that stand in the place of an event's name but are none
NOT_EVENTS = (b"tracing_mark_write", b"print")
NO_PROGRAM = -1
BYTES = ("steps", "strings", "sets")


class Tables(NamedTuple):
    """What Scanner runs. ``steps`` are rows of four 32-bit integers: what to do, and with what.

    ``starts`` are the first steps of the frames' programs, then of two programs for each kind,
    -1 for none. ``required`` are masks of field positions. ``names`` are the names of the
    kinds in order of their codes, then those that only look like the name of an event.
    """

    kinds: tuple[Kind, ...]
    commons: int
    frames: int
    steps: bytes
    strings: bytes
    sets: bytes
    starts: tuple[int, ...]
    required: tuple[int, ...]
    names: tuple[bytes, ...]


@cache
def tables() -> Tables:
    """Return the tables for the grammars of this installation, as stored or made on the spot."""
    stored = stored_scanner()
    if stored is None:
        return assemble()
    return Tables(
        kinds=kinds(),
        commons=len(COMMON),
        frames=len(FRAMES),
        names=_names(),
        starts=tuple(stored["starts"]),
        required=tuple(stored["required"]),
        **{name: b64decode(stored[name]) for name in BYTES},
    )


def storable() -> dict[str, Any]:
    """Return what a build stores of the tables: assembling them takes longer than all else."""
    made = assemble()
    parts: dict[str, Any] = {name: b64encode(getattr(made, name)).decode() for name in BYTES}
    return parts | {"starts": made.starts, "required": made.required}


def assemble() -> Tables:
    """Return the tables, made from the line programs of the grammars."""
    made = _Assembler()
    prefixes = grammar_programs("ftrace")
    slots = {name: place for place, name in enumerate(PREFIX_SLOTS)}
    starts = [made.add(prefixes[name], slots) for name in FRAMES]
    programs = {n: p for grammar in EVENT_GRAMMARS for n, p in grammar_programs(grammar).items()}
    for kind in kinds():
        slots = {name: place for place, name in enumerate(kind.fields)}
        for name in (kind.name, f"{kind.name}__pairs"):
            program = programs.get(name)
            starts.append(NO_PROGRAM if program is None else made.add(_behind_name(program), slots))
    rules = [event_rules()[kind.name.encode()][0] for kind in kinds()]
    return Tables(
        kinds=kinds(),
        commons=len(COMMON),
        frames=len(FRAMES),
        steps=made.steps.tobytes(),
        strings=bytes(made.strings),
        sets=bytes(made.sets),
        starts=tuple(starts),
        required=tuple(sum(1 << slot for slot in rule.required) for rule in rules),
        names=_names(),
    )


def _names() -> tuple[bytes, ...]:
    return (*(kind.name.encode() for kind in kinds()), *NOT_EVENTS)


def _behind_name(program: Sequence[Step]) -> list[Step]:
    """Return the program of an event without its first step: the scanner has read the name."""
    return [(*step[:-1], step[-1] - 1) if step[0] in JUMPS else step for step in program[1:]]


class _Assembler:
    def __init__(self) -> None:
        self.steps = array("i")
        self.strings = bytearray()
        self.sets = bytearray()
        self._known_strings: dict[str, int] = {}
        self._known_sets: dict[str, int] = {}
        self._memos = 0

    def add(self, program: Sequence[Step], slots: Mapping[str, int]) -> int:
        """Append a program; return its first step."""
        start = len(self.steps) // 4
        for step in program:
            self.steps.extend((STEPS.index(step[0]), *self._arguments(step, start, slots)))
        return start

    def _arguments(self, step: Step, start: int, slots: Mapping[str, int]) -> tuple[int, int, int]:
        match step:
            case ("lit", text):
                return self._string(text), len(text), 0
            case ("if_lit", text, to):
                return self._string(text), len(text), start + to
            case ("lit_auto", text, field):
                return self._string(text), len(text), slots[field]
            case ("word", members, field):
                return self._set(members), 0, slots[field]
            case ("if_set", members, to):
                return self._set(members), 0, start + to
            case ("need" | "seek", members):
                return self._set(members), 0, 0
            case ("span", members, least, most):
                return self._set(members), least, most
            case ("memo",):
                self._memos += 1
                return self._memos - 1, 0, 0
            case ("try" | "jump", to):
                return 0, 0, start + to
            case ("text" | "number" | "time" | "const" | "auto" | "hex" | "clock", field, value):
                return slots[field], value, 0
            case _:
                return 0, 0, 0

    def _string(self, text: str) -> int:
        if text not in self._known_strings:
            self._known_strings[text] = len(self.strings)
            self.strings += text.encode("latin-1")
        return self._known_strings[text]

    def _set(self, members: str) -> int:
        if members not in self._known_sets:
            self._known_sets[members] = len(self.sets)
            table = bytearray(256)
            for member in members:
                table[ord(member)] = 1
            self.sets += table
        return self._known_sets[members]
