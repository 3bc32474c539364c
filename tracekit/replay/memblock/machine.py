"""What the rest of a log says about the machine that memblock runs on: nodes, lowmem, cache line.

These lines stand outside memblock's own; they pin what no memblock line tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tracekit.events.arch_maps import RadixMapped
from tracekit.events.base import Event, Source
from tracekit.events.carveouts import HugePages
from tracekit.events.memblock import MemblockRequest, MemblockRow
from tracekit.events.mm_init import NodeRangeLine, SlubBanner, ZoneRangeLine, whole_node_ranges
from tracekit.events.numa import EmulatedNode, SratCpu
from tracekit.events.percpu_setup import PercpuEmbedded, PercpuPaged
from tracekit.kernel.arch import facts, nr_orders, section_size
from tracekit.kernel.kernel import Kernel

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


# Who allocates on powerpc before the hash table is there (arch/powerpc/kernel/paca.c).
REAL_MODE_CALLERS = ("allocate_paca", "alloc_paca_data", "new_slb_shadow", "new_lppaca")
HASH_CALLERS = ("hash__early_init_mmu", "htab_initialize")


@dataclass(frozen=True, slots=True)
class NodeSpan:
    """RAM of one node, bytes, end exclusive, and the line that says so."""

    nid: int
    start: int
    end: int
    source: Source


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts about kernel and machine that memblock's rules depend on.

    ``lowmem_end`` is where HighMem begins, None without HighMem; ``dma_end`` ends the lowest
    zone that a device reaches; ``pmd_size`` is what one page middle directory entry maps.
    ``node_ranges`` are the printed ranges of RAM in whole pages. ``cpu_nodes`` are the nodes of
    the CPUs in order, ``percpu_pages`` the pages of each CPU's unit if it is mapped by page,
    ``percpu_unit`` the bytes in use and in all of a unit in the linear map. ``orders`` is the
    number of orders of the page allocator, which decides how large its page blocks are.
    ``registered_huge`` is the least huge page that the log or the configuration names, 0 without.
    ``emulated_at`` is the first line of nodes faked by numa=fake=, ``rma_end`` the end of what
    powerpc reaches in real mode where requests name it.
    """

    kernel: Kernel
    arch: str
    page_size: int
    smp_cache_bytes: int
    bottom_up: bool
    lowmem_end: int | None = None
    dma_end: int | None = None
    nodes: tuple[NodeSpan, ...] = ()
    node_ranges: tuple[tuple[int, int], ...] = ()
    zones: tuple[ZoneRangeLine, ...] = ()
    cpu_nodes: tuple[int, ...] = ()
    percpu_pages: int = 0
    percpu_unit: tuple[int, int] | None = None
    radix: bool = False
    orders: int = 11
    registered_huge: int = 0
    emulated_at: int | None = None
    rma_end: int | None = None

    @property
    def is_x86(self) -> bool:
        """Whether e820 and arch/x86/kernel/setup.c describe this machine."""
        return self.arch in ("x86_64", "i386")

    @property
    def is_arm(self) -> bool:
        """Whether arch/arm/mm/mmu.c maps low memory here."""
        return self.arch == "arm"

    @property
    def reserves_fdt_early(self) -> bool:
        """Whether the device tree is reserved before memblock=debug is parsed.

        arm64's setup_machine_fdt() and, since the tree has a mapping of its own, arm's
        setup_arch(); others do it later and show a line.
        """
        if self.arch == "arm":
            return self.kernel.has("arm_fdt_reserved_early", default=True)
        return self.arch in ("arm64", "loongarch64")

    @property
    def section_pointers(self) -> int:
        """Bytes of an array of pointers, one for each possible memory section; 0 off x86_64."""
        arch = facts(self.arch)
        size = section_size(self.kernel) if self.arch == "x86_64" else None
        if arch is None or size is None or arch.max_physmem_bits is None:
            return 0
        return (arch.bits // 8 << arch.max_physmem_bits) // size

    @property
    def huge_page_size(self) -> int:
        """Bytes of a page block where architecture and build have huge pages, else 0.

        A page middle directory entry's worth in general (asm/pgtable.h: PMD_SHIFT); s390 has
        segments of 1 MiB, ppc64's hash MMU pages of 16 MiB, sparc64 pages of 8 MiB. Few 32-bit
        builds have any: those with LPAE on arm.
        """
        if self.arch in ("arm", "mips", "ppc32", "riscv32", "sparc32", "m68k", "sh"):
            return self.registered_huge
        odd = {"s390x": MIB, "sparc64": 8 * MIB, "ppc64": 2 * MIB if self.radix else 16 * MIB}
        return odd.get(self.arch, self.page_size * (self.page_size // 8))

    @property
    def pmd_size(self) -> int:
        """Bytes that one page middle directory entry maps."""
        if self.is_arm:
            return MIB if self.lowmem_short else 2 * MIB
        if self.arch == "i386":
            return 2 * MIB
        return self.page_size * (self.page_size // 8)

    @property
    def lowmem_short(self) -> bool:
        """Whether an ARM kernel uses the two-level page table (no LPAE)."""
        return not any(zone.end > 1 << 32 for zone in self.zones)

    @property
    def other_orders(self) -> tuple[int, ...]:
        """Numbers of orders that this architecture's boards choose and that no line shows.

        ARCH_FORCE_MAX_ORDER of arch/arm/Kconfig: more for SOC_AM33XX, fewer for SA1111.
        """
        known = any("FORCE_MAX_" in name for name in self.kernel.evidence.config)
        return () if known or not self.is_arm else (12, 9)

    def with_orders(self, orders: int) -> Machine:
        """The same machine with another number of orders."""
        return replace(self, orders=orders)

    def with_cache_line(self, smp_cache_bytes: int) -> Machine:
        """The same machine with another L1 cache line."""
        return replace(self, smp_cache_bytes=smp_cache_bytes)


def describe(kernel: Kernel, events: Sequence[Event]) -> Machine:
    """Gather the facts from a whole log."""
    arch = kernel.arch or "unknown"
    known = facts(kernel.arch)
    page_size = kernel.page_size or (known.page_sizes[0] if known else 4096)
    zones = tuple(e for e in events if isinstance(e, ZoneRangeLine))
    return Machine(
        kernel=kernel,
        arch=arch,
        page_size=page_size,
        smp_cache_bytes=_cache_line(arch, events),
        bottom_up=bool(known and known.bottom_up),
        lowmem_end=_zone_start(zones, "HighMem", page_size),
        dma_end=_dma_end(arch, zones, page_size),
        nodes=_nodes(events, page_size),
        node_ranges=_node_ranges(events, page_size),
        zones=zones,
        cpu_nodes=_cpu_nodes(events),
        percpu_unit=_percpu_unit(events, page_size),
        orders=nr_orders(kernel, page_size),
        radix=any(isinstance(event, RadixMapped) for event in events),
        registered_huge=_registered_huge(kernel, events),
        emulated_at=next((e.source.line for e in events if isinstance(e, EmulatedNode)), None),
        rma_end=_rma_end(arch, events),
        percpu_pages=next((e.pages for e in events if isinstance(e, PercpuPaged)), 0),
    )


def _cache_line(arch: str, events: Sequence[Event]) -> int:
    # L1_CACHE_BYTES of asm/cache.h; HWalign may be larger, it follows the processor.
    fixed = {"s390x": 256, "ppc64": 128, "ppc32": 32, "sparc64": 64, "parisc64": 64, "mips": 32}
    if arch == "arm":
        banners = [e for e in events if isinstance(e, SlubBanner)]
        return banners[0].hwalign if banners else 64
    return fixed.get(arch, 64)


def _registered_huge(kernel: Kernel, events: Sequence[Event]) -> int:
    sizes = [event.size for event in events if isinstance(event, HugePages)]
    if kernel.arch == "arm" and kernel.evidence.config.get("CONFIG_HUGETLB_PAGE") == "y":
        sizes.append(2 * MIB)  # it needs LPAE, whose middle directory entries map so much
    return min(sizes, default=0)


def _rma_end(arch: str, events: Sequence[Event]) -> int | None:
    """Return ppc64_rma_size, which bounds what the first allocations ask for explicitly."""
    if arch != "ppc64" or any(isinstance(event, RadixMapped) for event in events):
        return None
    early = (*REAL_MODE_CALLERS, *HASH_CALLERS)
    requests = [e for e in events if isinstance(e, MemblockRequest) and e.by.startswith(early)]
    return max((e.max_addr for e in requests), default=0) or None


def _zone_bytes(zone: ZoneRangeLine, page_size: int) -> tuple[int, int]:
    scale = page_size if zone.in_pfn else 1
    return zone.start * scale, zone.end * scale


def _zone_start(zones: Sequence[ZoneRangeLine], name: str, page_size: int) -> int | None:
    for zone in zones:
        if zone.zone == name and not zone.empty:
            return _zone_bytes(zone, page_size)[0]
    return None


def _dma_end(arch: str, zones: Sequence[ZoneRangeLine], page_size: int) -> int | None:
    """Where the memory ends that dma_contiguous_reserve() may use, None for anywhere.

    arm64 gives it the lowest zone's end, riscv that of DMA32; arm that of DMA if a machine has
    a real one, else 4 GiB.
    """
    ends = {z.zone: _zone_bytes(z, page_size)[1] for z in zones if not z.empty}
    if arch in ("arm64", "riscv64"):
        return ends.get("DMA") or ends.get("DMA32")
    if arch == "arm":
        return ends["DMA"] if {"DMA", "Normal"} <= set(ends) else 4 * GIB
    return None


def _cpu_nodes(events: Sequence[Event]) -> tuple[int, ...]:
    cpus = [event for event in events if isinstance(event, SratCpu)]
    return tuple(cpu.pxm if cpu.nid is None else cpu.nid for cpu in cpus)


def _percpu_unit(events: Sequence[Event], page_size: int) -> tuple[int, int] | None:
    lines = [event for event in events if isinstance(event, PercpuEmbedded)]
    return (lines[0].pages * page_size, lines[0].unit) if lines else None


def _node_ranges(events: Sequence[Event], page_size: int) -> tuple[tuple[int, int], ...]:
    lines = whole_node_ranges(events)
    scaled = [
        (e.start * page_size, e.end * page_size) if e.in_pfn else (e.start, e.end) for e in lines
    ]
    return tuple(scaled)


def _nodes(events: Sequence[Event], page_size: int) -> tuple[NodeSpan, ...]:
    spans: list[NodeSpan] = []
    for event in events:
        if isinstance(event, NodeRangeLine):
            scale = page_size if event.in_pfn else 1
            span = NodeSpan(event.nid, event.start * scale, event.end * scale, event.source)
            spans.append(span)
        elif isinstance(event, MemblockRow) and event.list == "memory" and event.nid is not None:
            end = event.base + event.size
            spans.append(NodeSpan(event.nid, event.base, end, event.source))
    return tuple(spans)
