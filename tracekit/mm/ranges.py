"""Sets of bytes as sorted, disjoint (start, exclusive end) pairs."""

from __future__ import annotations

from collections.abc import Iterable

Ranges = list[tuple[int, int]]


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return the bytes of all ranges; touching ranges become one, empty ones go."""
    result: Ranges = []
    for start, end in sorted(ranges):
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def subtract(these: Iterable[tuple[int, int]], those: Iterable[tuple[int, int]]) -> Ranges:
    """Return the bytes of ``these`` that are not in ``those``."""
    holes = union(those)
    result: Ranges = []
    for start, end in union(these):
        for low, high in holes:
            if high <= start:
                continue
            if low >= end:
                break
            if low > start:
                result.append((start, low))
            start = high
        if start < end:
            result.append((start, end))
    return result


def intersect(these: Iterable[tuple[int, int]], those: Iterable[tuple[int, int]]) -> Ranges:
    """Return the bytes that are in both."""
    left = union(these)
    return subtract(left, subtract(left, those))


def total(ranges: Iterable[tuple[int, int]]) -> int:
    """Return the number of bytes."""
    return sum(end - start for start, end in union(ranges))
