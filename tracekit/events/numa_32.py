"""What the remap allocator of 32-bit x86 NUMA kernels logs (grammars/numa_32.lark).

Numbers that were decimal up to 2.6.26 and hex later are kept as text until the driver has
seen which wording it is. Ends are exclusive unless named last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tracekit.events.base import Event, Source, event


@event("kva_node_pfn")
@dataclass(frozen=True, slots=True)
class NodePfn(Event):
    """The pages of a node as the firmware gives them, before the end of RAM cuts them."""

    nid: int
    start_pfn: int
    end_pfn: int


@event("kva_physnode")
@dataclass(frozen=True, slots=True)
class PhysnodeMap(Event):
    """A range of a node (memory_present()); decimal or hex."""

    nid: int
    start_number: str
    end_number: str


@event("kva_chunk")
@dataclass(frozen=True, slots=True)
class MemoryChunk(Event):
    """A memory chunk of the SRAT, in pfns."""

    index: int
    nid: int
    start_pfn: int
    end_pfn: int


@event("kva_reserve")
@dataclass(frozen=True, slots=True)
class KvaReserve(Event):
    """The pages that a node gives up, and since 2.6.27 their first pfn."""

    nid: int
    pages: int
    pfn: int | None = None


@event("kva_total")
@dataclass(frozen=True, slots=True)
class KvaTotal(Event):
    """The pages that all nodes give up; decimal or hex."""

    total_number: str


@event("kva_shrink", "kva_remove_active")
@dataclass(frozen=True, slots=True)
class KvaShrink(Event):
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
@dataclass(frozen=True, slots=True)
class KvaShrinkFurther(Event):
    """The odd pages that a node loses on top."""

    nid: int
    pages: int


@event("kva_start")
@dataclass(frozen=True, slots=True)
class KvaStart(Event):
    """The first pfn of the KVA area and the end of lowmem; decimal with the older words."""

    start_number: str
    end_number: str
    decimal: str | None = None


@event("kva_reserve_pages")
@dataclass(frozen=True, slots=True)
class KvaReservePages(Event):
    """The total again and the end of lowmem without it (up to 2.6.19)."""

    pages: int
    new_end: int


@event("kva_max_pfn")
@dataclass(frozen=True, slots=True)
class MaxPfn(Event):
    """The end of RAM; decimal or hex."""

    end_number: str


@event("kva_max_low_pfn")
@dataclass(frozen=True, slots=True)
class MaxLowPfn(Event):
    """The end of lowmem and the start of highmem; decimal or hex."""

    end_number: str
    start_number: str
    min_number: str | None = None


@event("kva_will_remap")
@dataclass(frozen=True, slots=True)
class WillRemap(Event):
    """The virtual addresses that a node's remapped pages will have."""

    nid: int
    start: int
    end: int


@event("kva_pgdat")
@dataclass(frozen=True, slots=True)
class AllocatePgdat(Event):
    """The virtual address of a node's pg_data_t."""

    nid: int
    start: int


@event("kva_remap_node")
@dataclass(frozen=True, slots=True)
class RemapNode(Event):
    """A node's large pages are mapped next."""

    nid: int


@event("kva_remap_page")
@dataclass(frozen=True, slots=True)
class RemapPage(Event):
    """One large page: its virtual address and its first pfn."""

    start: int
    pfn: int


@event("remap_alloc")
@dataclass(frozen=True, slots=True)
class RemapAlloc(Event):
    """A node's area and the virtual addresses that it is mapped to (3.0 to 3.8)."""

    nid: int
    start: int
    end: int
    remap_start: int
    remap_end: int


@event("remap_failed")
@dataclass(frozen=True, slots=True)
class RemapFailed(Event):
    """A node got no remap area: no room in the node, or (`area`) in lowmem."""

    size: int
    nid: int
    area: str | None = None


@event("remap_node_data")
@dataclass(frozen=True, slots=True)
class RemappedNodeData(Event):
    """The physical addresses of the pg_data_t in the remapped area; `last` is inclusive."""

    first: int
    last: int
