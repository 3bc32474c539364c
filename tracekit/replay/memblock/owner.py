"""What an allocation without a request line is for, told by its caller and by the lines around it.

Before v3.14 no allocation was announced; later only those that ask for a physical address
are not: NODE_DATA, CMA areas and, before v5.14, everything from memblock_phys_alloc_range().
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.events.base import Event
from tracekit.events.carveouts import CmaReserved
from tracekit.events.mm_init import (
    MemmapExceeds,
    MemmapUsed,
    NodeMemMap,
    NodeTotalPages,
    ZonePages,
    ZoneReserved,
)
from tracekit.events.numa import NodeData
from tracekit.events.percpu_setup import PercpuEmbedded, PercpuPaged, SetupPercpu
from tracekit.mm.memblock_type import NUMA_NO_NODE
from tracekit.replay.memblock.log import Alloc, Other, Step
from tracekit.replay.memblock.machine import GIB, MIB, Machine

# What free_area_init_node() prints while it allocates a node's maps.
NODE_LINES = (MemmapUsed, MemmapExceeds, ZonePages, ZoneReserved, NodeMemMap, NodeTotalPages)


@dataclass(frozen=True, slots=True)
class Purpose:
    """Alignment, limits (bytes, ``end`` exclusive, 0 for current_limit) and node of a search."""

    kind: str
    align: int
    start: int = 0
    end: int = 0
    nid: int = NUMA_NO_NODE


ANNOUNCED = Purpose("announced", 0)


@dataclass(slots=True)
class Places:
    """Follows the log and says what an unannounced allocation at this place is for."""

    machine: Machine
    node: int | None = None
    percpu_arrays: int = 0
    percpu_units: int | None = None
    node_data: int = 0

    def passed(self, step: Step) -> None:
        """Take note of a step that is over."""
        if isinstance(step, Other):
            self._event(step.event)
        elif isinstance(step, Alloc) and step.result is not None:
            if self.percpu_arrays:
                self.percpu_arrays -= 1
            elif self.percpu_units is not None:
                self.percpu_units += 1

    def _event(self, event: Event) -> None:
        if isinstance(event, NodeTotalPages):
            self.node = event.nid
        elif not isinstance(event, NODE_LINES):
            self.node = None
        if isinstance(event, NodeData):
            self.node_data += 1
        if isinstance(event, SetupPercpu):
            # pcpu_alloc_alloc_info() and the array of areas or pages: whole pages, but only
            # aligned to a cache line (mm/percpu.c).
            self.percpu_arrays = 2
            self.percpu_units = 0
        elif isinstance(event, PercpuPaged | PercpuEmbedded):
            self.percpu_units = None

    def purpose(self, alloc: Alloc) -> Purpose:
        """Return the search that an unannounced allocation makes here.

        An announced one says all of that itself.
        """
        if alloc.request is not None:
            return ANNOUNCED
        line = self.machine.smp_cache_bytes
        if isinstance(alloc.followed, NodeData) and alloc.base == alloc.followed.start:
            return Purpose("node_data", line, nid=self._node_of(alloc, alloc.followed))
        if isinstance(alloc.followed, CmaReserved):
            nid = alloc.result.nid if alloc.result is not None else None
            nid = alloc.followed.nid if nid is None else nid
            align = cma_alignment(self.machine, alloc.size)
            return Purpose("cma", align, 0, self.machine.dma_end or 0, _or_any(nid))
        if self.node is not None:
            return Purpose("node_maps", line, 16 * MIB, nid=self.node)
        if self.percpu_arrays:
            return Purpose("percpu", line)
        return Purpose("other", self._usual_align(alloc), nid=self._percpu_node())

    def _percpu_node(self) -> int:
        """The node of the CPU whose unit is being filled (pcpu_page_first_chunk)."""
        pages, nodes = self.machine.percpu_pages, self.machine.cpu_nodes
        if self.percpu_units is None or not pages or self.percpu_units >= pages * len(nodes):
            return NUMA_NO_NODE
        return nodes[self.percpu_units // pages]

    def _node_of(self, alloc: Alloc, printed: NodeData) -> int:
        if alloc.result is not None and alloc.result.nid is not None:
            return alloc.result.nid
        if printed.nid is not None:
            return printed.nid
        found = sorted({node.nid for node in self.machine.nodes})
        return found[self.node_data] if self.node_data < len(found) else NUMA_NO_NODE

    def _usual_align(self, alloc: Alloc) -> int:
        # early_alloc() and alloc_low_pages() take pages, vmemmap_populate() huge pages, and
        # sparse_init() one pointer for each possible section, aligned to a cache line.
        if alloc.size == self.machine.section_pointers:
            return self.machine.smp_cache_bytes
        if self.machine.arch == "x86_64" and alloc.size % (2 * MIB) == 0:
            return 2 * MIB
        if alloc.size % self.machine.page_size == 0:
            return self.machine.page_size
        return 4 if self.machine.is_arm else self.machine.smp_cache_bytes


def cma_alignment(machine: Machine, size: int) -> int:
    """CMA_MIN_ALIGNMENT_BYTES: a page block, before v5.18 at least MAX_ORDER - 1 pages.

    Areas for gigantic pages (hugetlb_cma=) are aligned to such a page.
    """
    page = machine.page_size
    if machine.kernel.option("hugetlb_cma") is not None and size % GIB == 0:
        return GIB
    huge = machine.huge_page_size
    whole = page << (machine.orders - 1)
    if machine.kernel.has("cma_by_pageblock", default=True):
        return huge or whole
    return max(huge, whole)


def _or_any(nid: int | None) -> int:
    return NUMA_NO_NODE if nid is None else nid
