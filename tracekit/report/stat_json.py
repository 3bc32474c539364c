"""The statistics of a trace as JSON, schema ``tracekit.stat/1``, and as CSV."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tracekit.events.table import Trace
from tracekit.report.stat import Row, Section
from tracekit.report.stat_options import Stat
from tracekit.report.stat_page import PageSection

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.history import PageHistory
    from tracekit.replay.percpu.holdings import ChunkHolding
    from tracekit.replay.slub.holdings import CacheHolding


@dataclass(frozen=True, slots=True)
class Holdings:
    """What simulated caches and chunks hold, or why that is not known; None: not asked for."""

    slab: Sequence[CacheHolding] | str | None = None
    percpu: Sequence[ChunkHolding] | str | None = None


SCHEMA = "tracekit.stat/1"
FIELDS = ("hit", "requested", "allocated", "frag", "cross_cpu", "live", "live_allocated")


def as_dict(
    stat: Stat, history: PageHistory | str | None = None, held: Holdings | None = None
) -> dict[str, Any]:
    """Return the statistics as plain values. Sizes are bytes, those of ``page`` are pages.

    ``simulation`` is what a simulated page allocator saw, ``simulated_slab`` and
    ``simulated_percpu`` what simulated caches and chunks hold at the end (bytes); null where
    none was asked for, a string where it cannot be told.
    """
    held = held or Holdings()
    return {
        "schema": SCHEMA,
        "trace": trace_dict(stat.trace),
        "page_size": stat.page_size,
        "slab": _section(stat, stat.slab),
        "page": _page(stat, stat.page),
        "percpu": _section(stat, stat.percpu),
        "simulation": None if history is None else _history(history),
        "simulated_slab": _holdings(held.slab),
        "simulated_percpu": _holdings(held.percpu),
    }


def render(
    stat: Stat, history: PageHistory | str | None = None, held: Holdings | None = None
) -> str:
    """Return the statistics as JSON text, on one line: indenting takes ten times as long."""
    return json.dumps(as_dict(stat, history, held)) + "\n"


def _holdings(
    found: Sequence[CacheHolding | ChunkHolding] | str | None,
) -> list[dict[str, Any]] | str | None:
    return found if found is None or isinstance(found, str) else [asdict(each) for each in found]


def render_error(message: str) -> str:
    """Return what stands on stdout when there is no trace to count (exit status 2)."""
    return json.dumps({"schema": SCHEMA, "error": message}) + "\n"


def _history(history: PageHistory | str) -> dict[str, Any]:
    from tracekit.report.page_history_json import as_dict as history_dict

    return history_dict(history)


def trace_dict(trace: Trace) -> dict[str, Any]:
    """Return how the trace was read, and what is missing from it."""
    counts, gaps = trace.counts, trace.gaps
    return {
        "path": trace.path,
        "reader": trace.reader,
        "lines": counts.lines,
        "events": counts.events,
        "by_event": {name: len(table) for name, table in trace.tables.items()},
        "unknown": counts.unknown,
        "markers": counts.markers,
        "other": counts.other,
        "unparsed": counts.unparsed,
        "complete": all(gap.usual for gap in gaps),
        "gaps": [asdict(gap) for gap in gaps],
        "remarks": list(trace.remarks),
    }


def _section(stat: Stat, section: Section | None) -> dict[str, Any] | None:
    if section is None:
        return None
    return {
        **_figures(section.total),
        "frees": section.frees,
        "frees_of_null": section.frees_of_null,
        "frees_alone": section.frees_alone,
        "freed_unseen": section.freed_unseen,
        "failed": section.failed,
        "knows_allocated": section.knows_allocated,
        "by": _groups(stat, section.groups),
    }


def _page(stat: Stat, section: PageSection | None) -> dict[str, Any] | None:
    if section is None:
        return None
    return {
        **_figures(section.total),
        "free_requests": section.free_requests,
        "freed": section.freed,
        "frees_alone": section.frees_alone,
        "freed_unseen": section.freed_unseen,
        "freed_alone": section.alone,
        "failed": section.failed,
        "failed_pages": section.failed_pages,
        "by_order": [
            {"order": order, "migratetype": migratetype, "hit": hit}
            for (order, migratetype), hit in sorted(section.by_order.items())
        ],
        "by": _groups(stat, section.groups),
    }


def _groups(stat: Stat, groups: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    return {
        name: [{name: row.key, **_figures(row)} for row in stat.wanted.rows(rows)]
        for name, rows in groups.items()
    }


def _figures(row: Row) -> dict[str, int]:
    _, hit, requested, allocated, cross_cpu, live, live_allocated = row
    lost = allocated - requested
    values = (hit, requested, allocated, lost, cross_cpu, live, live_allocated)
    return dict(zip(FIELDS, values, strict=True))


def render_csv(stat: Stat) -> str:
    """Return every group as one row of CSV, with the allocator and the grouping it is of."""
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("allocator", "by", "key", *FIELDS))
    for name, section in (("slab", stat.slab), ("page", stat.page), ("percpu", stat.percpu)):
        if section is not None:
            for group, rows in {"all": [section.total], **section.groups}.items():
                for row in stat.wanted.rows(rows):
                    writer.writerow((name, group, row.key, *_figures(row).values()))
    return out.getvalue()
