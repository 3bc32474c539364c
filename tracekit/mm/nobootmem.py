"""The bootmem calls on top of memblock, without a bitmap: mm/nobootmem.c (2.6.37 to 4.19).

Most architectures moved here long before bootmem itself went. All addresses and sizes are
bytes unless named pfn or pages; ends are exclusive. Found memory is reserved in the memblock
that is passed in; None means that there was no room.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.mm.memblock import Memblock
from tracekit.mm.memblock_search import Wanted, free_ranges
from tracekit.mm.memblock_type import NUMA_NO_NODE

ARCH_LOW_ADDRESS_LIMIT = 0xFFFF_FFFF
NO_LIMIT = (1 << 64) - 1


def alloc_memory_core_early(
    memblock: Memblock, nid: int, size: int, align: int, goal: int, limit: int
) -> int | None:
    """Find and reserve memory in [goal, limit) of a node (__alloc_memory_core_early()).

    The limit is cut to memblock's current_limit; there is no fall-back of any kind.
    """
    limit = min(limit, memblock.current_limit)
    address = memblock.find_in_range_node(Wanted(size, align, goal, limit, nid))
    if not address:
        return None
    memblock.reserve(address, size)
    return address


def alloc_bootmem(
    memblock: Memblock, size: int, align: int, goal: int = 0, limit: int = NO_LIMIT
) -> int | None:
    """Allocate on any node; a goal that cannot be met is dropped (___alloc_bootmem_nopanic())."""
    for start in (goal, 0) if goal else (0,):
        address = alloc_memory_core_early(memblock, NUMA_NO_NODE, size, align, start, limit)
        if address is not None:
            return address
    return None


def alloc_bootmem_low(memblock: Memblock, size: int, align: int, goal: int = 0) -> int | None:
    """Allocate below 4 GiB (__alloc_bootmem_low())."""
    return alloc_bootmem(memblock, size, align, goal, ARCH_LOW_ADDRESS_LIMIT)


def alloc_bootmem_node(
    memblock: Memblock, nid: int, size: int, align: int, goal: int = 0, limit: int = NO_LIMIT
) -> int | None:
    """Allocate on a node, else on any, then both again without the goal.

    Mirrors ___alloc_bootmem_node_nopanic(). 3.6 and 3.7 pass a limit of 0 here, which means
    nothing below: memblock then takes its own current_limit.
    """
    for start in (goal, 0) if goal else (0,):
        for node in (nid, NUMA_NO_NODE):
            address = alloc_memory_core_early(memblock, node, size, align, start, limit)
            if address is not None:
                return address
    return None


def free_bootmem(memblock: Memblock, address: int, size: int) -> None:
    """Give a range back, to the byte (free_bootmem(), free_bootmem_node())."""
    memblock.free(address, size)


def low_free_pfns(
    memblock: Memblock, max_low_pfn: int, page_size: int = 4096
) -> Iterator[tuple[int, int]]:
    """The free pfns [start, end) that go to the page allocator, in order.

    Partial pages and everything from max_low_pfn on stay behind
    (free_low_memory_core_early(), __free_memory_core()).
    """
    everything = Wanted(0, 1, 0, NO_LIMIT)
    for start, end in free_ranges(memblock.memory, memblock.reserved, everything):
        first, last = -(-start // page_size), min(end // page_size, max_low_pfn)
        if first < last:
            yield first, last


def blocks_by_word(start_pfn: int, end_pfn: int, word_bits: int) -> Iterator[tuple[int, int]]:
    """(pfn, order) frees of [start, end) as they went until 3.11: whole words, else pages.

    Mirrors __free_pages_memory().
    """
    order = word_bits.bit_length() - 1
    pfn = start_pfn
    while pfn < end_pfn:
        whole = pfn % word_bits == 0 and pfn + word_bits <= end_pfn
        yield pfn, order if whole else 0
        pfn += word_bits if whole else 1


def blocks_by_alignment(
    start_pfn: int, end_pfn: int, max_order: int = 11
) -> Iterator[tuple[int, int]]:
    """(pfn, order) frees of [start, end) since 3.12: the largest aligned block each time.

    `max_order` is the number of orders. Mirrors __free_pages_memory() of mm/nobootmem.c.
    """
    pfn = start_pfn
    while pfn < end_pfn:
        alignment = (pfn & -pfn).bit_length() - 1 if pfn else max_order
        order = min(max_order - 1, alignment)
        while pfn + (1 << order) > end_pfn:
            order -= 1
        yield pfn, order
        pfn += 1 << order
