"""Sparse memory sections and the size of their memory map.

Mirrors mm/sparse.c and mm/sparse-vmemmap.c. Sizes are bytes, section sizes pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tracekit.mm.mm_init import PfnRange


def present_sections(ranges: Iterable[PfnRange], section_pages: int) -> list[PfnRange]:
    """Return the sections that hold RAM, joined where they touch (mm/sparse.c:memory_present)."""
    found: list[PfnRange] = []
    for area in ranges:
        start = area.start_pfn // section_pages * section_pages
        end = -(-area.end_pfn // section_pages) * section_pages
        if found and start <= found[-1].end_pfn:
            found[-1] = found[-1]._replace(end_pfn=max(end, found[-1].end_pfn))
        else:
            found.append(PfnRange(start, end, area.nid))
    return found


def section_map_size(section_pages: int, struct_page: int, granule: int) -> int:
    """Return the bytes of one section's struct pages, rounded up to ``granule``.

    The granule is a huge page (PMD_SIZE) with a virtual memmap and a page without
    (mm/sparse.c:section_map_size).
    """
    return -(-section_pages * struct_page // granule) * granule


def section_counts(ranges: Iterable[PfnRange], section_pages: int) -> Iterator[tuple[int, int]]:
    """Yield (nid, sections) for each run of sections that one buffer serves.

    A section belongs to the node that first claims it, and a run ends where the node changes
    (mm/sparse.c:sparse_init).
    """
    owner: dict[int, int] = {}
    for area in ranges:
        first = area.start_pfn // section_pages
        for section in range(first, -(-area.end_pfn // section_pages)):
            owner.setdefault(section, area.nid)
    run: tuple[int, int] | None = None
    for section in sorted(owner):
        nid = owner[section]
        if run is not None and run[0] == nid:
            run = (nid, run[1] + 1)
            continue
        if run is not None:
            yield run
        run = (nid, 1)
    if run is not None:
        yield run


def flat_map_bytes(start_pfn: int, end_pfn: int, struct_page: int, max_order_pages: int) -> int:
    """Return the bytes of one node's flat memory map.

    The map begins and ends at multiples of the largest block
    (mm/mm_init.c:alloc_node_mem_map).
    """
    start = start_pfn // max_order_pages * max_order_pages
    end = -(-end_pfn // max_order_pages) * max_order_pages
    return (end - start) * struct_page
