"""Which requests go to one cache, and what that cache looks like.

Events of most kernels do not name the cache of an allocation, and merged caches share theirs.  But
two requests whose objects lie on one slab went to one cache, so the slabs tell them apart.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tracekit.events import bulk
from tracekit.events.table import ABSENT
from tracekit.mm.slub_geometry import Geometry, OrderRules, geometry
from tracekit.replay.slub.layout import LinearMap
from tracekit.replay.slub.scans import Groups, count_offsets, join_by_slab
from tracekit.replay.slub.stream import FREE, SlabStream

__all__ = ["CacheFacts", "Identity", "identify_caches"]


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
    groups = Groups(len(stream.keys))
    old_pages = join_by_slab(
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


def _join_by_name(stream: SlabStream, groups: Groups) -> dict[int, Counter[int]]:
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
    stream: SlabStream, orders: list[int], shapes: dict[int, Geometry], groups: Groups
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
    found = count_offsets(op, where, what, linear.base, cache_of, spans, sizes)
    for cache, offsets in zip(caches, found, strict=True):
        cache.offset = max(offsets, key=offsets.__getitem__, default=0)
