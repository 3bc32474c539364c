"""The slab and page events of a trace as plain columns, in the order of the trace.

Everything is a number, so that a compiled loop can read the same columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tracekit.events.base import Source
from tracekit.events.table import ABSENT, ADDRESS, Table, Trace
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


@dataclass(frozen=True, slots=True)
class Key:
    """What an event shows of the cache: requests with equal keys go to one cache.

    `kmalloc` with `size` (bytes_alloc) and `kind` ("", "rcl", "cg", "dma", or a bucket's name), or
    a cache by `name`, or by who asks (`caller`) for how many bytes.
    """

    kmalloc: bool
    size: int
    kind: str = ""
    name: str = ""
    caller: str = ""


@dataclass(slots=True)
class SlabStream:
    """Columns of equal length.

    `op` is ALLOC, FREE, PAGE_ALLOC, PAGE_FREE or BLIND (events were off before it); `index` the
    event's place in the trace; `where` a pointer or a pfn; `what` the number of the key in `keys`
    for ALLOC, of the cache's name in `names` for FREE (-1: not shown), the order for page events;
    `node` the node asked for, -1 for any; `asked` the bytes asked for.  `hidden` counts events
    without a readable pointer, `nulls` frees of NULL.  `flushes` are places in the trace where the
    sheaf of a cache was freed that was emptied to its slabs.
    """

    trace: Trace
    op: list[int] = field(default_factory=list)
    index: list[int] = field(default_factory=list)
    cpu: list[int] = field(default_factory=list)
    where: list[int] = field(default_factory=list)
    what: list[int] = field(default_factory=list)
    node: list[int] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    hidden: dict[str, int] = field(default_factory=dict)
    nulls: int = 0
    flushes: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.op)

    def source(self, row: int) -> Source:
        """Return where the event of a row stands."""
        trace, index = self.trace, self.index[row]
        time = None if trace.counting_clock else trace["time"][index] / 1e9
        return Source(trace.path, trace["line"][index], time)


Row = tuple[int, int, int, int, int, int, int]


def read_stream(trace: Trace, buckets: bool = False) -> SlabStream:
    """Return the slab and page events of a trace.

    `buckets`: the kernel keeps what users fill apart (CONFIG_SLAB_BUCKETS).
    """
    stream = SlabStream(trace)
    rows: list[Row] = []
    for name in _ALLOCS:
        rows += _allocs(stream, trace.table(name), name.startswith("kmalloc"), buckets)
    for name in _FREES:
        rows += _frees(stream, trace.table(name))
    for name, op in _PAGES.items():
        rows += _pages(trace, trace.table(name), op)
    stream.flushes = _flushes(trace)
    blind = {*switch_ons(trace), *(gap.last for gap in trace.gaps if gap.first >= 0)}
    rows += [(index, BLIND, 0, 0, 0, -1, 0) for index in blind]
    rows.sort()
    columns = (stream.index, stream.op, stream.cpu, stream.where, stream.what)
    for position, column in enumerate((*columns, stream.node, stream.asked)):
        column.extend([row[position] for row in rows])
    return stream


def _column(table: Table, name: str, default: int) -> list[int]:
    if name not in table:
        return [default] * len(table)
    return [default if value == ABSENT else value for value in table[name]]


def _cpus(trace: Trace, table: Table) -> list[int]:
    cpus = trace["cpu"]
    return [0 if cpus[index] == ABSENT else cpus[index] for index in table.index]


def _allocs(stream: SlabStream, table: Table, kmalloc: bool, buckets: bool) -> Iterator[Row]:
    if not len(table):
        return
    trace = stream.trace
    known: dict[tuple[int, ...], int] = {}
    interned = {key: number for number, key in enumerate(stream.keys)}
    names = ("call_site", "bytes_alloc", "bytes_req", "gfp_flags", "name")
    shown = zip(*(_column(table, name, ABSENT) for name in names), strict=True)
    nodes, pointers = _column(table, "node", -1), _column(table, "ptr", ABSENT)
    for index, cpu, facts, node, pointer in zip(
        table.index, _cpus(trace, table), shown, nodes, pointers, strict=True
    ):
        if pointer in (ABSENT, 0):
            why = HIDDEN_ALLOC if pointer == ABSENT else FAILED
            stream.hidden[why] = stream.hidden.get(why, 0) + 1
            continue
        number = known.get(facts)
        if number is None:
            key = _key(trace, facts, kmalloc, buckets)
            number = known[facts] = interned.setdefault(key, len(interned))
            if number == len(stream.keys):
                stream.keys.append(key)
        yield index, ALLOC, cpu, pointer & ADDRESS, number, node, facts[2]


# Requests that go to buckets of their own (kmem_buckets_create, 6.11 and later): messages by the
# function that asks; copies from user space by their flags, since they print their caller's caller.
_BUCKET_CALLERS = ("alloc_msg", "load_msg")
_BUCKET_FLAGS = {"GFP_USER|__GFP_NOWARN": "memdup_user"}


def _key(trace: Trace, facts: tuple[int, ...], kmalloc: bool, buckets: bool) -> Key:
    site, size, asked, gfp, name = facts
    caller = trace.text(site)
    if kmalloc:
        function, flags = caller.partition("+")[0].removesuffix("_noprof"), trace.text(gfp)
        kind = kmalloc_kind(flags)
        if buckets:
            kind = function if function in _BUCKET_CALLERS else _BUCKET_FLAGS.get(flags, kind)
        return Key(True, size, kind)
    if name != ABSENT:
        return Key(False, size, name=trace.text(name))
    return Key(False, size, f"{asked}", caller=caller)


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


def _flushes(trace: Trace) -> list[int]:
    table = trace.table("kfree")
    if "call_site" not in table:
        return []
    sites = table["call_site"]
    flushers = {site for site in set(sites) if trace.text(site).startswith(_FLUSHERS)}
    if not flushers:
        return []
    return [index for index, site in zip(table.index, sites, strict=True) if site in flushers]


def _frees(stream: SlabStream, table: Table) -> Iterator[Row]:
    if not len(table):
        return
    trace = stream.trace
    numbers: dict[int, int] = {ABSENT: -1}
    for index, cpu, pointer, name in zip(
        table.index,
        _cpus(trace, table),
        _column(table, "ptr", ABSENT),
        _column(table, "name", ABSENT),
        strict=True,
    ):
        if pointer == 0:
            stream.nulls += 1
            continue
        if pointer == ABSENT:
            stream.hidden[HIDDEN_FREE] = stream.hidden.get(HIDDEN_FREE, 0) + 1
            continue
        if name not in numbers:
            text = trace.text(name)
            if text not in stream.names:
                stream.names.append(text)
            numbers[name] = stream.names.index(text)
        yield index, FREE, cpu, pointer & ADDRESS, numbers[name], -1, 0


def _pages(trace: Trace, table: Table, op: int) -> Iterator[Row]:
    if not len(table):
        return
    pfns, orders = _column(table, "pfn", -1), _column(table, "order", 0)
    for index, cpu, pfn, order in zip(table.index, _cpus(trace, table), pfns, orders, strict=True):
        if 0 <= pfn < _MAX_PFN:
            yield index, op, cpu, pfn, order, -1, 0
