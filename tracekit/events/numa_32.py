"""What the remap allocator of 32-bit x86 NUMA kernels logs (grammars/numa_32.lark).

Numbers that were decimal up to 2.6.26 and hex later are kept as text until the driver has
seen which wording it is. Ends are exclusive unless named last.
"""

from __future__ import annotations

from typing import Any

from tracekit.events.base import Event, Source, event


@event("kva_node_pfn")
class NodePfn(Event, frozen=True):
    """The pages of a node as the firmware gives them, before the end of RAM cuts them."""

    nid: int
    start_pfn: int
    end_pfn: int


@event("kva_physnode")
class PhysnodeMap(Event, frozen=True):
    """A range of a node (memory_present()); decimal or hex."""

    nid: int
    start_number: str
    end_number: str


@event("kva_chunk")
class MemoryChunk(Event, frozen=True):
    """A memory chunk of the SRAT, in pfns."""

    index: int
    nid: int
    start_pfn: int
    end_pfn: int


@event("kva_reserve")
class KvaReserve(Event, frozen=True):
    """The pages that a node gives up, and since 2.6.27 their first pfn."""

    nid: int
    pages: int
    pfn: int | None = None


@event("kva_total")
class KvaTotal(Event, frozen=True):
    """The pages that all nodes give up; decimal or hex."""

    total_number: str


@event("kva_shrink", "kva_remove_active")
class KvaShrink(Event, frozen=True):
    """A node loses its end: from old_end to new_end, or [old_end, new_end) is removed."""

    nid: int
    old_end: int
    new_end: int
    removed: bool = False

    @classmethod
    def from_fields(cls, source: Source, rule: str, fields: dict[str, Any]) -> KvaShrink:
        """Tell the two wordings apart: "remove_active_range (0, a, b)" removes [a, b)."""
        return cls(source, **fields, removed=rule == "kva_remove_active")


@event("kva_shrink_further")
class KvaShrinkFurther(Event, frozen=True):
    """The odd pages that a node loses on top."""

    nid: int
    pages: int


@event("kva_start")
class KvaStart(Event, frozen=True):
    """The first pfn of the KVA area and the end of lowmem; decimal with the older words."""

    start_number: str
    end_number: str
    decimal: str | None = None


@event("kva_reserve_pages")
class KvaReservePages(Event, frozen=True):
    """The total again and the end of lowmem without it (up to 2.6.19)."""

    pages: int
    new_end: int


@event("kva_max_pfn")
class MaxPfn(Event, frozen=True):
    """The end of RAM; decimal or hex."""

    end_number: str


@event("kva_max_low_pfn")
class MaxLowPfn(Event, frozen=True):
    """The end of lowmem and the start of highmem; decimal or hex."""

    end_number: str
    start_number: str
    min_number: str | None = None


@event("kva_will_remap")
class WillRemap(Event, frozen=True):
    """The virtual addresses that a node's remapped pages will have."""

    nid: int
    start: int
    end: int


@event("kva_pgdat")
class AllocatePgdat(Event, frozen=True):
    """The virtual address of a node's pg_data_t."""

    nid: int
    start: int


@event("kva_remap_node")
class RemapNode(Event, frozen=True):
    """A node's large pages are mapped next."""

    nid: int


@event("kva_remap_page")
class RemapPage(Event, frozen=True):
    """One large page: its virtual address and its first pfn."""

    start: int
    pfn: int


@event("remap_alloc")
class RemapAlloc(Event, frozen=True):
    """A node's area and the virtual addresses that it is mapped to (3.0 to 3.8)."""

    nid: int
    start: int
    end: int
    remap_start: int
    remap_end: int


@event("remap_failed")
class RemapFailed(Event, frozen=True):
    """A node got no remap area: no room in the node, or (`area`) in lowmem."""

    size: int
    nid: int
    area: str | None = None


@event("remap_node_data")
class RemappedNodeData(Event, frozen=True):
    """The physical addresses of the pg_data_t in the remapped area; `last` is inclusive."""

    first: int
    last: int
