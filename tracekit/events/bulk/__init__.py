"""Merge, pair and group columns of events: the ground of every statistic over a trace.

Compiled where the extension is there, else with numpy; both give the same. A column is a
buffer of signed 64-bit integers, as in events/table.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracekit.events.table import Column, Trace

# what an event does to the thing that its key names
BEGINS, ENDS = 1, 2
# what lives() says of an event that has none: nothing else has its key; or the key is
# NULL (0) or not shown; or the same key begins again, so that it ended unseen
ALONE, UNKNOWN, UNSEEN = -1, -2, -3

# keys -> (count, *sums)
Groups = Mapping[tuple[int, ...], tuple[int, ...]]


@cache
def _way() -> Any:
    """Return the module that does the work; numpy is imported only where it must be."""
    try:
        from tracekit.events.bulk import _compiled
    except ImportError:
        from tracekit.events.bulk import with_numpy

        return with_numpy
    return _compiled


def merge(trace: Trace, kinds: Sequence[str], field: str) -> Column:
    """Return one field of the events of several kinds, in global order.

    ABSENT where a kind does not have the field. The field ``index`` is the events' place in
    the global order.
    """
    columns = {}
    for name in kinds:
        if name in trace.tables:
            table = trace.tables[name]
            column = table.index if field == "index" else table.columns.get(field)
            columns[trace.code(name)] = (column, len(table))
    found: Column = _way().merge(trace["kind"], columns)
    return found


def pick(column: Column, index: Column) -> Column:
    """Return the values of ``column`` at the places ``index``; ABSENT where one lies outside."""
    found: Column = _way().pick(column, index)
    return found


def scatter(index: Column, size: int) -> Column:
    """Return a column of ``size`` that says which row of ``index`` has each number, else -1."""
    found: Column = _way().scatter(index, size)
    return found


def lives(
    trace: Trace, begins: Sequence[str], ends: Sequence[str], key: str
) -> tuple[Column, Column, Column]:
    """Match events that begin something with those that end it, by what they show as ``key``.

    Returns the index of each beginning event; of each, the index of the event that ends it;
    and for each ending event which of the beginnings it ends. ALONE or UNKNOWN stands where
    there is none, or UNSEEN where the same key begins once more. The keys 0 (NULL) and ABSENT
    never match.
    """
    by_code = {trace.code(name): BEGINS for name in begins}
    by_code |= {trace.code(name): ENDS for name in ends}
    keys: dict[int, tuple[Column | None, int]] = {}
    for name in (*begins, *ends):
        table = trace.table(name)
        keys[trace.code(name)] = (table.columns.get(key), len(table))
    found: tuple[Column, Column, Column] = _way().lives(trace["kind"], by_code, keys)
    return found


def places(column: Column, value: int) -> Column:
    """Return the places where a column holds ``value``, in order."""
    found: Column = _way().places(column, value)
    return found


def unequal(one: Column, other: Column) -> Column:
    """Return 1 where two columns of one length both hold something and differ, else 0."""
    found: Column = _way().unequal(one, other)
    return found


def descents(values: Column, groups: Column) -> Column:
    """Return the places where a value is lower than the one before it of the same group."""
    found: Column = _way().descents(values, groups)
    return found


def group(keys: Sequence[Column], values: Sequence[Column]) -> Groups:
    """Return for each distinct tuple of keys how often it is there, and the sums of the values.

    They come in the order in which they first appear. ABSENT adds nothing to a sum.
    """
    found: Groups = _way().group(keys, values)
    return found
