"""The slab and page events of a trace as plain columns, in the order of the trace.

Everything is a number, so that a compiled loop can read the same columns.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TypeVar

from tracekit.events import bulk
from tracekit.events.base import Source
from tracekit.events.table import ABSENT, ADDRESS, Column, Table, Trace
from tracekit.replay.page_alloc.reader import switch_ons

__all__ = [
    "ALLOC",
    "BLIND",
    "FREE",
    "HIDDEN_FREE",
    "PAGE_ALLOC",
    "PAGE_FREE",
    "Key",
    "SlabStream",
    "read_stream",
]

HIDDEN_ALLOC, HIDDEN_FREE = "hidden pointer", "hidden pointer freed"
FAILED = "the allocation failed"

# What comes first of one index sorts first.
BLIND, ALLOC, FREE, PAGE_ALLOC, PAGE_FREE = range(5)

_ALLOCS = ("kmalloc", "kmalloc_node", "kmem_cache_alloc", "kmem_cache_alloc_node")
_FREES = ("kfree", "kmem_cache_free")
_PAGES = {
    "mm_page_alloc": PAGE_ALLOC,
    "mm_page_free": PAGE_FREE,
    "mm_page_free_direct": PAGE_FREE,
}
_MAX_PFN = 1 << 52
_FACTS = ("call_site", "bytes_alloc", "bytes_req", "gfp_flags", "name")

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Key:
    """What an event shows of the cache: requests with equal keys go to one cache.

    `kmalloc` with `size` (bytes_alloc) and `kind` ("", "rcl", "cg", "dma", or a bucket's name), or
    a cache by `name`, or by who asks (`caller`) for how many bytes.  With slab debugging, which
    makes kmalloc's objects larger, `step` is the size that gives the cache its name, else 0.
    """

    kmalloc: bool
    size: int
    kind: str = ""
    name: str = ""
    caller: str = ""
    step: int = 0


_NONE = memoryview(b"").cast("q")


@dataclass(slots=True)
class SlabStream:
    """Columns of equal length.

    `op` is ALLOC, FREE, PAGE_ALLOC, PAGE_FREE or BLIND (events were off before it); `index` the
    event's place in the trace; `where` a pointer (as 64 signed bits, see pointer()) or a pfn;
    `what` the number of the key in `keys` for ALLOC, of the cache's name in `names` for FREE (-1:
    not shown), the order for page events; `node` the node asked for, -1 for any; `asked` the bytes
    asked for.  There are `allocs` and `frees`; `hidden` counts events without a readable pointer,
    `nulls` frees of NULL.  `flushes` are places in the trace where the sheaf of a cache was freed
    that was emptied to its slabs.
    """

    trace: Trace
    index: Column = _NONE
    op: Column = _NONE
    cpu: Column = _NONE
    where: Column = _NONE
    what: Column = _NONE
    node: Column = _NONE
    asked: Column = _NONE
    keys: list[Key] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    hidden: dict[str, int] = field(default_factory=dict)
    allocs: int = 0
    frees: int = 0
    nulls: int = 0
    flushes: Column = _NONE

    def __len__(self) -> int:
        return len(self.op)

    def pointer(self, row: int) -> int:
        """Return the address of the object of a row."""
        return self.where[row] & ADDRESS

    def source(self, row: int) -> Source:
        """Return where the event of a row stands."""
        trace, index = self.trace, self.index[row]
        time = None if trace.counting_clock else trace["time"][index] / 1e9
        return Source(trace.path, trace["line"][index], time)


# Columns of one sort of event: index, op, where, what, node, asked.
Part = tuple[Column, Column, Column, Column, Column, Column]


def read_stream(trace: Trace, buckets: bool = False, debug: bool = False) -> SlabStream:
    """Return the slab and page events of a trace.

    `buckets`: the kernel keeps what users fill apart (CONFIG_SLAB_BUCKETS).  `debug`: slab
    debugging is on for all caches.
    """
    stream = SlabStream(trace)
    parts = [_blind(trace)]
    for name in _ALLOCS:
        kmalloc = name.startswith("kmalloc")
        parts.append(_allocs(stream, trace.table(name), kmalloc, buckets, debug))
    for name in _FREES:
        parts.append(_frees(stream, trace.table(name)))
    for name, op in _PAGES.items():
        parts.append(_pages(trace.table(name), op))
    order = bulk.interleave([part[0] for part in parts])
    columns = [bulk.pick(bulk.chain(column), order) for column in zip(*parts, strict=True)]
    stream.index, stream.op, stream.where, stream.what, stream.node, stream.asked = columns
    stream.cpu = bulk.fill(bulk.pick(trace["cpu"], stream.index), 0)
    stream.flushes = _flushes(trace)
    return stream


def _blind(trace: Trace) -> Part:
    indexes = sorted({*switch_ons(trace), *(gap.last for gap in trace.gaps if gap.first >= 0)})
    nothing = bulk.repeat(0, len(indexes))
    index = memoryview(array("q", indexes))
    return index, bulk.repeat(BLIND, len(index)), nothing, nothing, nothing, nothing


def _shown(table: Table, name: str, rows: Column) -> Column:
    """Return a field at some rows of a table."""
    if name not in table:
        return bulk.repeat(ABSENT, len(rows))
    return bulk.pick(table[name], rows)


def _readable(stream: SlabStream, table: Table, hidden: str) -> tuple[Column, int]:
    """Return the rows that show a pointer and how many show NULL; the others count as hidden."""
    if not len(table):
        return table.index, 0
    pointers = table["ptr"] if "ptr" in table else bulk.repeat(ABSENT, len(table))
    rows, nulls = bulk.known(pointers), len(bulk.places(pointers, 0))
    _add(stream.hidden, hidden, len(table) - len(rows) - nulls)
    return rows, nulls


def _add(counts: dict[str, int], reason: str, count: int) -> None:
    if count:
        counts[reason] = counts.get(reason, 0) + count


def _allocs(stream: SlabStream, table: Table, kmalloc: bool, buckets: bool, debug: bool) -> Part:
    rows, failed = _readable(stream, table, HIDDEN_ALLOC)
    _add(stream.hidden, FAILED, failed)
    stream.allocs += len(rows)
    facts = [_shown(table, name, rows) for name in _FACTS]
    numbers, firsts, _ = bulk.number(facts)
    shown = (tuple(column[first] for column in facts) for first in firsts)
    keys = [_key(stream.trace, values, kmalloc, buckets, debug) for values in shown]
    return (
        bulk.pick(table.index, rows),
        bulk.repeat(ALLOC, len(rows)),
        _shown(table, "ptr", rows),
        bulk.pick(_numbered(keys, stream.keys), numbers),
        bulk.fill(_shown(table, "node", rows), -1),
        facts[_FACTS.index("bytes_req")],
    )


def _numbered(things: list[Thing], known: list[Thing]) -> Column:
    """Return the place of each thing in the list of those that are known, which grows."""
    places = {thing: place for place, thing in enumerate(known)}
    found = array("q", [places.setdefault(thing, len(places)) for thing in things])
    known.extend(list(places)[len(known) :])
    return memoryview(found)


# Requests that go to buckets of their own (kmem_buckets_create, 6.11 and later): messages by the
# function that asks; copies from user space by their flags, since they print their caller's caller.
_BUCKET_CALLERS = {"alloc_msg": "msg_msg", "load_msg": "msg_msg"}
_BUCKET_FLAGS = {"GFP_USER|__GFP_NOWARN": "memdup_user"}


def _key(trace: Trace, facts: tuple[int, ...], kmalloc: bool, buckets: bool, debug: bool) -> Key:
    site, size, asked, gfp, name = facts
    caller = trace.text(site)
    if kmalloc:
        function, flags = caller.partition("+")[0].removesuffix("_noprof"), trace.text(gfp)
        kind = kmalloc_kind(flags)
        if buckets:
            kind = _BUCKET_CALLERS.get(function) or _BUCKET_FLAGS.get(flags, kind)
        return Key(True, size, kind, step=kmalloc_size(asked) if debug else 0)
    if name != ABSENT:
        return Key(False, size, name=trace.text(name))
    return Key(False, size, f"{asked}", caller=caller)


def kmalloc_size(asked: int) -> int:
    """Return the object size in bytes of the kmalloc cache that serves `asked` (kmalloc_index)."""
    size = max(1 << (asked - 1).bit_length(), 8)
    between = size * 3 // 4
    return between if between in (96, 192) and asked <= between else size


def kmalloc_kind(gfp: str) -> str:
    """Return which copy of the kmalloc caches a request goes to (kmalloc_type)."""
    flags = gfp.split("|")
    if "GFP_DMA" in flags or "__GFP_DMA" in flags:
        return "dma"
    if "__GFP_RECLAIMABLE" in flags:
        return "rcl"
    accounted = "__GFP_ACCOUNT" in flags or "GFP_KERNEL_ACCOUNT" in flags
    return "cg" if accounted else ""


# Who frees sheaves after a flush: kmem_cache_shrink(), memory and CPU hotplug (mm/slub.c).
_FLUSHERS = ("flush_cpu_sheaves", "pcs_flush_all", "barn_shrink", "__kmem_cache_do_shrink")


def _flushes(trace: Trace) -> Column:
    table = trace.table("kfree")
    if "call_site" not in table:
        return table.index[:0]
    numbers, firsts, _ = bulk.number([table["call_site"]])
    sites = [trace.text(table["call_site"][first]) for first in firsts]
    flushers = [place for place, site in enumerate(sites) if site.startswith(_FLUSHERS)]
    rows = sorted(row for place in flushers for row in bulk.places(numbers, place))
    return bulk.pick(table.index, memoryview(array("q", rows)))


def _frees(stream: SlabStream, table: Table) -> Part:
    rows, nulls = _readable(stream, table, HIDDEN_FREE)
    stream.nulls += nulls
    stream.frees += len(rows)
    nothing = bulk.repeat(0, len(rows))
    return (
        bulk.pick(table.index, rows),
        bulk.repeat(FREE, len(rows)),
        _shown(table, "ptr", rows),
        _names(stream, _shown(table, "name", rows)),
        nothing,
        nothing,
    )


def _names(stream: SlabStream, texts: Column) -> Column:
    numbers, firsts, _ = bulk.number([texts])
    ids = [texts[first] for first in firsts]
    known = _numbered([stream.trace.text(each) for each in ids if each != ABSENT], stream.names)
    places = iter(known)
    return bulk.pick(
        memoryview(array("q", [-1 if each == ABSENT else next(places) for each in ids])), numbers
    )


def _pages(table: Table, op: int) -> Part:
    pfns = table.columns.get("pfn", table.index[:0])
    rows = bulk.within(pfns, 0, _MAX_PFN - 1)
    nothing = bulk.repeat(0, len(rows))
    return (
        bulk.pick(table.index, rows),
        bulk.repeat(op, len(rows)),
        bulk.pick(pfns, rows),
        bulk.fill(_shown(table, "order", rows), 0),
        nothing,
        nothing,
    )
