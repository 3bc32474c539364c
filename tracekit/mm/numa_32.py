"""The remap allocator of 32-bit x86 NUMA machines: memory for a node's own page structures.

Lowmem all lies on the first node(s), so each node gives up large pages at its own end, and
they are mapped over a stretch of lowmem addresses whose own pages are lost. Mirrors
arch/i386/mm/discontig.c, arch/x86/mm/discontig_32.c and numa_32.c, from 2.5 to 3.8 (removed
by commit f03574f2d5b2). Units: pages unless a name says bytes; addresses are bytes; ends
are exclusive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tracekit.mm.memblock import Memblock

PAGE_SIZE = 4096
PAGE_OFFSET = 0xC000_0000
MAX_ORDER_PAGES = 1024
L1_CACHE_BYTES = 64

FreeTest = Callable[[int, int], bool]
"""Whether [start, end), in bytes, is RAM that nobody has reserved."""


def round_up(value: int, unit: int) -> int:
    """The next multiple of unit at or above value."""
    return -(-value // unit) * unit


def kaddr(pfn: int) -> int:
    """The kernel's 32-bit virtual address of a page (pfn_to_kaddr()); it may wrap."""
    return (PAGE_OFFSET + pfn * PAGE_SIZE) & 0xFFFF_FFFF


def memmap_bytes(start_pfn: int, end_pfn: int, struct_page: int) -> int:
    """Bytes of a node's mem_map, one entry to spare (node_memmap_size_bytes())."""
    pages = end_pfn - start_pfn
    return (pages + 1) * struct_page if pages else 0


def remap_pages(memmap: int, pgdat: int, large: int) -> int:
    """Pages that a node gives up: its mem_map and pg_data_t (bytes) in whole large pages.

    Mirrors calculate_numa_remap_pages() of all kernels up to 2.6.39.
    """
    return round_up(round_up(memmap + pgdat, PAGE_SIZE) // PAGE_SIZE, large)


def remap_bytes(memmap: int, pgdat: int, large: int) -> int:
    """Bytes that a node gives up since 3.0, where the pg_data_t takes whole pages.

    Mirrors init_alloc_remap(); all arguments but `large` (pages) are bytes.
    """
    return round_up(memmap + round_up(pgdat, PAGE_SIZE), large * PAGE_SIZE)


def place_downwards(lowest: int, end: int, pages: int, large: int, is_free: FreeTest) -> int | None:
    """The highest large-page aligned pfn below end with `pages` free pages, or None.

    Mirrors the loops over find_e820_area() and memblock_find_in_range() in
    calculate_numa_remap_pages() and initmem_init() of 2.6.27 to 2.6.39: the target goes down
    one large page at a time and is given up once it is not above `lowest`.
    """
    target = (end - pages) // large * large
    while True:
        if is_free(target * PAGE_SIZE, (target + pages) * PAGE_SIZE):
            return target
        target -= large
        if target <= lowest:
            return None


@dataclass(frozen=True, slots=True)
class Shrink:
    """How a node lost its end before 2.6.27: from `old_end` to `new_end`.

    `further` are the pages lost on top so that the new end meets a large page.
    """

    old_end: int
    reserved: int
    further: int

    @property
    def new_end(self) -> int:
        """The node's end, and the first page that is remapped."""
        return self.old_end - self.reserved - self.further


def shrink(end: int, pages: int, large: int, *, aligns: bool) -> Shrink:
    """Take `pages` from a node's end; kernels that align it also drop the odd pages."""
    return Shrink(end, pages, end % large if aligns else 0)


def kva_start(top: int, pages: int, large: int) -> int:
    """The first page of the KVA area before 2.6.27: below `top`, rounded down.

    `top` is the end of lowmem, or the first page of an initrd, which lies above the area
    (setup_memory()).
    """
    return (top - pages) // large * large


@dataclass(frozen=True, slots=True)
class RemapArea:
    """Where one node's remapped memory lies: its own bytes, and the address they appear at."""

    nid: int
    node_pa: int
    remap_pa: int
    size: int


def init_alloc_remap(
    memblock: Memblock,
    nid: int,
    node: tuple[int, int],
    lowmem: tuple[int, int],
    size: int,
    large: int,
) -> RemapArea | str:
    """Reserve one node's remap area as 3.0 to 3.8 do; "node" or "lowmem" is what had no room.

    Ranges and size are bytes, large is in pages. A failure is not fatal: the part reserved in
    the node is given back and the node's structures come from elsewhere.
    """
    align = large * PAGE_SIZE
    node_pa = memblock.find_in_range(*node, size, align)
    if not node_pa:
        return "node"
    memblock.reserve(node_pa, size)
    remap_pa = memblock.find_in_range(*lowmem, size, align)
    if not remap_pa:
        memblock.free(node_pa, size)
        return "lowmem"
    memblock.reserve(remap_pa, size)
    return RemapArea(nid, node_pa, remap_pa, size)


@dataclass(slots=True)
class RemapAllocator:
    """A node's remapped area and the pointer that alloc_remap() moves through it.

    Virtual addresses in bytes. `may_fill`: since 3.0 an allocation may reach the very end.
    """

    start: int
    end: int
    pointer: int
    may_fill: bool = False

    def allocate(self, size: int) -> int | None:
        """The address of size bytes, or None where the area is used up (alloc_remap())."""
        size = round_up(size, L1_CACHE_BYTES)
        last = self.pointer + size
        if last > self.end or (last == self.end and not self.may_fill):
            return None
        address, self.pointer = self.pointer, last
        return address


def mem_map_bytes(start_pfn: int, end_pfn: int, struct_page: int) -> int:
    """Bytes that alloc_node_mem_map() asks for: the node widened to whole MAX_ORDER blocks."""
    first = start_pfn // MAX_ORDER_PAGES * MAX_ORDER_PAGES
    return (round_up(end_pfn, MAX_ORDER_PAGES) - first) * struct_page


def node_mem_map(allocated: int, start_pfn: int, struct_page: int) -> int:
    """The address that the log shows as node_mem_map, from the one that was allocated."""
    return allocated + start_pfn % MAX_ORDER_PAGES * struct_page
