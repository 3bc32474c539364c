"""The pageblocks that kernels until v4.3 kept back for atomic requests (MIGRATE_RESERVE).

Mirrors init_per_zone_wmark_min() and setup_zone_migrate_reserve() of mm/page_alloc.c. Sizes in
pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isqrt

from tracekit.mm.mm_init import HIGHMEM
from tracekit.mm.page_alloc_zone import Zone

SWAP_CLUSTER_MAX = 32
HIGHMEM_MIN_MAX = 128
MAX_RESERVE_BLOCKS = 2


def min_free_kbytes(lowmem_kbytes: int) -> int:
    """Return what the kernel tries to keep free, in KiB, for the KiB of memory below HighMem."""
    return min(max(isqrt(lowmem_kbytes * 16), 128), 65536)


def min_watermarks(present: Mapping[Zone, int], page_size: int) -> dict[Zone, int]:
    """Return the min watermark of each zone from the pages that it has.

    Mirrors __setup_per_zone_wmarks().
    """
    low = sum(pages for zone, pages in present.items() if zone.name != HIGHMEM)
    pages_min = min_free_kbytes(low * page_size >> 10) * 1024 // page_size
    return {
        zone: min(max(pages // 1024, SWAP_CLUSTER_MAX), HIGHMEM_MIN_MAX)
        if zone.name == HIGHMEM
        else pages_min * pages // max(low, 1)
        for zone, pages in present.items()
    }


def steps(zone: Zone, *, aligned: bool) -> range:
    """Return the pfns at which the kernel looks for pageblocks to set aside.

    Until v3.1 they begin with the zone's first page, aligned or not.
    """
    size = 1 << zone.rules.pageblock_order
    return range(-(-zone.start // size) * size if aligned else zone.start, zone.end, size)


def set_reserve(zone: Zone, watermark: int, pfns: Iterable[int]) -> int:
    """Make the first suitable pageblocks of a zone Reserve; return how many.

    ``pfns`` are those of ``steps()`` whose pages the kernel will have free one day.
    """
    number = zone.rules.type_number("Reserve")
    if number is None:
        return 0
    size = 1 << zone.rules.pageblock_order
    wanted = min(MAX_RESERVE_BLOCKS, -(-watermark // size))
    done = 0
    for pfn in pfns:
        if done < wanted and zone.pageblock_type(pfn) == zone.rules.movable:
            zone.set_pageblock_type(pfn, 0, number)
            zone.move_block(pfn, number)
            done += 1
    return done
