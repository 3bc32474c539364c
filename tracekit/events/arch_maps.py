"""Memory maps of single architectures: arm, powerpc, s390, alpha, parisc, sparc64."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from tracekit.events.base import Event, Source, event
from tracekit.events.ranges import KIB, RangeEvent, take_range


@event("arm_policy")
class ArmMemoryPolicy(Event, frozen=True):
    """How arm maps RAM; printed by build_mem_type_table, before any page table is built."""


@event("arm_truncated")
class ArmTruncated(RangeEvent, frozen=True):
    """A bank of RAM cut at ``new_end`` (exclusive) because lowmem ends there."""

    new_end: int

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from inclusive ends."""
        start, end = take_range(fields)
        return cls(source, start, end, fields["new_last"] + 1)


@event("arm_ignored", "arm_ignored_old", "arm_below_offset")
class ArmIgnored(RangeEvent, frozen=True):
    """RAM that the kernel cannot use: above lowmem without HIGHMEM, or below PHYS_OFFSET."""


@event("lowmem_layout")
class LowmemLayout(RangeEvent, frozen=True):
    """The virtual range of the linear map in mem_init's table, end exclusive."""


@event("ppc_mem_size")
class PpcMemSize(Event, frozen=True):
    """Bytes of RAM in memblock when setup_arch printed its block."""

    size: int


@event("ram_top")
class RamTop(Event, frozen=True):
    """The end of RAM (exclusive) and its bytes; they differ by the holes."""

    top: int
    total: int


@event("ram_hole")
class RamHole(Event, frozen=True):
    """MiB of holes below the end of RAM."""

    mib: int


@event("ppc_prom_header", "parisc_header")
class ArchMapHeader(Event, frozen=True):
    """The head of a block of rows."""


@event("ppc_prom_row")
class PromLayout(Event, frozen=True):
    """One value of prom_init's memory layout (alloc_bottom, ram_top, ...)."""

    prom_name: str
    value: int


@event("ppc_total", "parisc_total")
class TotalMemory(Event, frozen=True):
    """RAM in MiB: Hash_mem on 32-bit powerpc, parisc's sum of its ranges."""

    mib: int


@event("ppc_orders")
class PpcPageOrders(Event, frozen=True):
    """log2 of the page sizes of the linear mapping and of other kernel pages (hash MMU)."""

    linear: int
    virtual: int


@event("ppc_page_size")
class PpcPageSize(Event, frozen=True):
    """log2 of a page size that segments of a base page size can use (hash MMU)."""

    base_shift: int
    shift: int


@event("ppc_oops")
class PpcOops(Event, frozen=True):
    """The second line of an Oops, which names the page size in KiB."""

    kib: int


@event("ppc_radix_mapped")
class RadixMapped(RangeEvent, frozen=True):
    """A range of the linear map of a radix kernel, end exclusive (create_physical_mapping)."""


@event("s390_memory_end")
class S390MemoryEnd(Event, frozen=True):
    """The end of memory that the kernel will use, in MiB (setup_memory_end)."""

    mib: int


@event("alpha_cluster")
class MemCluster(RangeEvent, frozen=True):
    """A cluster of the HWRPB's memory descriptor table; usage bit 0 is the console's."""

    page_size: ClassVar[int] = 8 * KIB
    index: int
    usage: int

    @property
    def is_ram(self) -> bool:
        """Whether the kernel may use the cluster."""
        return not self.usage & 3


@event("alpha_forced")
class AlphaForced(Event, frozen=True):
    """mem= cut RAM, both sizes in KiB."""

    new_kib: int
    kib: int


@event("parisc_row")
class PariscRange(RangeEvent, frozen=True):
    """A range of RAM that PDC reports (setup_bootmem), end exclusive; ``mib`` its size."""

    index: int
    mib: int

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from the ends; the size is printed beside them."""
        return cls(source, fields["first"], fields["last"] + 1, fields["index"], fields["mib"])


@event("parisc_gap")
class PariscGap(Event, frozen=True):
    """RAM behind a gap of this many pages is given up."""

    pages: int


@event("parisc_bad")
class BadMemory(Event, frozen=True):
    """A page that firmware's page deallocation table calls bad; ``address`` in bytes."""

    address: int


@event("sparc_offset")
class SparcPageOffset(Event, frozen=True):
    """sparc64's PAGE_OFFSET and the physical address bits behind it."""

    value: int
    bits: int
