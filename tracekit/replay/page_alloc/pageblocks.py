"""Which pageblocks pagetypeinfo leaves out, although they hold RAM.

Until v5.14 pfn_valid() of arm and arm64 was memblock_is_map_memory(), and
pagetypeinfo_showblockcount_print() of mm/vmstat.c skips a pageblock whose first page has no
valid pfn.
"""

from __future__ import annotations

from collections.abc import Iterable

from tracekit.kernel.kernel import Kernel
from tracekit.mm.memblock import Memblock
from tracekit.mm.memblock_type import MEMBLOCK_NOMAP
from tracekit.mm.page_alloc_zone import Zone


def uncounted(kernel: Kernel, memblock: Memblock | None, zones: Iterable[Zone]) -> frozenset[int]:
    """Return the numbers (pfn >> pageblock_order) of the pageblocks that are not counted."""
    if kernel.arch not in ("arm", "arm64") or not kernel.has("pfn_valid_is_mapped"):
        return frozenset()
    size = kernel.page_size
    if memblock is None or size is None:
        return frozenset()
    mapped = [
        (region.base, region.base + region.size)
        for region in memblock.memory
        if not region.flags & MEMBLOCK_NOMAP
    ]
    return frozenset(
        block
        for zone in zones
        for block in zone.block_types
        if not _within((block << zone.rules.pageblock_order) * size, mapped)
    )


def _within(address: int, ranges: list[tuple[int, int]]) -> bool:
    return any(start <= address < end for start, end in ranges)
