"""The simulated page allocator's history as plain values, for the JSON of ``tracekit stat``."""

from __future__ import annotations

from typing import Any

from tracekit.replay.page_alloc.history import FallbackStep, PageHistory
from tracekit.replay.page_alloc.owners import Owner


def as_dict(history: PageHistory | str) -> dict[str, Any]:
    """Return the history; ``{"unknown": [reason]}`` where there is none. Sizes are pages.

    The figures of a zone are lists with one entry per sample, null where they are not known.
    """
    if isinstance(history, str):
        return {"unknown": [history]}
    samples = history.samples
    return {
        "unknown": history.reasons,
        "pageblock_order": history.pageblock_order,
        "event": [sample.event for sample in samples],
        "line": [sample.line for sample in samples],
        "time": [history.time(sample) for sample in samples],
        "zones": [_zone(history, index) for index in range(len(history.zones))],
        "fallbacks": [_fallback(step) for step in history.fallbacks],
        "per_cpu_lists": [
            {
                "cpu": row.cpu,
                "refills": row.refills,
                "refilled": row.refilled,
                "drains": row.drains,
                "drained": row.drained,
                "allocations": row.allocations,
                "frees": row.frees,
            }
            for row in history.traffic
        ],
        "never_freed": [_owner(owner) for owner in history.living],
        "slabs_unknown": history.slabs if isinstance(history.slabs, str) else None,
    }


def _zone(history: PageHistory, index: int) -> dict[str, Any]:
    zone = history.zones[index]
    found = [None if s.reason else s.zones[index] for s in history.samples]
    return {
        "node": zone.nid,
        "zone": zone.name,
        "present": zone.present,
        "free": [None if z is None else z.free for z in found],
        "per_cpu": [None if z is None else z.listed for z in found],
        "largest_order": [None if z is None else z.largest for z in found],
        "unusable": [None if z is None else round(z.unusable, 6) for z in found],
    }


def _fallback(step: FallbackStep) -> dict[str, Any]:
    return {
        "line": {"source": step.line.file, "number": step.line.line},
        "time": step.line.time,
        "node": step.nid,
        "zone": step.zone,
        "order": step.order,
        "migratetype": step.migratetype,
        "pfn": step.pfn,
        "fallback_order": step.donor_order,
        "fallback_migratetype": step.donor_type,
        "claimed": step.claimed,
        "fragmenting": step.fragmenting,
        "cause": step.cause,
    }


def _owner(owner: Owner) -> dict[str, Any]:
    return {
        "owner": owner.name,
        "blocks": owner.blocks,
        "pages": owner.pages,
        "takers": dict(owner.takers.most_common()),
    }
