"""What slab and percpu hold when a boot was captured: caches, and the call sites behind them.

Caches come from /proc/slabinfo, call sites from the trace. What they hold was in use at one
moment and moves from boot to boot (``Change.state``); which caches there are and the shape of
their slabs is settled when they are created. Names are made canonical first: a
call site is its function, with the offset where both boots run one build; the random copies of
the kmalloc caches (CONFIG_RANDOM_KMALLOC_CACHES picks one by a seed of each boot) count as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tracekit.boot import Boot
from tracekit.compare.change import Change
from tracekit.compare.side import Side, identity
from tracekit.events import bulk
from tracekit.events.lifetimes import PERCPU, SLAB, Family, Lifetimes, nothing
from tracekit.observed.slabinfo import SlabinfoRow, parse_slabinfo

RANDOM_COPY = re.compile(r"^kmalloc-rnd-\d+-")
OFFSET = re.compile(r"\+0x[0-9a-f]+/0x[0-9a-f]+")
# What a compiler appends to a function that it split or specialised.
CLONE = re.compile(r"\.(?:part|isra|constprop|cold)\.?\d*")
GONE = "(code that is gone, or a hidden address)"


@dataclass(slots=True)
class Held:
    """What one cache or call site holds at the end: bytes, and objects (or allocations)."""

    bytes: int = 0
    count: int = 0


def cache_changes(a: Side, b: Side) -> Iterator[Change]:
    """Yield slab caches by the bytes of their slabs, where both boots have slabinfo."""
    one, two = _caches(a.boot), _caches(b.boot)
    if one and two:
        yield from _changes("slab", "cache", one, two, "active objects")


def shape_changes(a: Side, b: Side) -> Iterator[Change]:
    """Yield slab caches that one boot lacks, or whose slabs have another shape, in words.

    The shape is settled when a cache is created (mm/slub.c:calculate_sizes, to v6.12
    kmem_cache_open) by the size of its objects, the page size and the options.
    """
    one, two = _shapes(a.boot), _shapes(b.boot)
    if one and two:
        for name in sorted(one.keys() | two.keys()):
            if one.get(name) != two.get(name):
                sides = one.get(name), two.get(name)
                yield Change("slab", "shape", name, *sides, is_bytes=False)


def _shapes(boot: Boot) -> dict[str, str]:
    return {
        _cache(row.name): f"{row.size} bytes, {row.objects_per_slab} in {row.pages_per_slab} pages"
        for row in _rows(boot)
    }


def _rows(boot: Boot) -> list[SlabinfoRow]:
    return parse_slabinfo(boot.capture.read_text("proc/slabinfo") or "")


def _cache(name: str) -> str:
    return RANDOM_COPY.sub("kmalloc-rnd-*-", name)


def call_changes(a: Side, b: Side) -> Iterator[Change]:
    """Yield call sites by the bytes that live at the end, where both boots have a trace."""
    if a.boot.trace is None or b.boot.trace is None:
        return
    whole = _one_build(a, b)
    for name, family, size in (("slab", SLAB, "bytes_alloc"), ("percpu", PERCPU, "bytes_alloc")):
        one, two = _calls(a.boot, family, size, whole), _calls(b.boot, family, size, whole)
        if one and two:
            yield from _changes("calls", name, one, two, "allocations")


def _one_build(a: Side, b: Side) -> bool:
    one, two = identity(a), identity(b)
    return one["kernel"] == two["kernel"] and one["build"] == two["build"]


def _changes(
    area: str, kind: str, one: dict[str, Held], two: dict[str, Held], counted: str
) -> Iterator[Change]:
    for name in one.keys() | two.keys():
        old, new = one.get(name), two.get(name)
        if old == new:
            continue
        counts = " -> ".join(str(side.count) if side else "-" for side in (old, new))
        sizes = (old.bytes if old else None), (new.bytes if new else None)
        yield Change(area, kind, name, *sizes, note=f"{counted} {counts}", state=True)


def _caches(boot: Boot) -> dict[str, Held]:
    """Return the caches with the bytes of all their slabs and the objects in use."""
    page = boot.kernel.page_size or 4096
    found: dict[str, Held] = {}
    for row in _rows(boot):
        held = found.setdefault(_cache(row.name), Held())
        held.bytes += row.slabs * row.pages_per_slab * page
        held.count += row.active_objects
    return found


def _calls(boot: Boot, family: Family, size: str, whole: bool) -> dict[str, Held]:
    """Return the call sites with the bytes that live at the end and how often each allocated."""
    trace = boot.trace
    if trace is None:
        return {}
    lives = Lifetimes(trace, family)
    found: dict[str, Held] = {}
    for table in lives.makes:
        sizes, moves = table.column(size), nothing(len(table))
        sites = bulk.tally([table.column("call_site")], sizes, sizes, moves, lives.fates(table))
        for (site,), (hits, *_, living) in sites.items():
            held = found.setdefault(call_site(trace.text(site), whole), Held())
            held.count += hits
            held.bytes += living
    return found


def call_site(name: str, whole: bool) -> str:
    """Return a call site in canonical form; ``whole`` keeps the offset into the function."""
    if not name or name.startswith("0x"):
        return GONE
    return name if whole else CLONE.sub("", OFFSET.sub("", name))
