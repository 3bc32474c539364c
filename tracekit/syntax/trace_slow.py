"""Any line of a trace, read one at a time: odd shapes, notes, wrapped and quoted lines."""

from __future__ import annotations

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

KEPT_UNPARSED = 1000


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

    def read(self, line: bytes, number: int) -> None:
        """Read one line, without its newline; ``number`` counts from 1."""
        self.counts.lines += 1
        line = line.rstrip(b" \t\r")
        if not line:
            self.counts.other += 1
            return
        frame = self._frame(line)
        if frame is not None and self._event(frame, number):
            return
        note = read_note(line)
        if note is not None:
            self._note(note, number)
        else:
            self._unread(line, number, frame)

    def read_last(self, line: bytes, number: int) -> None:
        """Read a last line that has no newline; it was cut if it cannot be read."""
        unread = self.counts.unparsed
        self.read(line, number)
        self.flush()
        self.cut = self.counts.unparsed > unread

    def flush(self) -> None:
        """Read what was held back in the hope of more lines."""

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
        elif note.rule == "cpus":
            self.header.cpus = shown["cpu_count"]
        elif note.rule == "tracer":
            self.header.tracer = note.fields["tracer_name"].decode("utf-8", "replace")
        elif note.rule == "buffer_started":
            self.header.started[shown["cpu"]] = len(self.columns)

    def _lost(self, cpu: int, count: int | None, number: int) -> None:
        self.losses.append(Loss(len(self.columns), number, cpu, count))

    def _unread(self, line: bytes, number: int, frame: Frame | None) -> None:
        self.counts.unparsed += 1
        if len(self.unparsed) < KEPT_UNPARSED:
            reason = "no rule reads this event" if frame else "not a line of a trace"
            self.unparsed.append(Unparsed(number, line.decode("utf-8", "replace"), reason))
