"""How much of each zone is kept free: min_free_kbytes, watermarks and lowmem_reserve.

Mirrors mm/page_alloc.c: calculate_min_free_kbytes(), __setup_per_zone_wmarks() and
setup_per_zone_lowmem_reserve(), and mm/khugepaged.c:set_recommended_min_free_kbytes(). All
numbers are pages but for those that are called kbytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isqrt

from tracekit.mm.mm_init import HIGHMEM, MOVABLE, ZONE_NAMES

ZoneKey = tuple[int, str]
Managed = Mapping[ZoneKey, int]

SCALE_FACTOR = 10  # of 10,000: watermark_scale_factor
MIGRATE_PCPTYPES = 3
MOST_KBYTES = 256 << 10
# What one page of the zones above costs a lower zone: sysctl_lowmem_reserve_ratio.
RESERVE_RATIO = {"DMA": 256, "DMA32": 256, "Normal": 32}


@dataclass(frozen=True, slots=True)
class Watermarks:
    """One zone's watermarks, without a boost."""

    min: int
    low: int
    high: int


def lowmem(zone: str) -> bool:
    """Whether a zone counts for nr_free_buffer_pages(): all up to Normal."""
    return ZONE_NAMES.index(zone) <= ZONE_NAMES.index("Normal")


def min_free_kbytes(free: Managed, page_size: int) -> int:
    """Return what is kept free: four times the root of lowmem in KiB, 128 KiB to 256 MiB.

    ``free`` are each zone's managed pages above its high watermark, which is not yet set when
    init_per_zone_wmark_min() runs. Before v5.8 the most was 64 MiB.
    """
    pages = sum(count for (_, zone), count in free.items() if lowmem(zone))
    return min(max(isqrt(pages * (page_size // 1024) * 16), 128), MOST_KBYTES)


def recommended_kbytes(free: Managed, populated: int, page_size: int, pageblock_pages: int) -> int:
    """Return what khugepaged asks to keep free, so that whole pageblocks stay free.

    Eleven pageblocks for each of the ``populated`` zones up to Normal, but at most a twentieth
    of ``free``, each zone's managed pages above its high watermark. A zone is populated that
    has RAM, even if all of it is reserved.
    """
    wanted = pageblock_pages * populated * (2 + MIGRATE_PCPTYPES * MIGRATE_PCPTYPES)
    above = sum(pages for (_, zone), pages in free.items() if lowmem(zone))
    return min(wanted, above // 20) * (page_size // 1024)


def above_high(managed: Managed, marks: Mapping[ZoneKey, Watermarks]) -> dict[ZoneKey, int]:
    """Return each zone's pages above its high watermark (nr_free_zone_pages)."""
    return {key: max(pages - marks[key].high, 0) for key, pages in managed.items()}


def zone_watermarks(
    managed: Managed, kbytes: int, page_size: int, *, movable_apart: bool
) -> dict[ZoneKey, Watermarks]:
    """Return every zone's watermarks for ``kbytes`` to be kept free.

    Each zone has its share by size. HighMem, and Movable where ``movable_apart`` (since v6.6),
    keep a 1024th of their own, 32 to 128 pages, and do not count.
    """
    apart = {HIGHMEM, MOVABLE} if movable_apart else {HIGHMEM}
    pages_min = kbytes // (page_size // 1024)
    total = sum(pages for (_, zone), pages in managed.items() if zone not in apart)
    found = {}
    for key, pages in managed.items():
        share = pages_min * pages // total if total else 0
        least = min(max(pages // 1024, 32), 128) if key[1] in apart else share
        step = max(share // 4, pages * SCALE_FACTOR // 10000)
        found[key] = Watermarks(least, least + step, least + 2 * step)
    return found


def lowmem_reserve(zones: Sequence[str], managed: Mapping[str, int]) -> dict[str, list[int]]:
    """Return what each zone of a node keeps back from requests that zones above could serve.

    ``zones`` are all zones of the build in their order; a row has one number for each of
    them. An empty zone keeps nothing back (since v5.8).
    """
    rows = {}
    for index, zone in enumerate(zones):
        ratio = RESERVE_RATIO.get(zone, 0) if managed.get(zone, 0) else 0
        row, above = [0] * len(zones), 0
        for upper in range(index + 1, len(zones)):
            above += managed.get(zones[upper], 0)
            row[upper] = above // ratio if ratio else 0
        rows[zone] = row
    return rows
