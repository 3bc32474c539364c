"""What events/bulk does, with numpy: where there is no compiled extension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Column = memoryview
ABSENT = -(1 << 63)
BEGINS, ENDS = 1, 2
ALONE, UNKNOWN, UNSEEN = -1, -2, -3


def _array(column: Column) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.frombuffer(column, dtype=np.int64)


def _column(values: np.ndarray[Any, Any]) -> Column:
    return memoryview(np.ascontiguousarray(values, dtype=np.int64).data).cast("B").cast("q")


def merge(kind: Column, columns: Mapping[int, tuple[Column | None, int]]) -> Column:
    """See bulk.merge."""
    kinds = _array(kind)
    merged = np.full(len(kinds), ABSENT, dtype=np.int64)
    wanted = np.zeros(len(kinds), dtype=bool)
    for code, (column, _) in columns.items():
        mine = kinds == code
        wanted |= mine
        if column is not None:
            merged[mine] = _array(column)
    return _column(merged[wanted])


def pick(column: Column, index: Column) -> Column:
    """See bulk.pick."""
    places = _array(index)
    known = (places >= 0) & (places < len(column))
    picked = np.full(len(places), ABSENT, dtype=np.int64)
    picked[known] = _array(column)[places[known]]
    return _column(picked)


def scatter(index: Column, size: int) -> Column:
    """See bulk.scatter."""
    rows = np.full(size, -1, dtype=np.int64)
    rows[_array(index)] = np.arange(len(index))
    return _column(rows)


def lives(
    kind: Column, roles: Mapping[int, int], keys: Mapping[int, tuple[Column | None, int]]
) -> tuple[Column, Column, Column]:
    """See bulk.lives: events of one key stand together, a beginning before its end."""
    by_code = np.zeros(max(roles, default=0) + 1, dtype=np.int64)
    for code, role in roles.items():
        by_code[code] = role
    kinds = _array(kind)
    index = np.flatnonzero(np.isin(kinds, list(roles)))
    does = by_code[kinds[index]]
    key = _array(merge(kind, keys))
    fate = np.full(len(index), UNKNOWN, dtype=np.int64)
    known = np.flatnonzero((key != 0) & (key != ABSENT))
    fate[known] = ALONE
    order = known[np.argsort(key[known], kind="stable")]
    first, second = order[:-1], order[1:]
    pairs = (key[first] == key[second]) & (does[first] == BEGINS) & (does[second] == ENDS)
    again = (key[first] == key[second]) & (does[first] == BEGINS) & (does[second] == BEGINS)
    fate[first[again]] = UNSEEN
    begins, ends = does == BEGINS, does == ENDS
    rows = np.cumsum(begins) - 1
    fate[first[pairs]] = index[second[pairs]]
    fate[second[pairs]] = rows[first[pairs]]
    return _column(index[begins]), _column(fate[begins]), _column(fate[ends])


def places(column: Column, value: int) -> Column:
    """See bulk.places."""
    return _column(np.flatnonzero(_array(column) == value))


def unequal(one: Column, other: Column) -> Column:
    """See bulk.unequal."""
    a, b = _array(one), _array(other)
    return _column((a != b) & (a != ABSENT) & (b != ABSENT))


def descents(values: Column, groups: Column) -> Column:
    """See bulk.descents."""
    order = np.argsort(_array(groups), kind="stable")
    first, second = order[:-1], order[1:]
    of, value = _array(groups), _array(values)
    return _column(np.sort(second[(of[first] == of[second]) & (value[second] < value[first])]))


def group(
    keys: Sequence[Column], values: Sequence[Column]
) -> Mapping[tuple[int, ...], tuple[int, ...]]:
    """See bulk.group: each column of keys in turn splits the groups of those before it."""
    size = len(keys[0])
    if not size:
        return {}
    first, member = np.zeros(1, dtype=np.int64), np.zeros(size, dtype=np.int64)
    for key in keys:
        distinct, codes = np.unique(_array(key), return_inverse=True)
        joined = member * len(distinct) + codes
        _, first, member = np.unique(joined, return_index=True, return_inverse=True)
    sums = [np.bincount(member, minlength=len(first))]
    for value in values:
        total = np.zeros(len(first), dtype=np.int64)
        shown = _array(value)
        np.add.at(total, member, np.where(shown == ABSENT, 0, shown))
        sums.append(total)
    return {
        tuple(int(_array(key)[first[i]]) for key in keys): tuple(int(total[i]) for total in sums)
        for i in np.argsort(first)
    }
