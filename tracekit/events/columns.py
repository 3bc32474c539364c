"""Fill the columns of a trace, event by event: what the readers write into."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from tracekit.events.table import ABSENT, COMMON, PREFIX, Column, Kind, Table

# columns in the order of COMMON and of PREFIX, and for each kind its index and its fields
Finished = tuple[list[Column | None], list[Column | None], list[list[Column | None]]]


class Columns:
    """Growing columns for the events of one trace, and the texts that they refer to.

    ``held`` says that a reader keeps a line back that may become an event.
    """

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self.kinds = tuple(kinds)
        self.held = False
        self.ids: dict[bytes, int] = {}
        self._common = [array("q") for _ in COMMON]
        self._prefixes: dict[tuple[int, ...], int] = {}
        self._index = [array("q") for _ in kinds]
        self._fields = [[array("q") for _ in kind.fields] for kind in kinds]

    def __len__(self) -> int:
        return len(self._common[0])

    def intern(self, text: bytes) -> int:
        """Return the id of a text, a new one for a new text."""
        return self.ids.setdefault(text, len(self.ids))

    def prefix(self, values: Sequence[int]) -> int:
        """Return the row of a prefix, its values in the order of PREFIX; a new one if it is new."""
        return self._prefixes.setdefault(tuple(values), len(self._prefixes))

    def add(self, common: Sequence[int], values: Sequence[int]) -> None:
        """Append one event: kind, line, time, the columns of PREFIX, then its fields."""
        code = common[0]
        self._index[code].append(len(self))
        row = (*common[:3], self.prefix(common[3:]))
        for column, value in zip(self._common, row, strict=True):
            column.append(value)
        for column, value in zip(self._fields[code], values, strict=True):
            column.append(value)

    def texts(self) -> list[bytes]:
        """Return the texts by id."""
        return list(self.ids)

    def finish(self) -> Finished:
        """Return all columns; None for one that no line shows."""
        kinds = [
            [memoryview(index), *map(_shown, fields)]
            for index, fields in zip(self._index, self._fields, strict=True)
        ]
        prefixes = zip(*self._prefixes, strict=True) if self._prefixes else [()] * len(PREFIX)
        shown = [_shown(array("q", column)) for column in prefixes]
        return [_shown(column) for column in self._common], shown, kinds


def _shown(column: array[int]) -> Column | None:
    """Return the column; None where all of it is ABSENT, which the first value mostly tells."""
    shown = column and (column[0] != ABSENT or column.count(ABSENT) < len(column))
    return memoryview(column) if shown else None


def named(names: Sequence[str], columns: Sequence[Column | None]) -> dict[str, Column]:
    """Return columns by name; those that no line shows are left out."""
    return {name: c for name, c in zip(names, columns, strict=True) if c is not None}


def tables(kinds: Sequence[Kind], finished: Finished) -> dict[str, Table]:
    """Return a table for each kind that has events, with the fields that a line showed."""
    found = {}
    for kind, (index, *fields) in zip(kinds, finished[2], strict=True):
        if index is not None and len(index):
            found[kind.name] = Table(kind, index, named(kind.fields, fields))
    return found
