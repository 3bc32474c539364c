"""Any line of a trace, read one at a time: odd shapes, notes, wrapped and quoted lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from tracekit.events.table import (
    ABSENT,
    Counts,
    Header,
    Loss,
    Marker,
    Unparsed,
)
from tracekit.syntax.kinds import EventRule
from tracekit.syntax.trace_line import (
    FRAMES,
    Frame,
    Note,
    is_event,
    read_body,
    read_event,
    read_frame,
    read_note,
)
from tracekit.syntax.wrapped_event import WrappedEvent, join, unquote

KEPT_UNPARSED = 1000
# bytes; the kernel prints a line of a trace into one page
LONGEST_LINE = 4096
# the cpu, which stands in every frame
PLACE = re.compile(rb"\[\d{3,}\]\Z")


class Sink(Protocol):
    """Where events go: events.Columns, or the compiled scanner."""

    held: bool

    def __len__(self) -> int: ...
    def intern(self, text: bytes, /) -> int: ...
    def add(self, common: Sequence[int], values: Sequence[int], /) -> None: ...


class SlowReader:
    """Reads lines in order into ``columns`` and keeps account of what became of each.

    ``counts`` covers the lines that went through here; faster readers add theirs.
    """

    def __init__(self, columns: Sink) -> None:
        self.columns = columns
        self.counts = Counts()
        self.header = Header()
        self.unparsed: list[Unparsed] = []
        self.losses: list[Loss] = []
        self.markers: list[Marker] = []
        self.ticks = False
        self.cut = False
        self._wrapped = WrappedEvent()

    def read(self, line: bytes, number: int) -> None:
        """Read one line, without its newline; ``number`` counts from 1."""
        self.counts.lines += 1
        line = line.rstrip(b" \t\r").lstrip(b"\r")
        if len(line) > LONGEST_LINE:
            self.flush()
            self._keep(line[:LONGEST_LINE], number, "longer than any line of a trace")
            return
        if self._wrapped:
            if not self._wrapped.full and self._continues(line):
                self._wrapped.add(number, line)
                return
            self.flush()
        self._line(line, number)

    def read_last(self, line: bytes, number: int) -> None:
        """Read a last line that has no newline; it was cut if it cannot be read."""
        unread = self.counts.unparsed
        self.read(line, number)
        self.flush()
        self.cut = self.counts.unparsed > unread
        if self.cut and self.losses and self.losses[-1].line == number:
            self.losses.pop()

    def flush(self) -> None:
        """Read what was held back in the hope of more lines: as much of it as makes an event."""
        pieces = self._wrapped.take()
        self.columns.held = False
        for size in range(len(pieces), 1, -1):
            if self._whole(join([line for _, line in pieces[:size]]), pieces[0][0]):
                self.counts.other += size - 1
                pieces = pieces[size:]
                break
        for number, line in pieces:
            self._unread(line, number)

    def _line(self, line: bytes, number: int) -> None:
        if not line:
            self.counts.other += 1
            return
        # before the cpu in brackets no frame can be told from a comment
        note = read_note(line) if line.startswith(b"#") and b"[" not in line else None
        if note is not None:
            self._note(note, number)
        elif not self._whole(line, number):
            note = read_note(line) or read_note(unquote(line))
            if note is not None:
                self._note(note, number)
            elif not self._whole(join([line]), number):
                self._hold(line, number)

    def _whole(self, line: bytes, number: int) -> bool:
        """Read a line that is whole in itself; return whether it is."""
        frame = self._frame(line)
        return frame is not None and self._event(frame, number)

    def _hold(self, line: bytes, number: int) -> None:
        """Keep back a line that begins an event of a known kind; it may have been wrapped."""
        frame = self._frame(join([line]))
        if frame is not None and is_event(frame.event):
            self._wrapped.add(number, line)
            self.columns.held = True
        else:
            self._unread(line, number)

    def _continues(self, line: bytes) -> bool:
        """Return whether a line may be a further piece of a wrapped event."""
        text = unquote(line)
        return bool(text) and self._frame(text) is None and read_note(text) is None

    def _frame(self, line: bytes) -> Frame | None:
        for name in FRAMES:
            frame = read_frame(line, name)
            if frame is not None and (name != "bare_line" or is_event(frame.event)):
                return frame
        return None

    def _event(self, frame: Frame, number: int) -> bool:
        found = read_event(frame.event)
        if found is not None:
            self._add(frame, number, *found)
            return True
        if is_event(frame.event):
            return False
        body = read_body(frame.event)
        if body is not None:
            self._body(body, frame, number)
        return body is not None

    def _add(self, frame: Frame, number: int, rule: EventRule, values: list[int | bytes]) -> None:
        intern = self.columns.intern
        common = (
            rule.code,
            number,
            frame.time,
            frame.cpu,
            frame.pid,
            ABSENT if frame.comm is None else intern(frame.comm),
            ABSENT if frame.flags is None else intern(frame.flags),
            frame.tgid,
        )
        self.columns.add(common, [v if isinstance(v, int) else intern(v) for v in values])
        self.counts.events += 1
        self.ticks |= frame.ticks

    def _body(self, body: Note, frame: Frame, number: int) -> None:
        if body.rule == "marker":
            text = body.fields["text"].decode("utf-8", "replace").rstrip()
            self.markers.append(Marker(len(self.columns), number, frame.time, text))
            self.counts.markers += 1
        elif body.rule == "perf_lost":
            self._lost(frame.cpu, int(body.fields["count"]), number)
            self.counts.other += 1
        else:
            name = body.fields.get("name", b"Unknown type " + body.fields.get("type", b""))
            self._unknown(name.decode("utf-8", "replace"))

    def _unknown(self, name: str) -> None:
        self.counts.unknown[name] = self.counts.unknown.get(name, 0) + 1

    def _note(self, note: Note, number: int) -> None:
        self.counts.other += 1
        shown = {name: int(text) for name, text in note.fields.items() if text.isdigit()}
        if note.rule in ("lost", "dropped"):
            self._lost(shown["cpu"], shown.get("count"), number)
        elif note.rule == "entries":
            self.header.entries, self.header.written = shown["entries_held"], shown["written"]
            self.header.cpus = shown["cpu_count"]
        elif note.rule == "latency_entries":
            self.header.entries, self.header.written = shown["entries_held"], shown["written"]
        elif note.rule == "cpus":
            self.header.cpus = shown["cpu_count"]
        elif note.rule == "tracer":
            self.header.tracer = note.fields["tracer_name"].decode("utf-8", "replace")
        elif note.rule == "buffer_started":
            self.header.started[shown["cpu"]] = len(self.columns)

    def _lost(self, cpu: int, count: int | None, number: int) -> None:
        self.losses.append(Loss(len(self.columns), number, cpu, count))

    def _unread(self, line: bytes, number: int) -> None:
        """Give a line that nothing could read to Lark; count it where Lark cannot either."""
        frame = self._frame(join([line]))
        known = frame is not None and is_event(frame.event)
        if len(self.unparsed) < KEPT_UNPARSED and frame is not None and known:
            from tracekit.syntax.trace_lark import explain, read_with_lark

            found = read_with_lark(frame.event)
            if found is not None:
                self._add(frame, number, *found)
                return
            reason = explain(frame.event)
        else:
            reason = "no rule reads this event" if known else "not a line of a trace"
        self._keep(line, number, reason)

    def _keep(self, line: bytes, number: int, reason: str) -> None:
        self.counts.unparsed += 1
        if len(self.unparsed) < KEPT_UNPARSED:
            if _shows_event(line):
                self.losses.append(Loss(len(self.columns), number, None, 1, unread=True))
            self.unparsed.append(Unparsed(number, line.decode("utf-8", "replace"), reason))


def _shows_event(line: bytes) -> bool:
    """Return whether a line that could not be read was an event, or one of a known kind."""
    words = line.replace(b":", b": ").split()
    return any(word.endswith(b":") and is_event(word) for word in words) or any(
        PLACE.match(word) for word in words
    )
