"""Passes over all rows of a stream: what they tell of the caches, counted.

These are the rows of a whole trace, so the passes stand apart from what is made of them.
"""

from __future__ import annotations

from tracekit.events.table import Column
from tracekit.replay.slub.stream import ALLOC, PAGE_ALLOC

__all__ = ["Groups", "count_distances", "count_offsets", "join_by_slab"]

# Differences of addresses are those of a 64-bit machine.
MASK = (1 << 64) - 1
_SLAB_ORDER = 3


class Groups:
    """Sets of keys that share a cache (union-find)."""

    def __init__(self, count: int) -> None:
        self.parent = list(range(count))

    def find(self, key: int) -> int:
        """Return the key that stands for the set of ``key``."""
        parent = self.parent
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    def join(self, one: int, other: int) -> None:
        """Make the sets of two keys one."""
        self.parent[self.find(other)] = self.find(one)


def join_by_slab(
    op: Column,
    where: Column,
    what: Column,
    base: int,
    shift: int,
    orders: list[int],
    groups: Groups,
) -> dict[int, int]:
    """Join keys whose objects share a slab; return the key of each slab older than the trace."""
    pages: dict[int, int] = {}
    old: dict[int, int] = {}
    fresh: set[int] = set()
    for row in range(len(op)):
        key = what[row]
        if op[row] == ALLOC:
            order = orders[key]
            if order < 0:
                continue
            head = ((where[row] - base) & MASK) >> shift >> order << order
            owner = pages.get(head, -1)
            if owner < 0:
                pages[head] = owner = key
            if owner != key:
                groups.join(owner, key)
            elif head not in fresh and head not in old:
                old[head] = key
        elif op[row] == PAGE_ALLOC:
            first = where[row]
            for pfn in range(first, first + (1 << key)):
                pages.pop(pfn, None)
                fresh.add(pfn)
    return old


def count_distances(
    op: Column, cpu: Column, where: Column, what: Column, shift: int
) -> dict[int, int]:
    """Count the distances, in pages, from a page handed out to the next object on its CPU."""
    found: dict[int, int] = {}
    taken: dict[int, tuple[int, int]] = {}
    for row in range(len(op)):
        if op[row] == PAGE_ALLOC and what[row] <= _SLAB_ORDER:
            taken[cpu[row]] = where[row], what[row]
        elif op[row] == ALLOC and cpu[row] in taken:
            pfn, order = taken.pop(cpu[row])
            distance = (where[row] >> shift >> order << order) - pfn
            found[distance] = found.get(distance, 0) + 1
    return found


def count_offsets(
    op: Column,
    where: Column,
    what: Column,
    base: int,
    cache_of: list[int],
    spans: list[int],
    sizes: list[int],
) -> list[dict[int, int]]:
    """Count for each cache how often an object starts so many bytes after a whole place."""
    found: list[dict[int, int]] = [{} for _ in spans]
    for row in range(len(op)):
        if op[row] == ALLOC:
            number = cache_of[what[row]]
            if number >= 0:
                span, size, counts = spans[number], sizes[number], found[number]
                inside = ((where[row] - base) & MASK) % span % size
                counts[inside] = counts.get(inside, 0) + 1
    return found
