"""What events/bulk does, with numpy: where there is no compiled extension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tracekit.events.bulk import ALONE, BEGINS, ENDS, UNKNOWN, UNSEEN, Figures

Column = memoryview
Int64s = np.ndarray[Any, np.dtype[np.int64]]
ABSENT = -(1 << 63)
CLOSE = 4


def _array(column: Column) -> Int64s:
    return np.frombuffer(column, dtype=np.int64)


def _column(values: np.ndarray[Any, Any]) -> Column:
    return memoryview(np.ascontiguousarray(values, dtype=np.int64).data).cast("B").cast("q")


def pick(column: Column, index: Column) -> Column:
    """See bulk.pick."""
    places = _array(index)
    known = (places >= 0) & (places < len(column))
    picked = np.full(len(places), ABSENT, dtype=np.int64)
    picked[known] = _array(column)[places[known]]
    return _column(picked)


def locate(index: Column, wanted: Column, size: int) -> Column:
    """See bulk.locate."""
    rows = np.full(size + 1, -1, dtype=np.int64)
    rows[_array(index)] = np.arange(len(index))
    return _column(rows[np.maximum(_array(wanted), -1)])


def places(column: Column, value: int) -> Column:
    """See bulk.places."""
    return _column(np.flatnonzero(_array(column) == value))


def total(column: Column) -> int:
    """See bulk.total."""
    return int(_shown(column).sum())


def _shown(column: Column) -> Int64s:
    values = _array(column)
    return np.where(values == ABSENT, 0, values)


def lives(
    kind: Column, roles: Mapping[int, int], keys: Mapping[int, tuple[Column | None, int]]
) -> dict[int, Column]:
    """See bulk.lives: events of one key stand together, a beginning before its end."""
    kinds = _array(kind)
    key = np.full(len(kinds), ABSENT, dtype=np.int64)
    does = np.zeros(len(kinds), dtype=np.int64)
    for code, (column, _) in keys.items():
        mine = kinds == code
        does[mine] = roles[code]
        if column is not None:
            key[mine] = _array(column)
    fate = np.full(len(kinds), UNKNOWN, dtype=np.int64)
    known = np.flatnonzero((does > 0) & (key != 0) & (key != ABSENT))
    fate[known] = ALONE
    order = known[np.argsort(key[known], kind="stable")]
    first, second = order[:-1], order[1:]
    begun = (key[first] == key[second]) & (does[first] == BEGINS)
    ended, again = begun & (does[second] == ENDS), begun & (does[second] == BEGINS)
    fate[first[again]] = UNSEEN
    fate[first[ended]] = second[ended]
    fate[second[ended]] = first[ended]
    return {code: _column(fate[kinds == code]) for code in roles}


def moved(begins: Column, ends: Column, prefix: Column, cpus: Column) -> Column:
    """See bulk.moved."""
    made, freed = (_array(pick(cpus, pick(prefix, places))) for places in (begins, ends))
    return _column((made != freed) & (made != ABSENT) & (freed != ABSENT))


def descents(values: Column, prefix: Column, groups: Column) -> Column:
    """See bulk.descents."""
    of, value = _array(groups)[_array(prefix)], _array(values)
    order = np.argsort(of, kind="stable")
    first, second = order[:-1], order[1:]
    return _column(np.sort(second[(of[first] == of[second]) & (value[second] < value[first])]))


def _groups(keys: Sequence[Column]) -> tuple[Int64s, Int64s]:
    """Return the first row of each group of equal keys, and the group of each row.

    Each column of keys in turn splits the groups of those before it.
    """
    size = len(keys[0])
    member, count = np.zeros(size, dtype=np.int64), min(size, 1)
    for key in keys:
        codes, distinct = _coded(_array(key))
        member, count = _coded(member * distinct + codes)
    first = np.empty(count, dtype=np.int64)
    first[member[::-1]] = np.arange(size - 1, -1, -1)
    return first, member


def _coded(values: Int64s) -> tuple[Int64s, int]:
    """Return numbers from 0 on that are equal where the values are, and how many there are.

    Values close together, as ids of texts are, need no sorting.
    """
    if not len(values):
        return values, 0
    low, high = int(values.min()), int(values.max())
    if high - low > CLOSE * len(values):
        distinct, codes = np.unique(values, return_inverse=True)
        return codes, len(distinct)
    shown = np.zeros(high - low + 1, dtype=np.int64)
    shown[values - low] = 1
    rank = np.cumsum(shown)
    return rank[values - low] - 1, int(rank[-1])


def tally(
    keys: Sequence[Column], requested: Column, allocated: Column, moves: Column, fates: Column
) -> dict[tuple[int, ...], Figures]:
    """See bulk.tally."""
    size = len(fates)
    if not size:
        return {}
    first, member = _groups(keys)
    alive = _array(fates) == ALONE
    sums = []
    for values in (
        np.ones(size, dtype=np.int64),
        _shown(requested),
        _shown(allocated),
        _array(moves),
        alive,
        np.where(alive, _shown(allocated), 0),
    ):
        summed = np.zeros(len(first), dtype=np.int64)
        np.add.at(summed, member, values)
        sums.append(summed.tolist())
    found = list(zip(*sums, strict=True))
    return {tuple(int(_array(key)[first[i]]) for key in keys): found[i] for i in np.argsort(first)}


def number(keys: Sequence[Column]) -> tuple[Column, Column, Column]:
    """See bulk.number."""
    first, member = _groups(keys)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    numbers = rank[member]
    counts = np.bincount(numbers, minlength=len(order))
    return _column(numbers), _column(first[order]), _column(counts)


def partners(role: Column, key: Column) -> Column:
    """See bulk.partners: events of one key stand together, a beginning before its end."""
    does, keys = _array(role), _array(key)
    found = np.full(len(does), ALONE, dtype=np.int64)
    known = np.flatnonzero((does == BEGINS) | (does == ENDS))
    order = known[np.argsort(keys[known], kind="stable")]
    first, second = order[:-1], order[1:]
    begun = (keys[first] == keys[second]) & (does[first] == BEGINS)
    pairs, again = begun & (does[second] == ENDS), begun & (does[second] == BEGINS)
    found[first[again]] = UNSEEN
    found[first[pairs]] = second[pairs]
    found[second[pairs]] = first[pairs]
    return _column(found)


def within(column: Column, low: int, high: int) -> Column:
    """See bulk.within."""
    values = _array(column)
    return _column(np.flatnonzero((values >= low) & (values <= high)))


def known(column: Column) -> Column:
    """See bulk.known."""
    values = _array(column)
    return _column(np.flatnonzero((values != 0) & (values != ABSENT)))


def fill(column: Column, value: int) -> Column:
    """See bulk.fill."""
    values = _array(column)
    return _column(np.where(values == ABSENT, value, values))


def interleave(columns: Sequence[Column]) -> Column:
    """See bulk.interleave."""
    joined = np.concatenate([np.empty(0, np.int64), *map(_array, columns)])
    return _column(np.argsort(joined, kind="stable"))
