"""The e820 table as a log builds it: what was printed, and what the kernel then changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tracekit.events.base import Event, Source
from tracekit.events.e820 import E820Gap, E820Header, E820Remove, E820Row, E820Update
from tracekit.events.x86_setup import StolenMemory

# What setup_data occupies: still RAM for memblock, but an entry of its own (up to 6.19).
KERN = "usable (setup_data)"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: bytes, end exclusive, its type, and the row of the log that it comes from."""

    start: int
    end: int
    kind: str
    row: Source

    @property
    def is_ram(self) -> bool:
        """Whether memblock is given the range (e820__memblock_setup)."""
        return self.kind in ("usable", KERN)


@dataclass(slots=True)
class E820Table:
    """The table at one moment; ``printed`` are the rows of the map that it was made from.

    ``debug`` says that the log holds the kernel's KERN_DEBUG lines about changes, without
    which the table is not to be relied upon.
    """

    entries: list[Entry] = field(default_factory=list)
    printed: list[E820Row] = field(default_factory=list)
    gaps: list[E820Gap] = field(default_factory=list)
    debug: bool = False
    _kern: list[tuple[int, int]] = field(default_factory=list)

    def feed(self, event: Event) -> None:
        """Follow one event of the log."""
        match event:
            case E820Header():
                self._begin()
            case E820Row():
                self._add(event)
            case E820Gap():
                self.gaps.append(event)
            case E820Update():
                self._update(event)
            case E820Remove():
                self.debug = True
                self._change(event.start, event.end, event.kind, None)
            case StolenMemory():
                self._steal(event)

    def ram(self) -> list[Entry]:
        """The entries that memblock is given, in order of address."""
        return [entry for entry in self.entries if entry.is_ram]

    def printed_entries(self) -> list[Entry]:
        """The rows of the printed map as entries, before any change."""
        return [Entry(row.start, row.end, row.kind, row.source) for row in self.printed]

    def _begin(self) -> None:
        self.entries, self.printed, self.gaps = [], [], []

    def _add(self, row: E820Row) -> None:
        kind = KERN if row.is_ram and row.range in self._kern else row.kind
        self.printed.append(row)
        self.entries.append(Entry(row.start, row.end, kind, row.source))
        self.entries.sort(key=lambda entry: entry.start)

    def _update(self, event: E820Update) -> None:
        self.debug = True
        new = event.new_kind
        if event.kind == new == "usable":
            self._kern.append(event.range)
            new = KERN
        self._change(event.start, event.end, event.kind, new)

    def _steal(self, event: StolenMemory) -> None:
        """early-quirks.c adds integrated graphics' memory as reserved, with a line of its own."""
        self._change(event.start, event.end, "usable", None)
        if not any(e.start <= event.start and event.end <= e.end for e in self.entries):
            self.entries.append(Entry(event.start, event.end, "reserved", event.source))
            self.entries.sort(key=lambda entry: entry.start)

    def _change(self, start: int, end: int, kind: str | None, new: str | None) -> None:
        changed: list[Entry] = []
        for entry in self.entries:
            if kind is None or entry.kind == kind:
                changed.extend(_cut(entry, start, end, new))
            else:
                changed.append(entry)
        self.entries = _merged(changed)


def _cut(entry: Entry, start: int, end: int, new: str | None) -> Iterable[Entry]:
    """Split an entry at a range; the part inside gets a new type, or goes."""
    low, high = max(entry.start, start), min(entry.end, end)
    if low >= high:
        yield entry
        return
    if entry.start < low:
        yield replace(entry, end=low)
    if new is not None:
        yield replace(entry, start=low, end=high, kind=new)
    if high < entry.end:
        yield replace(entry, start=high)


def _merged(entries: list[Entry]) -> list[Entry]:
    """Join neighbours of one type, as e820__update_table does."""
    joined: list[Entry] = []
    for entry in sorted(entries, key=lambda entry: entry.start):
        last = joined[-1] if joined else None
        if last is not None and last.end == entry.start and last.kind == entry.kind:
            joined[-1] = replace(last, end=entry.end)
        else:
            joined.append(entry)
    return joined
