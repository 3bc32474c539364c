"""Replay the percpu events of a trace: predict every offset, check every free."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tracekit.boot import Boot
from tracekit.events.base import Source
from tracekit.events.gaps import BEFORE_ALL
from tracekit.events.percpu_setup import PcpuAllocSizes
from tracekit.events.table import ABSENT, ADDRESS, Table, Trace
from tracekit.mm.percpu import PercpuAllocator, PercpuRules
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger
from tracekit.replay.percpu.rows import AllocRow, FreeRow
from tracekit.replay.percpu.twin import PercpuTwin

__all__ = ["run"]

NO_SIZES = "the log shows no pcpu-alloc line, so the first chunk is unknown"
NO_PAGE_SIZE = "the page size is unknown"
HIDDEN = "hidden pointer"

ALLOC, FREE = "percpu_alloc_percpu", "percpu_free_percpu"
CREATE, DESTROY = "percpu_create_chunk", "percpu_destroy_chunk"
# Where an event's memory lies; early in a boot a kernel may print these as (____ptrval____).
PLACES = {
    ALLOC: ("base_addr", "off", "ptr"),
    FREE: ("base_addr", "off", "ptr"),
    CREATE: ("base_addr",),
    DESTROY: ("base_addr",),
}


def run(context: Context) -> None:
    """Replay the percpu events of the boot's trace, if it has any."""
    trace = context.boot.trace
    if trace is None or not any(len(trace.table(name)) for name in (ALLOC, FREE)):
        return
    ledger = context.ledger("percpu")
    allocator = first_allocator(context.boot)
    if isinstance(allocator, str):
        leave_unchecked(ledger, trace, allocator)
        return
    if any(_hides(trace.table(name), places) for name, places in PLACES.items()):
        leave_unchecked(ledger, trace, HIDDEN)
        return
    whole = not any(gap.first == BEFORE_ALL for gap in trace.gaps)
    twin = PercpuTwin(ledger, allocator, whole=whole)
    replay_events(trace, twin)
    twin.finish()
    ledger.state["chunks"] = twin.state()


def _hides(table: Table, places: Iterable[str]) -> bool:
    return len(table) > 0 and not all(place in table for place in places)


def first_allocator(boot: Boot) -> PercpuAllocator | str:
    """Return the allocator as setup_per_cpu_areas() left it, or why it cannot be known."""
    sizes = next(iter(boot.of(PcpuAllocSizes)), None)
    if sizes is None:
        return NO_SIZES
    if boot.kernel.page_size is None:
        return NO_PAGE_SIZE
    rules = PercpuRules(
        contig_slots=boot.kernel.has("percpu_contig_slots", default=True),
        depopulates=boot.kernel.has("percpu_depopulates", default=True),
        whole_chunks=boot.kernel.has("percpu_whole_chunks"),
    )
    allocator = PercpuAllocator(sizes.unit, boot.kernel.page_size, rules)
    allocator.setup_first_chunk(0, sizes.static, sizes.reserved, sizes.dyn)
    return allocator


def leave_unchecked(ledger: Ledger, trace: Trace, reason: str) -> None:
    """Enter all percpu events as unchecked for one reason."""
    for name, kind in ((ALLOC, "offset"), (FREE, "free")):
        count = len(trace.table(name))
        if count:
            ledger.events += count
            ledger.unchecked(kind, reason, count)


def replay_events(
    trace: Trace, twin: PercpuTwin, looks: Iterable[tuple[int, Callable[[], None]]] = ()
) -> None:
    """Feed the twin with the percpu events in the order of the trace.

    ``looks`` are calls with the index of the event before which each is due.
    """
    steps = list(looks)
    for name, make in _MAKERS.items():
        table = trace.table(name)
        if len(table):
            steps += make(trace, table, twin)
    steps.sort(key=lambda step: step[0])
    for _, step in steps:
        step()


def _source(trace: Trace, index: int) -> Source:
    time = None if trace.counting_clock else trace["time"][index] / 1e9
    return Source(trace.path, trace["line"][index], time)


def _allocs(trace: Trace, table: Table, twin: PercpuTwin) -> list[tuple[int, Callable[[], None]]]:
    names = ("reserved", "is_atomic", "size", "align", "base_addr", "off", "ptr")
    columns = [table[name] for name in names]
    sites = table.columns.get("call_site")
    steps = []
    for row, index in enumerate(table.index):
        values = [column[row] for column in columns]
        caller = trace.text(sites[row]) if sites is not None else "a caller that is not shown"
        steps.append((index, _alloc(twin, _source(trace, index), caller, values)))
    return steps


def _alloc(twin: PercpuTwin, source: Source, caller: str, values: list[int]) -> Callable[[], None]:
    reserved, atomic, size, align, base, off, ptr = values
    if ABSENT in (base, off, ptr):
        return lambda: twin.ledger.unchecked("offset", HIDDEN)
    row = AllocRow(
        source,
        caller.partition("+")[0],
        bool(reserved),
        bool(atomic),
        size,
        align,
        base & ADDRESS,
        off,
        ptr & ADDRESS,
    )
    return lambda: twin.alloc(row)


def _frees(trace: Trace, table: Table, twin: PercpuTwin) -> list[tuple[int, Callable[[], None]]]:
    columns = zip(table.index, table["base_addr"], table["off"], table["ptr"], strict=True)
    return [
        (index, _free(twin, FreeRow(_source(trace, index), base & ADDRESS, off, ptr & ADDRESS)))
        for index, base, off, ptr in columns
    ]


def _free(twin: PercpuTwin, row: FreeRow) -> Callable[[], None]:
    return lambda: twin.free(row)


def _creates(_trace: Trace, table: Table, twin: PercpuTwin) -> list[tuple[int, Callable[[], None]]]:
    return [
        (index, _with(twin.create_chunk, base & ADDRESS))
        for index, base in zip(table.index, table["base_addr"], strict=True)
    ]


def _destroys(
    _trace: Trace, table: Table, twin: PercpuTwin
) -> list[tuple[int, Callable[[], None]]]:
    return [
        (index, _with(twin.destroy_chunk, base & ADDRESS))
        for index, base in zip(table.index, table["base_addr"], strict=True)
    ]


def _with(action: Callable[[int], None], base: int) -> Callable[[], None]:
    return lambda: action(base)


_MAKERS = {ALLOC: _allocs, FREE: _frees, CREATE: _creates, DESTROY: _destroys}
