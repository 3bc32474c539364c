"""What differs between kernels: percpu (mm/percpu.c)."""

from __future__ import annotations

from tracekit.kernel.evidence import Evidence
from tracekit.kernel.feature import Feature


def _uniprocessor(evidence: Evidence) -> bool | None:
    return "CONFIG_SMP" not in evidence.config if evidence.config else None


PERCPU: tuple[Feature, ...] = (
    Feature(
        "percpu_contig_slots",
        since=(5, 2),
        commit="b239f7daf553",
        subject="percpu: set PCPU_BITMAP_BLOCK_SIZE to PAGE_SIZE",
    ),
    Feature(
        "percpu_depopulates",
        since=(5, 14),
        commit="f183324133ea",
        subject="percpu: implement partial chunk depopulation",
    ),
    Feature(
        "percpu_whole_chunks",
        since=(99,),
        subject="chunks of kernel memory (mm/percpu-km.c): kernels without SMP or MMU",
        detect=_uniprocessor,
    ),
)
