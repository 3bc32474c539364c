"""The statistics of a trace as text, laid out like perf kmem stat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tracekit.events.gaps import Gap
from tracekit.events.table import Trace
from tracekit.report.stat import Row, Section
from tracekit.report.stat_options import Stat
from tracekit.report.stat_page import PageSection

TITLES = {
    "caller": "Callsite",
    "cache": "Cache",
    "size": "Object size",
    "task": "Task",
    "cpu": "CPU",
    "alloc": "Alloc",
    "order": "Order",
    "migratetype": "Migrate type",
    "gfp": "GFP flags",
}
MOST_UNKNOWN = 8


def render(stat: Stat) -> str:
    """Return the statistics as text: what is missing from the trace comes first."""
    lines = [*_trace(stat.trace)]
    if stat.slab is not None:
        lines += _slab(stat, stat.slab, "SLAB allocator")
    if stat.page is not None:
        lines += _page(stat, stat.page)
    if stat.percpu is not None:
        lines += _slab(stat, stat.percpu, "percpu allocator")
    return "\n".join(lines) + "\n"


def _trace(trace: Trace) -> Iterator[str]:
    for gap in trace.gaps:
        yield f"{'NOTE' if gap.usual else 'INCOMPLETE'}: {describe(trace, gap)}"
    for remark in trace.remarks:
        yield f"NOTE: {remark}"
    counts = trace.counts
    yield f"{trace.path}: {counts.events:,} events in {counts.lines:,} lines"
    if counts.unknown:
        names = sorted(counts.unknown, key=lambda name: -counts.unknown[name])
        more = ", ..." if len(names) > MOST_UNKNOWN else ""
        listed = ", ".join(f"{name} {counts.unknown[name]:,}" for name in names[:MOST_UNKNOWN])
        yield f"{sum(counts.unknown.values()):,} events of other kinds: {listed}{more}"
    if counts.unparsed:
        first = trace.unparsed[0]
        yield f"{counts.unparsed:,} lines could not be read, the first is line {first.line}: " + (
            f"{first.reason}: {first.text.strip()[:80]}"
        )


def describe(trace: Trace, gap: Gap) -> str:
    """Return one sentence on a gap: why, how much, and between which lines."""
    many = f" ({gap.count:,} events)" if gap.count is not None else ""
    where = f" on CPU {gap.cpu}" if gap.cpu is not None else ""
    lines = trace.common.get("line", memoryview(b"").cast("q"))
    before = f"after line {lines[gap.first]}" if 0 <= gap.first < len(lines) else "from the start"
    after = f"before line {lines[gap.last]}" if 0 <= gap.last < len(lines) else "to the end"
    return f"{gap.reason}{where}{many}, {before}, {after}"


def _slab(stat: Stat, section: Section, title: str) -> Iterator[str]:
    total = section.total
    yield from ("", f"SUMMARY ({title})", "=" * (10 + len(title)))
    yield f"Total bytes requested: {total.requested:,}"
    if section.knows_allocated:
        yield f"Total bytes allocated: {total.allocated:,}"
        if section.name == "slab":
            yield f"Total bytes wasted on internal fragmentation: {total.frag:,}"
            yield f"Internal fragmentation: {_percent(total.frag, total.allocated)}"
    yield f"Allocations: {total.hit:,}, failed: {section.failed:,}"
    freed_here = section.frees - section.frees_of_null - section.frees_alone
    yield f"Frees: {section.frees:,}, of NULL: {section.frees_of_null:,}, " + (
        f"of what was made before the trace: {section.frees_alone:,}"
    )
    if section.freed_unseen:
        yield f"Freed without an event, the address came again: {section.freed_unseen:,}"
    yield f"Cross CPU frees: {total.cross_cpu:,}/{freed_here:,}"
    yield f"Live at the end: {total.live:,} ({total.live_allocated:,} bytes)"
    yield from _groups(stat, section.groups, "bytes")


def _page(stat: Stat, section: PageSection) -> Iterator[str]:
    total = section.total
    yield from ("", "SUMMARY (page allocator)", "=" * 24)
    unseen = section.freed_unseen
    matched = total.hit - total.live - unseen
    rows = (
        ("Total allocation requests", total.hit, total.allocated),
        ("Total free requests", section.free_requests, section.freed),
        ("Total alloc+freed requests", matched, section.freed - section.alone),
        ("Total alloc-only requests", total.live, total.live_allocated),
        ("Total free-only requests", section.frees_alone, section.alone),
        ("Total allocation failures", section.failed, section.failed_pages),
    )
    for name, hit, pages in rows:
        yield f"{name:<30}: {hit:>14,}   [ {_size(pages, stat.page_size)} ]"
    if unseen:
        yield f"Freed without an event, the page came again: {unseen:,}"
    yield from _orders(section.by_order)
    yield from _groups(stat, section.groups, "pages")


def _size(pages: int, page_size: int | None) -> str:
    return f"{pages:>14,} pages" if page_size is None else f"{pages * page_size // 1024:>14,} KB"


def _orders(by_order: Mapping[tuple[int, int], int]) -> Iterator[str]:
    """Lay out requests by order and migrate type; a dot stands for none."""
    types = sorted({migratetype for _, migratetype in by_order})
    yield from ("", "Order" + "".join(f"{f'migratetype {t}':>16}" for t in types))
    yield "-----" + "".join("  " + "-" * 14 for _ in types)
    for order in sorted({order for order, _ in by_order}):
        cells = (by_order.get((order, t), 0) for t in types)
        yield f"{order:>5}" + "".join(f"{f'{hit:,}' if hit else '.':>16}" for hit in cells)


def _groups(stat: Stat, groups: Mapping[str, Sequence[Row]], unit: str) -> Iterator[str]:
    for name, rows in groups.items():
        shown = stat.wanted.rows(rows)
        if not shown:
            continue
        width = max(len(TITLES[name]), *(len(str(row.key)) for row in shown))
        yield ""
        yield f"{TITLES[name]:<{width}}" + "".join(f"{title:>15}" for title in _titles(unit))
        yield "-" * (width + 15 * len(_titles(unit)))
        yield from (f"{row.key!s:<{width}}{_cells(row, unit)}" for row in shown)
        if len(shown) < len(rows) and not stat.wanted.live:
            yield f"... {len(rows) - len(shown):,} more, see -l"


def _titles(unit: str) -> tuple[str, ...]:
    frag = ("Total_req", "Frag") if unit == "bytes" else ()
    return (f"Total_{unit}", *frag, "Hit", "Cross-CPU", "Live", f"Live_{unit}")


def _cells(row: Row, unit: str) -> str:
    frag = (f"{row.requested:,}", _percent(row.frag, row.allocated)) if unit == "bytes" else ()
    figures = (row.hit, row.cross_cpu, row.live, row.live_allocated)
    cells = (f"{row.allocated:,}", *frag, *(f"{figure:,}" for figure in figures))
    return "".join(f"{cell:>15}" for cell in cells)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3f}%" if whole else "-"
