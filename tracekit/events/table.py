"""A trace as columns: what the bulk readers fill and what the allocator twins read.

The short of it, for who builds upon this::

    trace = boot.trace                          # a Trace; None where the boot has none
    len(trace)                                  # known events, in the order of the file
    trace["cpu"], trace["line"], trace["time"]  # common columns, one number per event
    table = trace.table("mm_page_alloc")        # one Table per kind of event
    table.index, table["pfn"], table["gfp_flags"]
    trace.text(table["gfp_flags"][0])           # fields of text are ids of texts

    stream = trace.stream(("mm_page_alloc", "mm_page_free"), ("pfn", "order"))
    stream.index, stream.kind, stream["cpu"], stream["pfn"]     # merged, in global order
    trace.code("mm_page_alloc")                 # the number that stream.kind holds for it

    trace.gaps                                  # where events are missing, see events/gaps.py

Every column is a contiguous buffer of signed 64-bit integers (``memoryview`` of format "q", in
a Stream a numpy array of int64). An address keeps its 64 bits and so may look negative: take
``value & ADDRESS``. A field that a line does not show, or whose value the kernel hid, is
ABSENT. ``index`` counts the known events of the file from 0; it is the global order.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tracekit.events.gaps import Gap, find_gaps

if TYPE_CHECKING:
    import numpy as np

    Int64s = np.ndarray[Any, np.dtype[np.int64]]

ABSENT = -(1 << 63)
ADDRESS = (1 << 64) - 1
# kind: see Trace.code; line: 1-based; time: nanoseconds, or ticks where the clock counts;
# prefix: a row of Trace.prefixes, which hold what lines begin with: few of them are distinct.
COMMON = ("kind", "line", "time", "prefix")
# comm and flags are ids of texts. Any is ABSENT where not shown.
PREFIX = ("cpu", "pid", "comm", "flags", "tgid")
COMMON_TEXTS = frozenset({"comm", "flags"})

Column = memoryview


class Kind(NamedTuple):
    """One kind of event: its name, its fields in order, and which of them are texts."""

    name: str
    fields: tuple[str, ...]
    texts: frozenset[str]


class Unparsed(NamedTuple):
    """A line that looks like an event but that no rule could read, and why."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class Loss:
    """A line that says events were lost; ``index`` is that of the first event after it.

    ``cpu`` and ``count`` are None where the line does not tell. ``unread`` says that the line
    itself is the lost event, one that no rule could read.
    """

    index: int
    line: int
    cpu: int | None
    count: int | None
    unread: bool = False


@dataclass(frozen=True)
class Marker:
    """A text written to trace_marker; ``index`` is that of the first event after it."""

    index: int
    line: int
    time: int
    text: str


class Counts:
    """What became of every line: lines = events + unknown + markers + other + unparsed.

    ``unknown`` counts events of kinds that tracekit does not read, by name; ``other`` are
    header, comments, blanks, call chains. A wrapped event's later lines count as other.
    """

    def __init__(self) -> None:
        self.lines = self.events = self.markers = self.other = self.unparsed = self.slow = 0
        self.unknown: dict[str, int] = {}

    @property
    def total(self) -> int:
        """The sum over what lines became; equal to ``lines``."""
        known = self.events + self.markers + self.other + self.unparsed
        return known + sum(self.unknown.values())


class Header:
    """What the head of the file and its notes say; None where they are silent.

    ``entries`` of ``written`` events are in the file; ``cpus`` were there when it was read.
    ``started`` maps a cpu to the index before which its buffer shows nothing.
    """

    def __init__(self) -> None:
        self.entries: int | None = None
        self.written: int | None = None
        self.cpus: int | None = None
        self.tracer: str | None = None
        self.started: dict[int, int] = {}


class Table:
    """All events of one kind: columns by field name, and their place in the global order."""

    def __init__(self, kind: Kind, index: Column, columns: Mapping[str, Column]) -> None:
        self.kind = kind
        self.index = index
        self.columns = dict(columns)

    def __len__(self) -> int:
        return len(self.index)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __getitem__(self, name: str) -> Column:
        """Return the column of a field. Raises KeyError where no line of the trace shows it."""
        return self.columns[name]

    def column(self, name: str) -> Column:
        """Return the column of a field; all ABSENT where no line of the trace shows it."""
        return self.columns[name] if name in self.columns else _absent(len(self))


@dataclass(eq=False, repr=False)
class Trace:
    """The events of one trace, whole, and what is known to be missing from it.

    ``texts`` maps an id to its text. ``counts`` accounts for every line; ``unparsed`` keeps
    the first of the lines that could not be read. ``reader`` names the path that read it.
    ``counting_clock`` says that times are ticks; ``clock_switched`` that the log of this boot
    tells of a change of trace clock, ``clock_ran_back`` that it tells of a clock that was set
    back, ``headless`` that events were on from boot's start but the trace begins later. ``cut``
    says that the last line broke off, ``damage`` where an archive did, ``others`` are traces
    of the same boot that were not read. ``remarks`` are sentences on what a reader should know.
    """

    path: str
    kinds: tuple[Kind, ...]
    common: dict[str, Column]
    prefixes: dict[str, Column]
    tables: dict[str, Table]
    texts: Sequence[str]
    counts: Counts
    header: Header = field(default_factory=Header)
    unparsed: list[Unparsed] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    markers: list[Marker] = field(default_factory=list)
    counting_clock: bool = False
    clock_switched: bool = False
    clock_ran_back: bool = False
    headless: bool = False
    cut: bool = False
    damage: str = ""
    reader: str = ""
    others: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.common.get("kind", ()))

    def __getitem__(self, name: str) -> Column:
        """Return a common column, one of COMMON or PREFIX; all ABSENT where no line shows it."""
        if name not in self.common:
            self.common[name] = self._common(name)
        return self.common[name]

    def _common(self, name: str) -> Column:
        if name in self.prefixes and len(self):
            from tracekit.events.bulk import pick

            return pick(self.prefixes[name], self.common["prefix"])
        if name not in COMMON + PREFIX:
            raise KeyError(name)
        return _absent(len(self))

    def prefix(self, name: str) -> Column:
        """Return a column of PREFIX by the row of ``prefixes``; ABSENT where no line shows it."""
        if name in self.prefixes:
            return self.prefixes[name]
        return _absent(1 + max(self.common.get("prefix", ()), default=-1))

    def code(self, name: str) -> int:
        """Return the number of a kind of event. Raises KeyError for a name without rules."""
        for code, kind in enumerate(self.kinds):
            if kind.name == name:
                return code
        raise KeyError(name)

    def table(self, name: str) -> Table:
        """Return the table of a kind; an empty one where the trace has no such event."""
        if name in self.tables:
            return self.tables[name]
        return Table(self.kinds[self.code(name)], memoryview(b"").cast("q"), {})

    @property
    def gaps(self) -> list[Gap]:
        """Where events are missing, in order; the twins leave these stretches unchecked."""
        return find_gaps(self)

    def text(self, number: int) -> str:
        """Return the text of an id; the empty text for ABSENT."""
        return "" if number == ABSENT else self.texts[number]

    def stream(self, kinds: Sequence[str], fields: Sequence[str]) -> Stream:
        """Merge events of several kinds in global order, with these of their fields.

        A field that a kind does not have, or that no line shows, is ABSENT there.
        """
        import numpy as np

        tables = [self.tables[name] for name in kinds if name in self.tables]
        empty = np.empty(0, np.int64)
        index = np.concatenate([empty, *(_array(table.index) for table in tables)])
        order = np.argsort(index, kind="stable")
        merged = {
            name: np.concatenate([empty, *(_values(table, name) for table in tables)])[order]
            for name in fields
        }
        return Stream(self, index[order], merged)


class Stream:
    """Events of chosen kinds in global order: one contiguous int64 array per column."""

    def __init__(self, trace: Trace, index: Int64s, fields: dict[str, Int64s]) -> None:
        self.trace = trace
        self.index = index
        self._columns = fields

    def __len__(self) -> int:
        return len(self.index)

    @property
    def kind(self) -> Int64s:
        """The kind of each event, as Trace.code numbers them."""
        return self["kind"]

    def __getitem__(self, name: str) -> Int64s:
        """Return one of the merged fields, or a common column at these events."""
        if name not in self._columns:
            self._columns[name] = _array(self.trace[name])[self.index]
        return self._columns[name]


def _absent(size: int) -> Column:
    return memoryview(ABSENT.to_bytes(8, sys.byteorder, signed=True) * size).cast("q")


def _array(column: Column) -> Int64s:
    import numpy as np

    return np.frombuffer(column, dtype=np.int64)


def _values(table: Table, name: str) -> Int64s:
    import numpy as np

    if name in table:
        return _array(table[name])
    return np.full(len(table), ABSENT, dtype=np.int64)
