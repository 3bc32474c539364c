"""Which requests go to one cache, and what that cache looks like.

Events of most kernels do not name the cache of an allocation, and merged caches share theirs.  But
two requests whose objects lie on one slab went to one cache, so the slabs tell them apart.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tracekit.events import bulk
from tracekit.events.table import ABSENT, Column
from tracekit.mm.slub_geometry import Geometry, OrderRules, geometry
from tracekit.replay.slub.layout import LinearMap
from tracekit.replay.slub.stream import ALLOC, FREE, PAGE_ALLOC, SlabStream

__all__ = ["CacheFacts", "Identity", "identify_caches"]

# Differences of addresses are those of a 64-bit machine.
MASK = (1 << 64) - 1


@dataclass(slots=True)
class CacheFacts:
    """One cache: its number, geometry, where objects start in their place, and its names."""

    number: int
    geometry: Geometry
    offset: int = 0
    keys: list[int] = field(default_factory=list)
    names: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class Identity:
    """`cache_of` gives the cache number of each key (-1: too large for a cache).

    `old_pages` maps the first page of slabs that are older than the trace to their cache.
    """

    caches: list[CacheFacts]
    cache_of: list[int]
    old_pages: dict[int, int]
    orders: list[int]


class _Groups:
    """Sets of keys that share a cache (union-find)."""

    def __init__(self, count: int) -> None:
        self.parent = list(range(count))

    def find(self, key: int) -> int:
        parent = self.parent
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    def join(self, one: int, other: int) -> None:
        self.parent[self.find(other)] = self.find(one)


def identify_caches(
    stream: SlabStream, linear: LinearMap, rules: OrderRules, *, debug: bool
) -> Identity:
    """Group the keys of a trace into caches by the slabs that their objects share."""
    shift = linear.page_shift
    page_size = 1 << shift
    shapes = {
        key.size: geometry(key.size, rules, debug=debug) for key in stream.keys if key.size > 0
    }
    orders = [
        -1 if key.kmalloc and is_whole_pages(key.size, page_size) else shapes[key.size].order
        for key in stream.keys
    ]
    groups = _Groups(len(stream.keys))
    old_pages = _join_by_slab(
        stream.op, stream.where, stream.what, linear.base, shift, orders, groups
    )
    names = _join_by_name(stream, groups)
    caches, cache_of = _collect(stream, orders, shapes, groups)
    for key, seen in names.items():
        if cache_of[key] >= 0:
            caches[cache_of[key]].names.update(seen)
    _learn_offsets(stream, linear, caches, cache_of)
    owners = {head: cache_of[key] for head, key in old_pages.items()}
    return Identity(caches, cache_of, owners, orders)


def is_whole_pages(size: int, page_size: int) -> bool:
    """Say whether kmalloc() gives `size` bytes as a block of pages (KMALLOC_MAX_CACHE_SIZE).

    A debugged cache's objects are larger than that as well, but no power of two.
    """
    return size <= 0 or (size > 2 * page_size and size & (size - 1) == 0)


def _join_by_slab(
    op: Column,
    where: Column,
    what: Column,
    base: int,
    shift: int,
    orders: list[int],
    groups: _Groups,
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


def _join_by_name(stream: SlabStream, groups: _Groups) -> dict[int, Counter[int]]:
    """Join keys of one size whose objects are freed under one name; return names by key."""
    frees = bulk.places(stream.op, FREE)
    made = bulk.pick(bulk.partners(stream.op, stream.where), frees)
    keys, named = bulk.pick(stream.what, made), bulk.pick(stream.what, frees)
    _, firsts, counts = bulk.number([keys, named])
    names: dict[int, Counter[int]] = {}
    for row, count in zip(firsts, counts, strict=True):
        key, name = keys[row], named[row]
        if key != ABSENT and name >= 0:
            names.setdefault(key, Counter())[name] = count
    first: dict[tuple[int, int], int] = {}
    for key, seen in names.items():
        name, count = seen.most_common(1)[0]
        if count > 1:
            groups.join(first.setdefault((name, stream.keys[key].size), key), key)
    return names


def _collect(
    stream: SlabStream, orders: list[int], shapes: dict[int, Geometry], groups: _Groups
) -> tuple[list[CacheFacts], list[int]]:
    numbers: dict[int, int] = {}
    caches: list[CacheFacts] = []
    cache_of = []
    for number, key in enumerate(stream.keys):
        root = groups.find(number)
        if orders[number] < 0:
            cache_of.append(-1)
            continue
        if root not in numbers:
            numbers[root] = len(caches)
            caches.append(CacheFacts(len(caches), shapes[key.size]))
        cache_of.append(numbers[root])
        caches[numbers[root]].keys.append(number)
    return caches, cache_of


def _learn_offsets(
    stream: SlabStream, linear: LinearMap, caches: list[CacheFacts], cache_of: list[int]
) -> None:
    """Find where in its place an object starts: behind the left red zone, if there is one."""
    shapes = [cache.geometry for cache in caches]
    spans = [shape.pages << linear.page_shift for shape in shapes]
    sizes = [shape.size for shape in shapes]
    op, where, what = stream.op, stream.where, stream.what
    found = _count_offsets(op, where, what, linear.base, cache_of, spans, sizes)
    for cache, offsets in zip(caches, found, strict=True):
        cache.offset = max(offsets, key=offsets.__getitem__, default=0)


def _count_offsets(
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
