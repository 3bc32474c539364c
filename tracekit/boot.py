"""A boot as loaded: its logs as events, its trace, its files, and the kernel that it ran."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from tracekit.capture import Capture, open_capture
from tracekit.capture.line import Line, Log
from tracekit.events.arch_signs import ArchSign
from tracekit.events.base import Event
from tracekit.events.boot import ReleaseMention, UserspaceArch
from tracekit.kernel.identify import identify
from tracekit.kernel.kernel import Kernel
from tracekit.syntax.dmesg import Parsed, parse_log

if TYPE_CHECKING:
    from os import PathLike

    from tracekit.events.gaps import Gap
    from tracekit.events.table import Trace

# A trace that was shuffled has a gap at every turn; the report names the first of them.
MOST_PROBLEMS = 20
SIGNS = (ArchSign, ReleaseMention, UserspaceArch)
AnyEvent = TypeVar("AnyEvent", bound=Event)


@dataclass(slots=True)
class LoadedLog:
    """A log with what was read from it."""

    log: Log
    parsed: Parsed

    @property
    def unparsed(self) -> list[Line]:
        """The lines that look known but that no rule could read."""
        return self.parsed.unparsed


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """One opened source in the report: how much of it was read, and what it lacks."""

    path: str
    kind: str
    lines: int
    recognised: int
    unparsed: int
    complete: bool
    problems: tuple[str, ...]


@dataclass(slots=True)
class Boot:
    """Everything that is known of one boot before any of it is replayed.

    ``events`` are the facts of all logs in order of the sources and lines.
    """

    capture: Capture
    logs: list[LoadedLog]
    kernel: Kernel
    events: list[Event] = field(default_factory=list)
    _trace: Trace | None = field(default=None, repr=False)
    _sources: list[SourceInfo] = field(default_factory=list, repr=False)
    _by_class: dict[type[Event], list[tuple[int, Any]]] = field(default_factory=dict, repr=False)

    @property
    def trace(self) -> Trace | None:
        """The trace as columns, read on first use; None where the boot has none."""
        if self._trace is None and self.capture.traces:
            from tracekit.syntax.captured_trace import read_captured

            self._trace = read_captured(self.capture)
        return self._trace

    @property
    def sources(self) -> list[SourceInfo]:
        """What was opened, logs first, then the trace; asking for it reads the trace."""
        if not self._sources:
            self._sources = [_log_info(loaded) for loaded in self.logs]
            if self.trace is not None:
                self._sources.append(_trace_info(self.trace))
        return self._sources

    @property
    def complete(self) -> bool:
        """Whether no source is known to lack lines or events."""
        return all(source.complete for source in self.sources)

    @property
    def has_trace(self) -> bool:
        """Whether a trace of events came with the boot."""
        return bool(self.capture.traces)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found to replay; that a line names an architecture is not enough."""
        logged = any(type(event) not in SIGNS for event in self.events)
        return not logged and not (self.trace is not None and self.trace.counts.events)

    def of(self, kind: type[AnyEvent]) -> list[AnyEvent]:
        """Return the events of one class, in order."""
        if not self._by_class:
            for place, event in enumerate(self.events):
                self._by_class.setdefault(type(event), []).append((place, event))
        classes = [found for cls, found in self._by_class.items() if issubclass(cls, kind)]
        if len(classes) > 1:
            return [event for _, event in sorted(chain.from_iterable(classes), key=itemgetter(0))]
        return [event for found in classes for _, event in found]


def _log_info(loaded: LoadedLog) -> SourceInfo:
    log, parsed = loaded.log, loaded.parsed
    return SourceInfo(
        path=log.path,
        kind=log.kind,
        lines=log.physical_lines,
        recognised=parsed.recognised,
        unparsed=len(parsed.unparsed),
        complete=log.complete,
        problems=log.problems,
    )


def _trace_info(trace: Trace) -> SourceInfo:
    counts, gaps = trace.counts, trace.gaps
    return SourceInfo(
        path=trace.path,
        kind="trace",
        lines=counts.lines,
        recognised=counts.events + counts.markers + sum(counts.unknown.values()),
        unparsed=counts.unparsed,
        complete=all(gap.usual for gap in gaps),
        problems=(*map(_gap_problem, gaps[:MOST_PROBLEMS]), *trace.remarks),
    )


def _gap_problem(gap: Gap) -> str:
    where = "before the first event" if gap.first < 0 else f"after event {gap.first + 1:,}"
    cpu = "" if gap.cpu is None else f" on CPU {gap.cpu}"
    lost = "" if gap.count is None else f", {gap.count:,} events missing"
    return f"{gap.reason} {where}{cpu}{lost}."


@dataclass(frozen=True, slots=True)
class Until:
    """Where a replay stops: at a line number of the logs, or at a time in seconds, or nowhere."""

    line: int | None = None
    time: float | None = None

    def keeps(self, line: Line) -> bool:
        """Return whether the line lies at or before the end."""
        if self.line is not None and line.number > self.line:
            return False
        return self.time is None or line.time is None or line.time <= self.time


def load(*paths: str | PathLike[str], until: Until | None = None) -> Boot:
    """Open and parse logs, traces or captured boot folders that belong to one boot.

    ``until`` leaves out what comes later in the logs. Raises tracekit.capture.CaptureError
    where nothing can be read.
    """
    return from_capture(open_capture([os.fspath(path) for path in paths]), until)


def from_capture(capture: Capture, until: Until | None = None, trace: Trace | None = None) -> Boot:
    """Parse what was opened; ``trace`` is its trace where that has been read already."""
    logs = [LoadedLog(log, parse_log(_narrow(log, until))) for log in capture.logs]
    events = merge(logs)
    rules = frozenset[str]().union(*(loaded.parsed.rules for loaded in logs))
    return Boot(capture, logs, identify(events, capture, rules), events, trace)


def _narrow(log: Log, until: Until | None) -> Log:
    if until is None:
        return log
    return replace(log, lines=[line for line in log.lines if until.keeps(line)])


def merge(logs: Sequence[LoadedLog]) -> list[Event]:
    """Return the events of all logs, one log after the other."""
    return [event for loaded in logs for event in loaded.parsed.events]
