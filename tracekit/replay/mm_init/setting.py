"""What the checks of zones, hash tables and the hand-off start from: kernel, memory, sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tracekit.boot import Boot
from tracekit.events.arch_maps import PpcPageOrders, PpcPageSize
from tracekit.events.base import Event
from tracekit.events.boot import LinuxVersion
from tracekit.events.memblock import MemblockRequest
from tracekit.events.mm_init import DeferredDone, InitmemSetup, SlubBanner, ZonePages, ZoneRangeLine
from tracekit.events.percpu_setup import PcpuAllocMap, RcuCpus, SetupPercpu
from tracekit.kernel.arch import Arch, facts, nr_orders, section_size
from tracekit.kernel.kernel import Kernel
from tracekit.mm.sparse import flat_map_bytes, section_counts, section_map_size
from tracekit.replay.mm_init.early_memory import EarlyMemory

# Functions that ask memblock for sparse memory maps alone, for flat ones, and for either.
SPARSE_CALLERS = (
    "sparse_",
    "__populate_section_memmap",
    "vmemmap_",
    "__earlyonly_bootmem_alloc",
)
FLAT_CALLERS = ("alloc_node_mem_map", "free_area_init")
EITHER_CALLER = "memmap_alloc"
NO_RAM = "the log does not say what is RAM"
ADDED = "memory was added while the system ran"
HUGE_PAGE = 1 << 20
STRUCT_PAGE_SIZES = {64: (64, 56, 72, 80, 96), 32: (32, 36, 40, 44, 48, 56)}


@dataclass(slots=True)
class Setting:
    """One boot's kernel and memory, with the sizes that its log or its build give.

    ``struct_page`` is sizeof(struct page) in bytes, ``guessed`` whether that is only the
    usual size. ``section_pages`` is None with a flat memory map. ``nr_orders`` counts the
    orders of the page allocator. ``boot_ends`` is the line behind which zones change by memory
    hotplug alone.
    """

    kernel: Kernel
    arch: Arch | None
    page_size: int
    memory: EarlyMemory
    struct_page: int = 64
    guessed: bool = True
    section_pages: int | None = None
    nr_orders: int = 11
    pageblock_order: int = 9
    cpus: int = 0
    nodes: int = 1
    smp: bool = True
    deferred: bool = False
    zone_names: tuple[str, ...] = ()
    boot_ends: int | None = None
    has: Callable[[str], bool] = field(default=lambda _: False)

    @property
    def default_zones(self) -> tuple[str, ...]:
        """The zones of a kernel that does not print their ranges."""
        return self.zone_names or (self.arch.zones if self.arch else ("Normal",))

    @property
    def usual_section_pages(self) -> int | None:
        """Pages of a section where the memory map is sparse, None without such a model."""
        bits = self.arch.section_size_bits if self.arch else None
        return (1 << bits) // self.page_size if bits else None

    @property
    def bits(self) -> int:
        """Bits of a long."""
        return self.arch.bits if self.arch else 64

    @property
    def sparse(self) -> bool:
        """Whether the memory map is sparse."""
        return self.section_pages is not None

    @property
    def mirrors_kernelcore(self) -> bool:
        """Whether kernelcore=mirror keeps the kernel's own pages in mirrored RAM."""
        return "mirror" in (self.kernel.option("kernelcore") or "").split(",")

    def is_hotplug(self, event: Event) -> bool:
        """Whether a line about zones comes from memory that was added after the boot."""
        return self.boot_ends is not None and event.source.line > self.boot_ends

    @property
    def max_order_pages(self) -> int:
        """Pages of the largest block."""
        return 1 << (self.nr_orders - 1)


def read_setting(boot: Boot, memory: EarlyMemory) -> Setting:
    """Return the setting of a boot whose memory is known as ``memory``."""
    kernel = boot.kernel
    arch = facts(kernel.arch)
    page_size = kernel.page_size or (arch.page_sizes[0] if arch else 4096)
    setting = Setting(kernel, arch, page_size, memory)
    setting.has = lambda name: kernel.has(name, default=True)
    setting.section_pages = _section_pages(boot, page_size)
    setting.nr_orders = memory.orders or nr_orders(kernel, page_size)
    setting.pageblock_order = pageblock_order(
        kernel, page_size, setting.nr_orders, _hash_huge_page(boot)
    )
    setting.cpus = possible_cpus(boot)
    setting.nodes = len({e.nid for e in boot.of(InitmemSetup)}) or 1
    banners = boot.of(LinuxVersion)
    setting.smp = not banners or " SMP" in banners[0].banner
    setting.deferred = bool(boot.of(DeferredDone))
    lines = [e for e in boot.events if isinstance(e, ZoneRangeLine | ZonePages)]
    setting.zone_names = tuple(dict.fromkeys(e.zone for e in lines))
    setting.boot_ends = next((e.source.line for e in boot.of(SlubBanner)), None)
    _size_struct_page(setting, boot)
    return setting


def _hash_huge_page(boot: Boot) -> int | None:
    """Return the size of a huge page under a hash MMU, None where there is none.

    16 MiB where the machine has such pages, else 1 MiB, else 2 MiB (hugetlbpage_init() of
    arch/powerpc/mm/hugetlbpage.c). Without the list of page sizes, the linear mapping tells:
    it uses 16 MiB where it can.
    """
    orders = boot.of(PpcPageOrders)
    if not orders:
        return None
    shifts = {event.base_shift for event in boot.of(PpcPageSize)}
    if not shifts:
        return 1 << orders[0].linear
    return 1 << next((shift for shift in (24, 20) if shift in shifts), 21)


def span(start: int, end: int) -> str:
    """Return a range of bytes, end exclusive, as the kernel prints it."""
    return f"[mem {start:#x}-{end - 1:#x}]" if start < end else "empty"


def possible_cpus(boot: Boot) -> int:
    """Return how many CPUs may come up, 0 where no line tells."""
    for event in boot.events:
        match event:
            case SetupPercpu(nr_cpu_ids=count) | RcuCpus(nr_cpu_ids=count) | SlubBanner(cpus=count):
                return count
    units = [c for e in boot.of(PcpuAllocMap) for _, cpus in e.allocs for c in cpus]
    return sum(cpu is not None for cpu in units)


def _section_pages(boot: Boot, page_size: int) -> int | None:
    callers = {e.by for e in boot.of(MemblockRequest)}
    named_sparse = any(caller.startswith(SPARSE_CALLERS) for caller in callers)
    # free_area_init() also allocates the data of nodes without memory, on any kernel.
    if not named_sparse and any(caller.startswith(FLAT_CALLERS) for caller in callers):
        return None
    size = section_size(boot.kernel)
    config = boot.kernel.evidence.config
    sparse = bool(config) or named_sparse
    arch = facts(boot.kernel.arch)
    if size is None or not (sparse or (arch and not arch.is_32bit and arch.name != "mips64")):
        return None
    return size // page_size


def pageblock_order(
    kernel: Kernel, page_size: int, orders: int, huge_page: int | None = None
) -> int:
    """Return the order of a pageblock: that of a huge page, or the largest there is.

    include/linux/pageblock-flags.h; what a huge page is differs by architecture, and on
    ppc64 with a hash MMU it is what the log names.
    """
    config = kernel.evidence.config
    no_huge = config and not any(
        config.get(name) == "y" for name in ("CONFIG_HUGETLB_PAGE", "CONFIG_TRANSPARENT_HUGEPAGE")
    )
    if no_huge or (not config and kernel.arch in ("mips", "m68k", "sh")):
        return orders - 1
    huge = huge_page or _HUGE.get(kernel.arch or "", page_size // 8 * page_size)
    return min(huge // page_size, 1 << (orders - 1)).bit_length() - 1


_HUGE = {"s390x": 1 << 20, "ppc64": 2 << 20, "arm": 2 << 20, "i386": 2 << 20}


def _size_struct_page(setting: Setting, boot: Boot) -> None:
    candidates = STRUCT_PAGE_SIZES[setting.bits]
    if setting.bits == 64 and not setting.has("struct_page_aligned"):
        candidates = (56, *candidates)
    seen = next((c for c in candidates if _explains_request(setting, boot, c)), None)
    setting.struct_page = seen or candidates[0]
    setting.guessed = seen is None


def _explains_request(setting: Setting, boot: Boot, size: int) -> bool:
    expected = set(memmap_request_sizes(setting, size))
    return any(
        is_memmap_request(e, setting) and e.size in expected for e in boot.of(MemblockRequest)
    )


def is_memmap_request(event: MemblockRequest, setting: Setting) -> bool:
    """Whether a request is for all struct pages of a run of sections, or of a flat node."""
    if setting.sparse:
        return (
            event.exact_nid
            and event.align >= HUGE_PAGE
            and event.by.startswith((*SPARSE_CALLERS, EITHER_CALLER))
        )
    pages = max((r.end_pfn for r in setting.memory.ranges or []), default=0)
    pages -= setting.memory.start_pfn if setting.memory.ranges else 0
    return event.by.startswith((*FLAT_CALLERS, EITHER_CALLER)) and event.size > pages


def memmap_request_sizes(setting: Setting, struct_page: int) -> list[int]:
    """Return the bytes that each request for struct pages must have, in the kernel's order."""
    ranges = setting.memory.ranges or []
    if setting.section_pages is not None:
        size = section_map_size(setting.section_pages, struct_page, huge_page(setting))
        return [size * count for _, count in section_counts(ranges, setting.section_pages)]
    found = []
    for nid in sorted({r.nid for r in ranges}):
        own = [r for r in ranges if r.nid == nid]
        start, end = own[0].start_pfn, own[-1].end_pfn
        found.append(flat_map_bytes(start, end, struct_page, setting.max_order_pages))
    return found


def huge_page(setting: Setting) -> int:
    """Return the bytes that one entry of the second lowest page table level maps (PMD_SIZE)."""
    if setting.kernel.arch == "s390x":
        return 1 << 20
    return setting.page_size // 8 * setting.page_size if setting.page_size < 1 << 16 else HUGE_PAGE
