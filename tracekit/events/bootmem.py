"""What bootmem and the x86 early reservations log (grammars/bootmem.lark).

Pfns and ends are exclusive, addresses and sizes bytes, unless a name says otherwise.
"""

from __future__ import annotations

from tracekit.events.base import Event, event


@event("bootmem_init")
class BootmemInit(Event, frozen=True):
    """A node was registered: its pages, and where its bitmap lies (init_bootmem_core())."""

    nid: int
    start_pfn: int
    map_pfn: int
    end_pfn: int
    map_bytes: int


@event("bootmem_mark")
class BootmemMark(Event, frozen=True):
    """A range is about to be freed (reserve=0) or reserved (mark_bootmem_node())."""

    nid: int
    start_pfn: int
    end_pfn: int
    reserve: int
    flags: int


@event("bootmem_free")
class BootmemFree(Event, frozen=True):
    """Pages were freed (__free())."""

    nid: int
    start_pfn: int
    end_pfn: int


@event("bootmem_reserve")
class BootmemReserve(Event, frozen=True):
    """Pages were reserved, by a call or by an allocation (__reserve())."""

    nid: int
    start_pfn: int
    end_pfn: int
    flags: int


@event("bootmem_double")
class BootmemDouble(Event, frozen=True):
    """A page of the last reservation was reserved before ("silent double reserve")."""

    pfn: int


@event("bootmem_alloc")
class BootmemAlloc(Event, frozen=True):
    """One attempt to allocate on one node (alloc_bootmem_core(), alloc_bootmem_bdata())."""

    nid: int
    size: int
    pages: int
    align: int
    goal: int
    limit: int


@event("bootmem_free_all")
class BootmemFreeAll(Event, frozen=True):
    """A node is about to go to the page allocator; `aligned` is printed up to 3.3."""

    nid: int
    start_pfn: int
    end_pfn: int
    aligned: int | None = None


@event("bootmem_released")
class BootmemReleased(Event, frozen=True):
    """How many pages a node gave to the page allocator, its bitmap's pages included."""

    nid: int
    released: int


@event("bootmem_reserved_twice")
class ReservedTwice(Event, frozen=True):
    """A page that was reserved already; the address counts from the node's start."""

    address: int


@event("bootmem_alloc_failed")
class BootmemAllocFailed(Event, frozen=True):
    """No node had room for a request: the kernel panics next."""

    failed_size: int
    low: str | None = None


@event("bootmem_setup_node")
class BootmemSetupNode(Event, frozen=True):
    """A node of x86_64 is set up (setup_node_bootmem())."""

    nid: int
    start: int
    end: int


@event("bootmem_node_data")
class BootmemNodeData(Event, frozen=True):
    """Where the pg_data_t of the node being set up lies; `last` is inclusive."""

    start: int
    last: int


@event("bootmem_map_pages")
class BootmemMapPages(Event, frozen=True):
    """Where the bitmap of the node being set up lies; `last` is inclusive."""

    start: int
    last: int
    map_pages: int


@event("bootmem_node_low_ram")
class BootmemNodeLowRam(Event, frozen=True):
    """The part of a node below the end of lowmem."""

    nid: int
    start: int
    end: int


@event("bootmem_node_map")
class BootmemNodeMap(Event, frozen=True):
    """Where a node's bitmap lies."""

    nid: int
    start: int
    end: int


@event("bootmem_low_ram")
class BootmemLowRam(Event, frozen=True):
    """The end of lowmem, or of what is mapped of it."""

    end: int
    mapped: str | None = None


@event("early_res_header")
class EarlyResHeader(Event, frozen=True):
    """The early reservations follow, cut to the node [start, end)."""

    count: int
    start: int
    end: int


@event("early_res_row")
class EarlyResRow(Event, frozen=True):
    """One early reservation, and the part of it that was reserved in the node, if any."""

    index: int
    start: int
    end: int
    owner: str
    part_start: int | None = None
    part_end: int | None = None


@event("early_res_old_row")
class EarlyResOldRow(Event, frozen=True):
    """One early reservation as 2.6.24 and 2.6.25 print it; `last` is inclusive."""

    index: int
    start: int
    last: int
    owner: str


@event("early_res_subtract")
class EarlyResSubtract(Event, frozen=True):
    """The reserved ranges follow, as they are taken from free memory."""

    count: int


@event("early_res_subtracted")
class EarlyResSubtracted(Event, frozen=True):
    """One reserved range; `last` is inclusive."""

    start: int
    last: int


@event("smp_table")
class SmpTable(Event, frozen=True):
    """The SMP scan found an MP table at a physical address; its page is reserved next."""

    address: int
