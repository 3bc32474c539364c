"""The one table of what differs between kernels. Versions are compared nowhere else.

A feature is looked for in the log's own shape first, then in event formats and kconfig, and
only where these are silent does the version decide: distributions backport.
"""

from __future__ import annotations

from tracekit.kernel.evidence import Evidence
from tracekit.kernel.feature import Feature, Version
from tracekit.kernel.rows_arch import ARCH
from tracekit.kernel.rows_bootmem import BOOTMEM
from tracekit.kernel.rows_memblock import MEMBLOCK
from tracekit.kernel.rows_mm_init import MM_INIT
from tracekit.kernel.rows_page_alloc import PAGE_ALLOC
from tracekit.kernel.rows_percpu import PERCPU
from tracekit.kernel.rows_slub import SLUB

TABLE: tuple[Feature, ...] = (*ARCH, *MEMBLOCK, *MM_INIT, *PAGE_ALLOC, *BOOTMEM, *PERCPU, *SLUB)


def has(name: str, version: Version | None, evidence: Evidence, default: bool = False) -> bool:
    """Return whether the kernel has the feature: by evidence, else by version, else ``default``.

    Raises KeyError for a name that is not in the table.
    """
    feature = _BY_NAME[name]
    found = feature.detect(evidence) if feature.detect is not None else None
    if found is not None:
        return found
    return default if version is None else feature.in_version(version)


_BY_NAME = {feature.name: feature for feature in TABLE}
