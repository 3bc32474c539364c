"""Whole chunks of a trace without the compiled scanner: expressions over many lines at once.

One expression takes all lines of a chunk apart into what stands before the time stamp, the
stamp and the event. Lines mostly begin like another line did, so a beginning is read once and
remembered. The events of one kind are then read together: by their templates where only the
pointer is new, else matched at once, and their numbers converted column by column. Every line
that does not fit goes through SlowReader, in its place.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from struct import pack
from typing import Any, NamedTuple

from tracekit.events.columns import Columns
from tracekit.events.table import ABSENT
from tracekit.syntax.kinds import event_rules, kinds
from tracekit.syntax.rule import HIDDEN, to_number
from tracekit.syntax.trace_line import read_body, read_frame, signed, to_time
from tracekit.syntax.trace_slow import SlowReader
from tracekit.syntax.trace_templates import addresses, templates

# Each line is one match: begin, stamp, event and its name; or something else. The bounds on
# the stamp are those of TIME in ftrace.lark, in the shapes that kernels print. A task's name
# with a bracket in it is something else here, and left to SlowReader.
LINES = re.compile(
    rb"^(?:([^\[\n]*\[\d+\] +(?:[^ :\d][^ :]* +)?)(\d{1,9}\.\d{6}|\d{1,18}): ((\w+):.*)|(.*))$",
    re.MULTILINE,
)
# bytes; what is done once a chunk and kind is worth it for so many lines
LEAST = 1 << 21
Groups = tuple[bytes, ...]
MOST_NUMBERS = 1 << 17


class Plain(NamedTuple):
    """Events of known kinds, as columns: numbers and kinds of their lines, time stamps, events,
    and the rows of the prefixes that they begin with."""

    numbers: Sequence[int]
    codes: Sequence[int]
    stamps: Sequence[bytes]
    events: Sequence[bytes]
    prefixes: Sequence[int]


class Lines(NamedTuple):
    """The lines of a chunk, as columns: see LINES. ``first`` is the number of the first one.

    ``codes`` are the kinds of their events, ``prefixes`` the rows of what they begin with; None
    where a line is no event of a known kind, or does not begin as such lines do.
    """

    first: int
    begins: Sequence[bytes]
    stamps: Sequence[bytes]
    events: Sequence[bytes]
    names: Sequence[bytes]
    others: Sequence[bytes]
    codes: Sequence[int | None] = ()
    prefixes: Sequence[int | None] = ()

    def line(self, place: int) -> bytes:
        """Return the whole line."""
        if not self.names[place]:
            return self.others[place]
        return self.begins[place] + self.stamps[place] + b": " + self.events[place]

    def plain(self, places: Sequence[int]) -> Plain:
        """Return these lines, none of which has None as its kind or prefix."""
        columns: list[Any] = [self.codes, self.stamps, self.events, self.prefixes]
        if len(places) == len(self.codes):
            return Plain(range(self.first, self.first + len(places)), *columns)
        columns = [list(map(column.__getitem__, places)) for column in columns]
        return Plain(list(map(self.first.__add__, places)), *columns)


class ExpressionReader(Columns):
    """Reads chunks as the compiled scanner does, into the same columns.

    ``lines`` and ``events`` count what was read here, not what ``slow`` read.
    """

    least = LEAST

    def __init__(self) -> None:
        super().__init__(kinds())
        self.lines = 0
        self.events = 0
        self.ticks = False
        self._unknown: dict[bytes, int] = {}
        self._begins: dict[bytes, int | None] = {b"": None}
        self._rules = [event_rules()[kind.name.encode()][0] for kind in self.kinds]
        self._codes = {kind.name.encode(): code for code, kind in enumerate(self.kinds)}
        self._numbers = {base: _Numbers(base) for base in (0, 10)}
        self._regexes: dict[int, re.Pattern[bytes]] = {}
        self._templates = [templates(rule, self.intern) for rule in self._rules]

    def unknown(self) -> dict[bytes, int]:
        """Return how often events of kinds that no grammar knows came, by name."""
        return self._unknown

    def scan(self, data: bytes, begin: int, number: int, slow: SlowReader, /) -> tuple[int, int]:
        """Read the whole lines of ``data`` from ``begin`` on; ``number`` lines came before.

        Returns the place where the last line ended, and its number.
        """
        end = data.rfind(b"\n")
        if end < begin:
            return begin, number
        text = data[begin:end]
        found = LINES.findall(text.replace(b"\r\n", b"\n") if b"\r" in text else text)
        lines = Lines(number + 1, *zip(*found, strict=True))
        self._learn(lines)
        lines = lines._replace(
            codes=list(map(self._codes.get, lines.names)),
            prefixes=list(map(self._begins.__getitem__, lines.begins)),
        )
        odd = self._odd(lines) if None in lines.codes or None in lines.prefixes else []
        self._read(lines, range(len(found)), odd, slow)
        return end + 1, number + len(found)

    def _learn(self, lines: Lines) -> None:
        """Read the beginnings that did not come before."""
        new = set(lines.begins).difference(self._begins)
        for place, text in enumerate(lines.begins if new else ()):
            if text in new:
                new.remove(text)
                self._begins[text] = self._begin(lines, place)

    def _odd(self, lines: Lines) -> list[int]:
        """Return the lines that are no plain event of a known kind."""
        pairs = zip(lines.codes, lines.prefixes, strict=True)
        return [place for place, pair in enumerate(pairs) if None in pair]

    def _begin(self, lines: Lines, place: int) -> int | None:
        """Read what stands before a line's time stamp; None where that is not plain."""
        line = lines.line(place)
        frame = read_frame(line, "task_line")
        if frame is None or frame.comm is None or not line.endswith(b": " + frame.event):
            return None
        if len(frame.event) != len(lines.events[place]):
            return None
        flags = ABSENT if frame.flags is None else self.intern(frame.flags)
        return self.prefix((frame.cpu, frame.pid, self.intern(frame.comm), flags, frame.tgid))

    def _read(self, lines: Lines, rows: Sequence[int], odd: list[int], slow: SlowReader) -> None:
        """Add the events of these lines but for the odd ones, which go their own ways."""
        if not odd:
            failed = self._add_plain(lines.plain(rows), slow)
            if failed:
                self._read(lines, rows, [rows[place] for place in failed], slow)
            return
        plain: list[int] = []
        strange = set(odd)
        for place in rows:
            if place not in strange:
                plain.append(place)
            elif not self._is_foreign(lines, place):
                if plain:
                    self._read(lines, plain, [], slow)
                slow.read(lines.line(place), lines.first + place)
                plain = []
        if plain:
            self._read(lines, plain, [], slow)

    def _add_plain(self, plain: Plain, slow: SlowReader) -> list[int]:
        """Add these events; or none, and return those whose expression fails, in order."""
        of_kind: list[list[int]] = [[] for _ in self.kinds]
        append = [places.append for places in of_kind]
        for place, code in enumerate(plain.codes):
            append[code](place)
        by_kind = {code: places for code, places in enumerate(of_kind) if places}
        found: dict[int, list[Sequence[int]]] = {}
        failed: list[int] = []
        for code, places in by_kind.items():
            columns = self._columns_of(code, list(map(plain.events.__getitem__, places)))
            if columns is None:
                regex = self._rules[code].regex
                failed += [place for place in places if not regex.fullmatch(plain.events[place])]
            else:
                found[code] = columns
        if failed:
            return sorted(failed)
        if self.held:
            slow.flush()
        offset = len(self)
        self._add_common(plain)
        for code, columns in found.items():
            _extend(self._index[code], list(map(offset.__add__, by_kind[code])))
            for column, values in zip(self._fields[code], columns, strict=True):
                _extend(column, values)
        self.lines += len(plain.codes)
        self.events += len(plain.codes)
        return []

    def _columns_of(self, code: int, events: list[bytes]) -> list[Sequence[int]] | None:
        """Return the fields of events of one kind; None where one is not read."""
        known = self._templates[code]
        columns = None if known is None else known.columns(events)
        if columns is None:
            groups = self._groups(code, events)
            return self._converted(code, groups) if len(groups) == len(events) else None
        return columns

    def _is_foreign(self, lines: Lines, place: int) -> bool:
        """Return whether a line is an event of a kind that no grammar knows, and count it."""
        if lines.codes[place] is not None or lines.prefixes[place] is None:
            return False
        return self._foreign(lines.events[place])

    def _groups(self, code: int, events: list[bytes]) -> list[Groups]:
        """Return the groups of those events that the kind's expression matches, in order."""
        rule = self._rules[code]
        regex = self._regexes.get(code)
        if regex is None:
            regex = re.compile(b"^(?:" + rule.rule.regex.encode() + b")$", re.MULTILINE)
            self._regexes[code] = regex
        found = regex.findall(b"\n".join(events))
        return found if len(rule.slots) > 1 else [(text,) for text in found]

    def _foreign(self, event: bytes) -> bool:
        """Count an event of a kind that no grammar knows."""
        body = read_body(event)
        if body is None or body.rule != "other_event":
            return False
        name = body.fields["name"]
        self._unknown[name] = self._unknown.get(name, 0) + 1
        self.lines += 1
        return True

    def _add_common(self, plain: Plain) -> None:
        """Add the columns that every event has."""
        points = b"".join(plain.stamps).count(b".")
        times = list(_times(plain.stamps, points))
        values = (plain.codes, plain.numbers, times, plain.prefixes)
        for column, added in zip(self._common, values, strict=True):
            _extend(column, added)
        self.ticks = self.ticks or points < len(plain.stamps)

    def _converted(self, code: int, groups: list[Groups]) -> list[Sequence[int]]:
        """Return the columns of one kind; what a line does not show is an empty group."""
        found: dict[int, Sequence[int]] = {}
        slots = self._rules[code].slots
        for (slot, base), texts in zip(slots, zip(*groups, strict=True), strict=True):
            missing = texts.count(b"")
            if not missing:
                found[slot] = self._convert(texts, base)
            elif missing < len(texts):
                found[slot] = self._gappy(texts, base, found.get(slot))
        nothing = [ABSENT] * len(groups)
        return [found.get(slot, nothing) for slot in range(len(self._fields[code]))]

    def _convert(self, texts: Sequence[bytes], base: int | None) -> Sequence[int]:
        """Return the column that these texts stand for."""
        if base is None:
            for text in dict.fromkeys(texts):
                self.intern(text)
            return list(map(self.ids.__getitem__, texts))
        if base < 0:
            return [ABSENT if base == HIDDEN else -1 - base] * len(texts)
        if base == 16:
            numbers = addresses(texts)
            return [signed(int(text, 16)) for text in texts] if numbers is None else numbers
        known = self._numbers[base]
        if len(known) > MOST_NUMBERS:
            known.clear()
        return list(map(known.__getitem__, texts))

    def _gappy(
        self, texts: Sequence[bytes], base: int | None, under: Sequence[int] | None
    ) -> Sequence[int]:
        """The same where some lines do not show the group; ``under`` shows through the gaps."""
        shown = iter(self._convert([text for text in texts if text], base))
        values = [next(shown) if text else ABSENT for text in texts]
        if under is None:
            return values
        pairs = zip(values, under, strict=True)
        return [low if value == ABSENT else value for value, low in pairs]


class _Numbers(dict[bytes, int]):
    """Numbers by their text: most come again and again, and looking them up is quicker."""

    def __init__(self, base: int) -> None:
        super().__init__()
        self.base = base

    def __missing__(self, text: bytes) -> int:
        number = self[text] = signed(to_number(text, self.base))
        return number


def _extend(column: array[int], values: Sequence[int]) -> None:
    """Append values; many times quicker than by iterating over them."""
    column.frombytes(pack(f"{len(values)}q", *values))


def _times(stamps: Sequence[bytes], points: int) -> Iterable[int]:
    """Return time stamps in nanoseconds; those in microseconds, as LINES has them, quickly."""
    if points < len(stamps):
        return map(to_time, stamps)
    microseconds = map(int, b" ".join(stamps).replace(b".", b"").split())
    return map((1000).__mul__, microseconds)
