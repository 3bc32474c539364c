"""From the tables of a trace to the rows that the page allocator's twin reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracekit.events.table import ABSENT, Trace
from tracekit.replay.page_alloc.stream import (
    ALLOC,
    BLIND,
    EXTFRAG,
    FREE,
    FREE_BATCHED,
    MARKER,
    NO_PFN,
    PCPU_DRAIN,
    VFREE,
    VMALLOC,
    ZONE_LOCKED,
    Stream,
    interrupt_context,
    preempt_depth,
)

if TYPE_CHECKING:
    import numpy as np

    Int64s = np.ndarray[Any, np.dtype[np.int64]]

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
    import numpy as np

    stream = Stream(file=trace.path)
    parts = [_page_part(trace, name) for name in _PAGE_EVENTS if len(trace.table(name))]
    parts += _vmalloc_parts(trace, pointer_size)
    parts += _blind_parts(trace)
    parts += [_marker_part(trace, stream)]
    index, kind, pfn, order, migratetype, extra = (
        np.concatenate([part[column] for part in parts]) for column in range(6)
    )
    sequence = np.lexsort(((kind != MARKER) & (kind != BLIND), index))
    stream.event = index[sequence].tolist()
    stream.kind = kind[sequence].tolist()
    stream.pfn = pfn[sequence].tolist()
    stream.order = order[sequence].tolist()
    stream.migratetype = migratetype[sequence].tolist()
    extra = extra[sequence]
    _number_gfps(trace, stream, extra)
    stream.extra = extra.tolist()
    _common(trace, stream, np.minimum(index[sequence], max(len(trace) - 1, 0)))
    return stream


def _array(column: memoryview) -> Int64s:
    import numpy as np

    return np.frombuffer(column, dtype=np.int64)


def _field(trace: Trace, event: str, field: str, default: int) -> Int64s:
    import numpy as np

    table = trace.table(event)
    if not field or field not in table:
        return np.full(len(table), default, dtype=np.int64)
    values = _array(table[field])
    return np.where(values == ABSENT, default, values)


def _page_part(trace: Trace, event: str) -> tuple[Int64s, ...]:
    import numpy as np

    kind, pfn_field, order_field, type_field, extra_field = _PAGE_EVENTS[event]
    index = _array(trace.table(event).index)
    pfn = _field(trace, event, pfn_field, NO_PFN)
    if kind == ALLOC:
        pfn = np.where((pfn <= 0) | (pfn >= _MAX_PFN), NO_PFN, pfn)
    order = _field(trace, event, order_field, 0)
    migratetype = _field(trace, event, type_field, 0)
    extra = _field(trace, event, extra_field, 0)
    if kind == EXTFRAG:
        extra = _pack_fallback(trace, event)
    return index, np.full(len(index), kind, dtype=np.int64), pfn, order, migratetype, extra


def _pack_fallback(trace: Trace, event: str) -> Int64s:
    order = _field(trace, event, "fallback_order", 0)
    migratetype = _field(trace, event, "fallback_migratetype", 0)
    owned = _field(trace, event, "change_ownership", 0)
    packed: Int64s = order << 8 | migratetype << 1 | (owned == 1)
    return packed


def _sites(trace: Trace, names: tuple[str, ...]) -> list[int]:
    """Return the text ids of call sites within the named functions."""
    return [
        number
        for number, text in enumerate(trace.texts)
        if text.partition("+")[0].partition(".")[0].removesuffix("_noprof") in names
    ]


def _vmalloc_parts(trace: Trace, pointer_size: int) -> list[tuple[Int64s, ...]]:
    import numpy as np

    parts = []
    arrays = _sites(trace, _VMALLOC_SITES)
    for event in _ALLOCATING:
        table = trace.table(event)
        if len(table) and "call_site" in table:
            chosen = np.isin(_array(table["call_site"]), arrays)
            pages = _field(trace, event, "bytes_req", 0)[chosen] // pointer_size
            node = _field(trace, event, "node", -1)[chosen]
            parts.append(_part(_array(table.index)[chosen], VMALLOC, pages, node))
    table = trace.table("kfree")
    if len(table) and "call_site" in table:
        chosen = np.isin(_array(table["call_site"]), _sites(trace, _VFREE_SITES))
        index = _array(table.index)[chosen]
        parts.append(_part(index, VFREE, np.zeros_like(index), np.zeros_like(index)))
    return parts


def _blind_parts(trace: Trace) -> list[tuple[Int64s, ...]]:
    import numpy as np

    index = np.array(blind_indexes(trace), dtype=np.int64)
    return [_part(index, BLIND, np.zeros_like(index), np.zeros_like(index))]


def blind_indexes(trace: Trace) -> list[int]:
    """Return the events before which others were switched on again: none were logged just then.

    Enabling an event allocates its list of callbacks, which is logged as soon as kmalloc
    itself is enabled. The first burst of these opens the trace; event_trace_enable_again()
    of the early initcalls switches all events off and on, and makes the second.
    """
    bursts = _enabling_bursts(trace)
    return [first for first, _ in bursts if first > _BURST]


def switch_ons(trace: Trace) -> list[int]:
    """Return where events were switched on, one after the other: from there and up to there."""
    bursts = _enabling_bursts(trace)
    return sorted({index for first, last in bursts for index in (first, last + 1)})


def _enabling_bursts(trace: Trace) -> list[tuple[int, int]]:
    """Return the first and last event of each burst of enabling."""
    import numpy as np

    table = trace.table("kmalloc")
    if not len(table) or "call_site" not in table:
        return []
    index = _array(table.index)
    sites = _array(table["call_site"])
    index = index[np.isin(sites, _sites(trace, _ENABLING_SITES) or _first_bare_site(trace, sites))]
    bursts: list[tuple[int, int]] = []
    for event in index.tolist():
        if bursts and event - bursts[-1][1] <= _BURST:
            bursts[-1] = (bursts[-1][0], event)
        else:
            bursts.append((event, event))
    return bursts


def _first_bare_site(trace: Trace, sites: Int64s) -> list[int]:
    """Return who made the first allocation of the trace, if call sites print as numbers.

    The first thing that is logged once kmalloc is enabled is the enabling of the next event.
    """
    first = int(sites[0])
    return [] if "+" in trace.text(first) else [first]


def _part(index: Int64s, kind: int, pfn: Int64s, extra: Int64s) -> tuple[Int64s, ...]:
    import numpy as np

    zeros = np.zeros_like(index)
    return index, np.full_like(index, kind), pfn, zeros, zeros, extra


def _marker_part(trace: Trace, stream: Stream) -> tuple[Int64s, ...]:
    import numpy as np

    stream.labels = [marker.text for marker in trace.markers]
    index = np.array([marker.index for marker in trace.markers], dtype=np.int64)
    return _part(index, MARKER, np.zeros_like(index), np.arange(len(index), dtype=np.int64))


def _number_gfps(trace: Trace, stream: Stream, extra: Int64s) -> None:
    """Replace the text ids of gfp masks by their numbers in the stream."""
    import numpy as np

    chosen = np.array(stream.kind, dtype=np.int64) == ALLOC
    texts, numbers = np.unique(extra[chosen], return_inverse=True)
    extra[chosen] = numbers
    stream.gfps = [trace.text(int(text)) for text in texts]


def _common(trace: Trace, stream: Stream, index: Int64s) -> None:
    """Fill the columns that every event has."""
    import numpy as np

    if not len(trace):
        return
    common = {name: _array(trace[name])[index] for name in ("line", "time", "cpu", "pid")}
    cpu = np.where(common["cpu"] == ABSENT, 0, common["cpu"])
    pid = np.where(common["pid"] == ABSENT, 0, common["pid"])
    stream.line = common["line"].tolist()
    stream.time = np.where(common["time"] == ABSENT, 0, common["time"]).tolist()
    stream.cpu = cpu.tolist()
    stream.pid = np.where(pid == 0, -cpu, pid).tolist()
    flags = _array(trace["flags"])[index]
    stream.context = _by_text(trace, flags, interrupt_context)
    stream.depth = _by_text(trace, flags, preempt_depth)
    _forget_uncounted(stream)
    comm = _array(trace["comm"])[index]
    initialising = [i for i in set(comm.tolist()) if trace.text(i).startswith("pgdatinit")]
    stream.deferred = set(np.flatnonzero(np.isin(comm, initialising)).tolist())


def _forget_uncounted(stream: Stream) -> None:
    """Set all depths to -1 where the kernel does not count preemption (CONFIG_PREEMPT_COUNT).

    A block leaves the free lists under a spinlock: a depth of 0 there says so.
    """
    locked = (d for d, kind in zip(stream.depth, stream.kind, strict=True) if kind == ZONE_LOCKED)
    if not any(depth > 0 for depth in locked):
        stream.depth = [-1] * len(stream)


def _by_text(trace: Trace, ids: Int64s, meaning: Any) -> list[int]:
    import numpy as np

    texts, places = np.unique(ids, return_inverse=True)
    values = np.array([meaning(trace.text(int(text))) for text in texts], dtype=np.int64)
    result: list[int] = values[places].tolist()
    return result
