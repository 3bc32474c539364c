"""What bootmem and the x86 early reservations log (grammars/bootmem.lark).

Pfns and ends are exclusive, addresses and sizes bytes, unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.events.base import Event, event


@event("bootmem_init")
@dataclass(frozen=True, slots=True)
class BootmemInit(Event):
    """A node was registered: its pages, and where its bitmap lies (init_bootmem_core())."""

    nid: int
    start_pfn: int
    map_pfn: int
    end_pfn: int
    map_bytes: int


@event("bootmem_mark")
@dataclass(frozen=True, slots=True)
class BootmemMark(Event):
    """A range is about to be freed (reserve=0) or reserved (mark_bootmem_node())."""

    nid: int
    start_pfn: int
    end_pfn: int
    reserve: int
    flags: int


@event("bootmem_free")
@dataclass(frozen=True, slots=True)
class BootmemFree(Event):
    """Pages were freed (__free())."""

    nid: int
    start_pfn: int
    end_pfn: int


@event("bootmem_reserve")
@dataclass(frozen=True, slots=True)
class BootmemReserve(Event):
    """Pages were reserved, by a call or by an allocation (__reserve())."""

    nid: int
    start_pfn: int
    end_pfn: int
    flags: int


@event("bootmem_double")
@dataclass(frozen=True, slots=True)
class BootmemDouble(Event):
    """A page of the last reservation was reserved before ("silent double reserve")."""

    pfn: int


@event("bootmem_alloc")
@dataclass(frozen=True, slots=True)
class BootmemAlloc(Event):
    """One attempt to allocate on one node (alloc_bootmem_core(), alloc_bootmem_bdata())."""

    nid: int
    size: int
    pages: int
    align: int
    goal: int
    limit: int


@event("bootmem_free_all")
@dataclass(frozen=True, slots=True)
class BootmemFreeAll(Event):
    """A node is about to go to the page allocator; `aligned` is printed up to 3.3."""

    nid: int
    start_pfn: int
    end_pfn: int
    aligned: int | None = None


@event("bootmem_released")
@dataclass(frozen=True, slots=True)
class BootmemReleased(Event):
    """How many pages a node gave to the page allocator, its bitmap's pages included."""

    nid: int
    released: int


@event("bootmem_reserved_twice")
@dataclass(frozen=True, slots=True)
class ReservedTwice(Event):
    """A page that was reserved already; the address counts from the node's start."""

    address: int


@event("bootmem_alloc_failed")
@dataclass(frozen=True, slots=True)
class BootmemAllocFailed(Event):
    """No node had room for a request: the kernel panics next."""

    failed_size: int
    low: str | None = None


@event("bootmem_setup_node")
@dataclass(frozen=True, slots=True)
class BootmemSetupNode(Event):
    """A node of x86_64 is set up (setup_node_bootmem())."""

    nid: int
    start: int
    end: int


@event("bootmem_node_data")
@dataclass(frozen=True, slots=True)
class BootmemNodeData(Event):
    """Where the pg_data_t of the node being set up lies; `last` is inclusive."""

    start: int
    last: int


@event("bootmem_map_pages")
@dataclass(frozen=True, slots=True)
class BootmemMapPages(Event):
    """Where the bitmap of the node being set up lies; `last` is inclusive."""

    start: int
    last: int
    map_pages: int


@event("bootmem_node_low_ram")
@dataclass(frozen=True, slots=True)
class BootmemNodeLowRam(Event):
    """The part of a node below the end of lowmem."""

    nid: int
    start: int
    end: int


@event("bootmem_node_map")
@dataclass(frozen=True, slots=True)
class BootmemNodeMap(Event):
    """Where a node's bitmap lies."""

    nid: int
    start: int
    end: int


@event("bootmem_low_ram")
@dataclass(frozen=True, slots=True)
class BootmemLowRam(Event):
    """The end of lowmem, or of what is mapped of it."""

    end: int
    mapped: str | None = None


@event("early_res_header")
@dataclass(frozen=True, slots=True)
class EarlyResHeader(Event):
    """The early reservations follow, cut to the node [start, end)."""

    count: int
    start: int
    end: int


@event("early_res_row")
@dataclass(frozen=True, slots=True)
class EarlyResRow(Event):
    """One early reservation, and the part of it that was reserved in the node, if any."""

    index: int
    start: int
    end: int
    owner: str
    part_start: int | None = None
    part_end: int | None = None


@event("early_res_old_row")
@dataclass(frozen=True, slots=True)
class EarlyResOldRow(Event):
    """One early reservation as 2.6.24 and 2.6.25 print it; `last` is inclusive."""

    index: int
    start: int
    last: int
    owner: str


@event("early_res_subtract")
@dataclass(frozen=True, slots=True)
class EarlyResSubtract(Event):
    """The reserved ranges follow, as they are taken from free memory."""

    count: int


@event("early_res_subtracted")
@dataclass(frozen=True, slots=True)
class EarlyResSubtracted(Event):
    """One reserved range; `last` is inclusive."""

    start: int
    last: int


@event("smp_table")
@dataclass(frozen=True, slots=True)
class SmpTable(Event):
    """The SMP scan found an MP table at a physical address; its page is reserved next."""

    address: int
