"""Pair and count columns of events: the ground of every statistic over a trace.

Compiled where the extension is there, else with numpy; both give the same. A column is a
buffer of signed 64-bit integers, as in events/table.py.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracekit.events.table import Column, Trace

# what an event does to the thing that its key names
BEGINS, ENDS = 1, 2
# what lives() says of an event that has no other end: nothing else has its key; or the key
# is NULL (0) or not shown; or the same key begins again, so that it ended unseen
ALONE, UNKNOWN, UNSEEN = -1, -2, -3

# hits, requested, allocated, moved, live, live_allocated: as in report/stat.py
Figures = tuple[int, int, int, int, int, int]


@cache
def _way() -> Any:
    """Return the module that does the work; numpy is imported only where it must be."""
    try:
        from tracekit.events.bulk import _compiled
    except ImportError:
        from tracekit.events.bulk import with_numpy

        return with_numpy
    return _compiled


def pick(column: Column, index: Column) -> Column:
    """Return the values of ``column`` at the places ``index``; ABSENT where one lies outside."""
    found: Column = _way().pick(column, index)
    return found


def locate(index: Column, wanted: Column, size: int) -> Column:
    """Return for each number ``wanted`` which row of ``index`` has it, -1 for none.

    All numbers of ``index`` are less than ``size``; a negative one wanted is in no row.
    """
    found: Column = _way().locate(index, wanted, size)
    return found


def places(column: Column, value: int) -> Column:
    """Return the places where a column holds ``value``, in order."""
    found: Column = _way().places(column, value)
    return found


def total(column: Column) -> int:
    """Return the sum of a column; ABSENT adds nothing."""
    found: int = _way().total(column)
    return found


def lives(trace: Trace, begins: Sequence[str], ends: Sequence[str], key: str) -> dict[str, Column]:
    """Match events that begin something with those that end it, by what they show as ``key``.

    Returns for each kind a column with one row for each of its events: the place, in the
    global order, of the event at the other end. ALONE or UNKNOWN stands where there is none,
    or UNSEEN where the same key begins once more. The keys 0 (NULL) and ABSENT never match.
    """
    roles = {trace.code(name): BEGINS for name in begins}
    roles |= {trace.code(name): ENDS for name in ends}
    tables = {trace.code(name): trace.table(name) for name in (*begins, *ends)}
    keys = {code: (table.columns.get(key), len(table)) for code, table in tables.items()}
    found = _way().lives(trace["kind"], roles, keys)
    return {name: found[trace.code(name)] for name in (*begins, *ends)}


def moved(begins: Column, ends: Column, prefix: Column, cpus: Column) -> Column:
    """Return 1 for each thing that ended on another cpu than it began on, else 0.

    ``begins`` and ``ends`` are places of events; a thing without an end has a negative one.
    ``prefix`` is the row of ``cpus`` for each event of the trace.
    """
    found: Column = _way().moved(begins, ends, prefix, cpus)
    return found


def descents(values: Column, prefix: Column, groups: Column) -> Column:
    """Return the places where a value is lower than the one before it of the same group.

    ``prefix`` is the row of ``groups`` for each value.
    """
    found: Column = _way().descents(values, prefix, groups)
    return found


def tally(
    keys: Sequence[Column], requested: Column, allocated: Column, moves: Column, fates: Column
) -> dict[tuple[int, ...], Figures]:
    """Return the figures of the things with each distinct tuple of keys.

    Every column has one row for each thing; ``fates`` is what lives() says of it, and one that
    is ALONE lives. ABSENT adds nothing to a sum. Keys come in the order in which they first
    appear.
    """
    found: dict[tuple[int, ...], Figures] = _way().tally(keys, requested, allocated, moves, fates)
    return found


def number(keys: Sequence[Column]) -> tuple[Column, Column, Column]:
    """Number the distinct tuples of keys in the order in which they first appear.

    Returns each row's number; then for each number the first row that has it, and how many have it.
    """
    found: tuple[Column, Column, Column] = _way().number(keys)
    return found


def partners(role: Column, key: Column) -> Column:
    """Match rows that begin something (BEGINS) with those that end it (ENDS), by their key.

    Returns for each row the other one of the pair; ALONE where there is none, UNSEEN where the
    same key begins once more.
    """
    found: Column = _way().partners(role, key)
    return found


def within(column: Column, low: int, high: int) -> Column:
    """Return the places where a column holds a value from ``low`` to ``high``, both included."""
    found: Column = _way().within(column, low, high)
    return found


def known(column: Column) -> Column:
    """Return the places where a column holds a value, and not 0 (NULL) either."""
    found: Column = _way().known(column)
    return found


def fill(column: Column, value: int) -> Column:
    """Return the same column with ``value`` where it is ABSENT."""
    found: Column = _way().fill(column, value)
    return found


def interleave(columns: Sequence[Column]) -> Column:
    """Merge ascending columns into one; return of each value its place in all of them joined.

    Of equal values that of the column named first comes first.
    """
    found: Column = _way().interleave(columns)
    return found


def chain(columns: Sequence[Column]) -> Column:
    """Return the values of several columns, one column after the other."""
    return memoryview(b"".join(columns)).cast("q")


def repeat(value: int, size: int) -> Column:
    """Return a column of ``size`` that holds ``value`` everywhere."""
    return memoryview(value.to_bytes(8, sys.byteorder, signed=True) * size).cast("q")
