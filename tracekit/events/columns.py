"""Fill the columns of a trace, event by event: what the readers write into."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from tracekit.events.table import ABSENT, COMMON, Column, Kind, Table


class Columns:
    """Growing columns for the events of one trace, and the texts that they refer to."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self.kinds = tuple(kinds)
        self.ids: dict[bytes, int] = {}
        self._common = [array("q") for _ in COMMON]
        self._index = [array("q") for _ in kinds]
        self._fields = [[array("q") for _ in kind.fields] for kind in kinds]

    def __len__(self) -> int:
        return len(self._common[0])

    def intern(self, text: bytes) -> int:
        """Return the id of a text, a new one for a new text."""
        return self.ids.setdefault(text, len(self.ids))

    def add(self, common: Sequence[int], values: Sequence[int]) -> None:
        """Append one event: the common columns in the order of COMMON, then its fields."""
        code = common[0]
        self._index[code].append(len(self))
        for column, value in zip(self._common, common, strict=True):
            column.append(value)
        for column, value in zip(self._fields[code], values, strict=True):
            column.append(value)

    def texts(self) -> list[str]:
        """Return the texts by id."""
        return [text.decode("utf-8", "replace") for text in self.ids]

    def common(self) -> dict[str, Column]:
        """Return the common columns by name."""
        return {name: memoryview(c) for name, c in zip(COMMON, self._common, strict=True)}

    def tables(self) -> dict[str, Table]:
        """Return a table for each kind that has events, with the fields that a line showed."""
        return {
            kind.name: Table(kind, memoryview(index), _shown(kind, fields))
            for kind, index, fields in zip(self.kinds, self._index, self._fields, strict=True)
            if index
        }


def _shown(kind: Kind, fields: Sequence[array[int]]) -> dict[str, Column]:
    return {
        name: memoryview(column)
        for name, column in zip(kind.fields, fields, strict=True)
        if column.count(ABSENT) < len(column)
    }
