"""From the tables of a trace to the rows that the page allocator's twin reads."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable

from tracekit.events import bulk
from tracekit.events.gaps import begin_of
from tracekit.events.table import Column, Trace
from tracekit.replay.page_alloc.stream import (
    ALLOC,
    BLIND,
    EXTFRAG,
    FREE,
    FREE_BATCHED,
    MARKER,
    NO_PFN,
    PCPU_DRAIN,
    REPEATED,
    VFREE,
    VMALLOC,
    ZONE_LOCKED,
    Stream,
    interrupt_context,
    preempt_depth,
)

# columns of equal length: index, kind, pfn, order, migrate type, extra
Part = tuple[Column, Column, Column, Column, Column, Column]

# event -> row kind, and the fields that hold pfn, order, migrate type and the extra value
_PAGE_EVENTS = {
    "mm_page_alloc": (ALLOC, "pfn", "order", "migratetype", "gfp_flags"),
    "mm_page_free": (FREE, "pfn", "order", "", ""),
    "mm_page_free_direct": (FREE, "pfn", "order", "", ""),
    "mm_page_free_batched": (FREE_BATCHED, "pfn", "order", "", ""),
    "mm_pagevec_free": (FREE_BATCHED, "pfn", "order", "", ""),
    "mm_page_alloc_zone_locked": (ZONE_LOCKED, "pfn", "order", "migratetype", "percpu_refill"),
    "mm_page_pcpu_drain": (PCPU_DRAIN, "pfn", "order", "migratetype", ""),
    "mm_page_alloc_extfrag": (EXTFRAG, "pfn", "alloc_order", "alloc_migratetype", ""),
}
_ALLOCATING = ("kmalloc", "kmalloc_node")
_VMALLOC_SITES = ("__vmalloc_node_range", "__vmalloc_area_node")
_VFREE_SITES = ("vfree", "kvfree", "__vunmap")
_ENABLING_SITES = ("tracepoint_add_func",)
_BURST = 100
_MAX_PFN = 1 << 52


def read_rows(trace: Trace, pointer_size: int) -> Stream:
    """Return the page events of a trace, in its order; ``pointer_size`` is in bytes."""
    stream = Stream(file=trace.path)
    # what comes before an event stands first
    parts = [_blind_part(trace), _marker_part(trace, stream)]
    parts += [_page_part(trace, stream, name) for name in _PAGE_EVENTS if len(trace.table(name))]
    parts += _vmalloc_parts(trace, pointer_size)
    order = bulk.interleave([part[0] for part in parts])
    index, *columns = (bulk.pick(bulk.chain(column), order) for column in zip(*parts, strict=True))
    stream.event = array("q", index.tobytes())
    stream.kind, stream.pfn, stream.order, stream.migratetype, stream.extra = (
        column.tolist() for column in columns
    )
    if len(trace):
        last = len(trace) - 1
        beyond = len(index) - bisect_left(index, last)
        _common(
            trace, stream, bulk.chain([index[: len(index) - beyond], bulk.repeat(last, beyond)])
        )
    if len(trace.table("mm_pagevec_free")):
        settle_old_frees(stream)
    return stream


def settle_old_frees(stream: Stream) -> None:
    """Make one FREE row of every free of a kernel up to v2.6.34.

    mm_pagevec_free is the only line of its pages there, and __free_pages() of a single page
    logs mm_page_free_direct as well as free_hot_page(), which it calls.
    """
    kind, pages = stream.kind, stream.pfn
    batched = list(stream.rows(FREE_BATCHED))
    if any(_same_free(stream, row, row + 1) for row in batched):
        return
    for row in batched:
        kind[row] = FREE
    for row in range(1, len(kind)):
        if pages[row] == pages[row - 1] and _same_free(stream, row - 1, row):
            kind[row] = REPEATED


def _same_free(stream: Stream, row: int, following: int) -> bool:
    """Return whether the row behind a line about a single page is its free by the same task."""
    if following >= len(stream) or stream.kind[following] != FREE or stream.order[following]:
        return False
    columns = (stream.pfn, stream.cpu, stream.pid, stream.context)
    freeing = stream.kind[row] in (FREE, FREE_BATCHED)
    return freeing and all(column[row] == column[following] for column in columns)


def _column(values: Iterable[int]) -> Column:
    return memoryview(array("q", values))


def _field(trace: Trace, event: str, field: str, default: int) -> Column:
    table = trace.table(event)
    if not field or field not in table:
        return bulk.repeat(default, len(table))
    return bulk.fill(table[field], default)


def _page_part(trace: Trace, stream: Stream, event: str) -> Part:
    kind, pfn_field, order_field, type_field, extra_field = _PAGE_EVENTS[event]
    index = trace.table(event).index
    pfn = _field(trace, event, pfn_field, NO_PFN)
    order = _field(trace, event, order_field, 0)
    migratetype = _field(trace, event, type_field, 0)
    extra = _field(trace, event, extra_field, 0)
    if kind == ALLOC:
        if len(bulk.within(pfn, 1, _MAX_PFN - 1)) < len(pfn):
            pfn = _column(page if 0 < page < _MAX_PFN else NO_PFN for page in pfn)
        extra = _number_gfps(trace, stream, extra)
    elif kind == EXTFRAG:
        extra = _pack_fallback(trace, event)
    return index, bulk.repeat(kind, len(index)), pfn, order, migratetype, extra


def _pack_fallback(trace: Trace, event: str) -> Column:
    fields = ("fallback_order", "fallback_migratetype", "change_ownership")
    rows = zip(*(_field(trace, event, field, 0) for field in fields), strict=True)
    return _column(order << 8 | kind << 1 | (owned == 1) for order, kind, owned in rows)


def _sites(trace: Trace, names: tuple[str, ...]) -> list[int]:
    """Return the text ids of call sites within the named functions."""
    return [
        number
        for number, text in enumerate(trace.texts)
        if text.startswith(names)
        and text.partition("+")[0].partition(".")[0].removesuffix("_noprof") in names
    ]


def _at_sites(column: Column, sites: Iterable[int]) -> Column:
    """Return the rows, in order, whose call site is one of the text ids."""
    return _column(sorted(row for site in sites for row in bulk.places(column, site)))


def _vmalloc_parts(trace: Trace, pointer_size: int) -> list[Part]:
    parts = []
    arrays = _sites(trace, _VMALLOC_SITES)
    for event in _ALLOCATING:
        table = trace.table(event)
        if len(table) and "call_site" in table:
            rows = _at_sites(table["call_site"], arrays)
            sizes = bulk.pick(_field(trace, event, "bytes_req", 0), rows)
            pages = _column(size // pointer_size for size in sizes)
            node = bulk.pick(_field(trace, event, "node", -1), rows)
            parts.append(_part(bulk.pick(table.index, rows), VMALLOC, pages, node))
    table = trace.table("kfree")
    if len(table) and "call_site" in table:
        rows = _at_sites(table["call_site"], _sites(trace, _VFREE_SITES))
        zeros = bulk.repeat(0, len(rows))
        parts.append(_part(bulk.pick(table.index, rows), VFREE, zeros, zeros))
    return parts


def _blind_part(trace: Trace) -> Part:
    index = _column(blind_indexes(trace))
    zeros = bulk.repeat(0, len(index))
    return _part(index, BLIND, zeros, zeros)


def blind_indexes(trace: Trace) -> list[int]:
    """Return the events before which others were switched on again: none were logged just then.

    Enabling an event allocates its list of callbacks, which is logged as soon as kmalloc
    itself is enabled. The first burst of these opens the trace; event_trace_enable_again()
    of the early initcalls switches all events off and on, and makes the second.
    """
    bursts = _enabling_bursts(trace)
    return [begin_of(trace, first) for first, _ in bursts if first > _BURST]


def switch_ons(trace: Trace) -> list[int]:
    """Return where events were switched on, one after the other: from there and up to there."""
    bursts = _enabling_bursts(trace)
    return sorted({index for first, last in bursts for index in (begin_of(trace, first), last + 1)})


def _enabling_bursts(trace: Trace) -> list[tuple[int, int]]:
    """Return the first and last event of each burst of enabling."""
    table = trace.table("kmalloc")
    if not len(table) or "call_site" not in table:
        return []
    sites = table["call_site"]
    enabling = _sites(trace, _ENABLING_SITES) or _first_bare_site(trace, sites)
    rows = _at_sites(sites, enabling)
    bursts: list[tuple[int, int]] = []
    for event in bulk.pick(table.index, rows):
        if bursts and event - bursts[-1][1] <= _BURST:
            bursts[-1] = (bursts[-1][0], event)
        else:
            bursts.append((event, event))
    return bursts


def _first_bare_site(trace: Trace, sites: Column) -> list[int]:
    """Return who made the first allocation of the trace, if call sites print as numbers.

    The first thing that is logged once kmalloc is enabled is the enabling of the next event.
    """
    first = sites[0]
    return [] if "+" in trace.text(first) else [first]


def _part(index: Column, kind: int, pfn: Column, extra: Column) -> Part:
    zeros = bulk.repeat(0, len(index))
    return index, bulk.repeat(kind, len(index)), pfn, zeros, zeros, extra


def _marker_part(trace: Trace, stream: Stream) -> Part:
    stream.labels = [marker.text for marker in trace.markers]
    index = _column(marker.index for marker in trace.markers)
    return _part(index, MARKER, bulk.repeat(0, len(index)), _column(range(len(index))))


def _number_gfps(trace: Trace, stream: Stream, masks: Column) -> Column:
    """Return the numbers in the stream of gfp masks that are given as ids of texts."""
    texts = sorted(set(masks))
    stream.gfps = [trace.text(text) for text in texts]
    numbers = {text: number for number, text in enumerate(texts)}
    return _column(map(numbers.__getitem__, masks))


def _common(trace: Trace, stream: Stream, index: Column) -> None:
    """Fill the columns that every event has; many events have the same beginning of a line."""
    stream.line = array("q", bulk.pick(trace["line"], index).tobytes())
    stream.time = array("q", bulk.fill(bulk.pick(trace["time"], index), 0).tobytes())
    prefix = bulk.pick(trace["prefix"], index)
    cpu = bulk.fill(trace.prefix("cpu"), 0)
    pid = bulk.fill(trace.prefix("pid"), 0)
    flags = [trace.text(text) for text in trace.prefix("flags")]
    stream.cpu = _by_prefix(prefix, cpu)
    stream.pid = _by_prefix(prefix, (p or -c for p, c in zip(pid, cpu, strict=True)))
    stream.context = _by_prefix(prefix, map(interrupt_context, flags))
    stream.depth = _by_prefix(prefix, map(preempt_depth, flags))
    _forget_uncounted(stream)
    tasks = [trace.text(text) for text in trace.prefix("comm")]
    begun = {number for number, comm in enumerate(tasks) if comm.startswith("pgdatinit")}
    if begun:
        stream.deferred = {row for row, number in enumerate(prefix) if number in begun}


def _by_prefix(prefix: Column, values: Iterable[int]) -> list[int]:
    found: list[int] = bulk.pick(_column(values), prefix).tolist()
    return found


def _forget_uncounted(stream: Stream) -> None:
    """Set all depths to -1 where the kernel does not count preemption (CONFIG_PREEMPT_COUNT).

    A block leaves the free lists under a spinlock: a depth of 0 there says so.
    """
    locked = (d for d, kind in zip(stream.depth, stream.kind, strict=True) if kind == ZONE_LOCKED)
    if not any(depth > 0 for depth in locked):
        stream.depth = [-1] * len(stream)
