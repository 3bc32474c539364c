"""What differs between kernels: slab (mm/slub.c)."""

from __future__ import annotations

from collections.abc import Callable

from tracekit.kernel.evidence import Evidence
from tracekit.kernel.feature import Feature


def _configured(symbol: str) -> Callable[[Evidence], bool | None]:
    def detect(evidence: Evidence) -> bool | None:
        return evidence.config.get(symbol) == "y" if evidence.config else None

    return detect


SLUB: tuple[Feature, ...] = (
    Feature(
        "slub_order_by_waste",
        since=(6, 8),
        commit="0fe2735d5e2e",
        subject="mm/slub: remove min_objects loop from calculate_order()",
    ),
    Feature(
        "slub_freelist_random",
        since=(4, 8),
        commit="210e7a43fa90",
        subject="mm: SLUB freelist randomization",
        detect=_configured("CONFIG_SLAB_FREELIST_RANDOM"),
    ),
    Feature(
        "slub_cpu_partial",
        since=(3, 2),
        commit="49e2258586b4",
        subject="slub: per cpu cache for partial pages",
        detect=_configured("CONFIG_SLUB_CPU_PARTIAL"),
    ),
    Feature(
        "slub_cpu_partial_slabs",
        since=(5, 16),
        commit="b47291ef02b0",
        subject="mm, slub: change percpu partial accounting from objects to pages",
    ),
    Feature(
        "slub_bulk",
        since=(4, 4),
        commit="484748f0b65a",
        subject="slab: infrastructure for bulk object allocation and freeing",
    ),
    Feature(
        "slab_freelist_index",
        since=(3, 15),
        subject="slab: introduce byte sized index for the freelist of a slab",
    ),
    Feature(
        "slab_freelist_in_objects",
        since=(4, 6),
        commit="b03a017bebc4",
        subject="mm/slab: introduce new slab management type, OBJFREELIST_SLAB",
    ),
    Feature(
        "slab_buckets",
        since=(6, 11),
        commit="b32801d1255b",
        subject="mm/slab: Introduce kmem_buckets_create() and family",
        detect=_configured("CONFIG_SLAB_BUCKETS"),
    ),
    Feature(
        "slub_deactivate_reverses",
        until=(5, 12),
        commit="d930ff03c4d1",
        subject="mm, slub: splice cpu and page freelists in deactivate_slab()",
    ),
    Feature(
        "slub_sheaves",
        since=(7, 0),
        commit="e47c897a2949",
        subject="slab: add sheaves to most caches",
    ),
)
