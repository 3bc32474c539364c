"""Events as rows of plain values, in global order: for export, and for looking at them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tracekit.events.conditions import Condition, Value
from tracekit.events.table import ABSENT, ADDRESS, COMMON_TEXTS, Kind, Trace

if TYPE_CHECKING:
    import pandas as pd

# shown in hex, as the kernel prints them
POINTERS = frozenset({"ptr", "page", "base_addr"})
HEAD = ("line", "time", "cpu", "pid", "comm", "flags", "tgid")
NANOSECONDS = 1_000_000_000


def columns(trace: Trace, kinds: Collection[str] = ()) -> list[str]:
    """Return the names of the values that rows of these kinds can have, in order."""
    names = dict.fromkeys(("event", *HEAD))
    for name, table in trace.tables.items():
        if not kinds or name in kinds:
            names |= dict.fromkeys(table)
    return list(names)


def rows(
    trace: Trace, kinds: Collection[str] = (), conditions: Sequence[Condition] = ()
) -> Iterator[dict[str, Value]]:
    """Yield the events of these kinds (of all, where none is named) that meet the conditions.

    A value that a line does not show is left out. Times are in seconds, or ticks where the
    clock counts.
    """
    readers = [_Reader(trace, kind) for kind in trace.kinds]
    wanted = [not kinds or kind.name in kinds for kind in trace.kinds]
    head = [(name, trace[name]) for name in HEAD]
    for place, code in enumerate(trace.common.get("kind", ())):
        reader = readers[code]
        reader.row += 1
        if not wanted[code]:
            continue
        row: dict[str, Value] = {"event": reader.kind.name}
        for name, column in head:
            if column[place] != ABSENT:
                row[name] = _common(trace, name, column[place])
        reader.fill(row)
        if all(condition.holds(row) for condition in conditions):
            yield row


def dataframe(
    trace: Trace, kinds: Collection[str] = (), conditions: Sequence[Condition] = ()
) -> pd.DataFrame:
    """Return the same rows as a pandas DataFrame with one column for each name of ``columns``."""
    import pandas as pd

    found: list[Any] = list(rows(trace, kinds, conditions))
    return pd.DataFrame(found, columns=columns(trace, kinds))


class _Reader:
    """Walks the table of one kind."""

    def __init__(self, trace: Trace, kind: Kind) -> None:
        self.trace = trace
        self.kind = kind
        self.row = -1
        self._columns = list(trace.table(kind.name).columns.items())

    def fill(self, row: dict[str, Value]) -> None:
        """Add the fields of the event at hand to a row."""
        for name, column in self._columns:
            value = column[self.row]
            if value == ABSENT:
                continue
            if name in self.kind.texts:
                row[name] = self.trace.text(value)
            else:
                row[name] = f"{value & ADDRESS:#x}" if name in POINTERS else value


def _common(trace: Trace, name: str, value: int) -> Value:
    if name in COMMON_TEXTS:
        return trace.text(value)
    if name == "time" and not trace.counting_clock:
        return value / NANOSECONDS
    return value
