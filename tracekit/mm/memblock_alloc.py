"""Memblock's allocation entry points and their rules for falling back.

Mirrors mm/memblock.c: memblock_alloc_range_nid(), memblock_alloc_internal() (before v4.20
memblock_virt_alloc_internal()) and the functions above them. All return the physical address
of the block, or 0 when there is none, and reserve what they found.
"""

from __future__ import annotations

from tracekit.mm.memblock import MEMBLOCK_ALLOC_ACCESSIBLE, Memblock
from tracekit.mm.memblock_search import Wanted
from tracekit.mm.memblock_type import MEMBLOCK_MIRROR, MEMBLOCK_RSRV_KERN, NUMA_NO_NODE


def alloc_range_nid(
    memblock: Memblock,
    size: int,
    align: int,
    start: int = 0,
    end: int = MEMBLOCK_ALLOC_ACCESSIBLE,
    nid: int = NUMA_NO_NODE,
    exact_nid: bool = False,
) -> int:
    """Find and reserve a block (mm/memblock.c:memblock_alloc_range_nid).

    A node that has no room falls back to any node unless ``exact_nid``; mirrored memory that
    has no room falls back to the rest, with a message.
    """
    found = find_range_nid(memblock, size, align, start, end, nid, exact_nid)
    if found and _reserve_found(memblock, found, size, nid):
        return found
    return 0


def find_range_nid(
    memblock: Memblock,
    size: int,
    align: int,
    start: int = 0,
    end: int = MEMBLOCK_ALLOC_ACCESSIBLE,
    nid: int = NUMA_NO_NODE,
    exact_nid: bool = False,
) -> int:
    """The address that alloc_range_nid() would take, without reserving it; 0 if none."""
    flags = memblock.choose_flags()
    while True:
        found = memblock.find_in_range_node(Wanted(size, align, start, end, nid, flags))
        if not found and nid != NUMA_NO_NODE and not exact_nid:
            found = memblock.find_in_range_node(
                Wanted(size, align, start, end, NUMA_NO_NODE, flags)
            )
        if found or not flags & MEMBLOCK_MIRROR:
            return found
        flags &= ~MEMBLOCK_MIRROR
        memblock.warn_no_mirror(size)


def find_internal(
    memblock: Memblock,
    size: int,
    align: int,
    min_addr: int = 0,
    max_addr: int = MEMBLOCK_ALLOC_ACCESSIBLE,
    nid: int = NUMA_NO_NODE,
    exact_nid: bool = False,
) -> int:
    """The address that memblock_alloc_internal() would take, without reserving it; 0 if none.

    The upper limit is cut to current_limit, and a failed search is repeated without the lower
    limit.
    """
    max_addr = min(max_addr, memblock.current_limit)
    found = find_range_nid(memblock, size, align, min_addr, max_addr, nid, exact_nid)
    if not found and min_addr:
        found = find_range_nid(memblock, size, align, 0, max_addr, nid, exact_nid)
    return found


def alloc_try_nid(
    memblock: Memblock,
    size: int,
    align: int,
    min_addr: int = 0,
    max_addr: int = MEMBLOCK_ALLOC_ACCESSIBLE,
    nid: int = NUMA_NO_NODE,
) -> int:
    """memblock_alloc_try_nid() and _raw(): any node will do if this one is full."""
    found = find_internal(memblock, size, align, min_addr, max_addr, nid)
    return found if found and _reserve_found(memblock, found, size, nid) else 0


def alloc_exact_nid_raw(
    memblock: Memblock,
    size: int,
    align: int,
    min_addr: int = 0,
    max_addr: int = MEMBLOCK_ALLOC_ACCESSIBLE,
    nid: int = NUMA_NO_NODE,
) -> int:
    """memblock_alloc_exact_nid_raw(): this node or nothing."""
    found = find_internal(memblock, size, align, min_addr, max_addr, nid, exact_nid=True)
    return found if found and _reserve_found(memblock, found, size, nid) else 0


def alloc(memblock: Memblock, size: int, align: int) -> int:
    """memblock_alloc(): anywhere below current_limit, on any node."""
    return alloc_try_nid(memblock, size, align)


def phys_alloc_range(memblock: Memblock, size: int, align: int, start: int, end: int) -> int:
    """memblock_phys_alloc_range(): [start, end), which current_limit does not cut."""
    return alloc_range_nid(memblock, size, align, start, end)


def _reserve_found(memblock: Memblock, found: int, size: int, nid: int) -> bool:
    if memblock.config.reserve_nid:
        return memblock.reserve(found, size, nid, MEMBLOCK_RSRV_KERN)
    return memblock.reserve(found, size)
