"""What the log says of the owner of an allocation behind one of memblock's helpers.

Each rule looks at one sign around the allocation and is true of the kernel: a line that prints
the very range, a line that one function alone prints beside its allocation, the order of calls
in one function, a size that another line states. The surest come first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tracekit.boot import Boot
from tracekit.events.carveouts import CmaReserved, CrashKernel, SwiotlbMapped
from tracekit.events.numa import NodeData
from tracekit.events.percpu_setup import SetupPercpu
from tracekit.events.ranges import RangeEvent
from tracekit.replay.memblock.log import Alloc, Dump, Step

HASH_TABLE = re.compile(r"hash table entries: \d+ \(order:? ?-?\d+, (\d+) bytes")
VMEMMAP = re.compile(r"\] PMD -> \[([0-9a-f]{16})-")
DIRECT_MAP = (1 << 43) - 1  # x86_64 maps all memory from 0xffff880000000000 on
# A line that one function prints right before (after) its allocation, nothing in between.
BEFORE = (
    # arch/x86/kernel/acpi/boot.c, acpi_parse_hpet()
    ("ACPI: HPET id:", "acpi_parse_hpet"),
)
AFTER = (
    # kernel/power/snapshot.c, register_nosave_region()
    ("PM: Registered nosave memory", "register_nosave_region"),
    ("PM: hibernation: Registered nosave memory", "register_nosave_region"),
    # arch/powerpc/kernel/setup-common.c, smp_setup_cpu_maps()
    ("Partition configured for ", "smp_setup_cpu_maps"),
    # arch/x86/kernel/setup.c, relocate_initrd()
    ("Allocated new RAMDISK", "relocate_initrd"),
)
LOG_BUFFER = ("printk: log_buf_len", "log_buf_len:", "printk: log buffer data")
# Whoever asks next: both allocations belong to one run of a known function.
NEXT = {
    # arch/x86/kernel/e820.c: e820__reserve_resources() makes its array, then the firmware map.
    "firmware_map_add_early": "e820__reserve_resources",
    # mm/sparse.c, memory_present(): the roots, then the first section.
    "sparse_index_alloc": "sparse_init",
    # arch/s390/kernel/smp.c, smp_detect_cpus()
    "sclp_early_get_core_info": "smp_detect_cpus",
    # init/main.c, setup_command_line() before setup_per_cpu_areas()
    "pcpu_build_alloc_info": "start_kernel",
    "pcpu_alloc_alloc_info": "start_kernel",
}


@dataclass(slots=True)
class Place:
    """An allocation behind a helper with what stands around it.

    ``before`` and ``after`` are the nearest lines that are not memblock's, ``next_line`` the
    very next line, ``previous`` the step before it, ``following`` the callers of the next two
    allocations as far as no other step lies between.
    """

    alloc: Alloc
    before: str
    after: str
    next_line: str
    previous: Step | None
    following: tuple[str, ...]
    owner: str = ""

    @property
    def size(self) -> int:
        """Bytes that were asked for, or that the reserve line shows."""
        return self.alloc.request.size if self.alloc.request else self.alloc.size

    @property
    def align(self) -> int:
        """The alignment asked for, 0 where no line says it."""
        return self.alloc.request.align if self.alloc.request else 0


Rule = Callable[[Place, Boot], str]


def owner_of(place: Place, boot: Boot) -> str:
    """Return the function that made the allocation, ``""`` where the log does not tell."""
    return next((name for rule in RULES if (name := rule(place, boot))), "")


def _printed_range(place: Place, _boot: Boot) -> str:
    """The next event prints where the memory lies (NODE_DATA, CMA, crash kernel, swiotlb)."""
    event = place.alloc.followed
    if not isinstance(event, RangeEvent) or event.start != place.alloc.base:
        return ""
    names: dict[type[RangeEvent], str] = {
        NodeData: "alloc_node_data",
        CmaReserved: "cma_declare_contiguous_nid",
        CrashKernel: "reserve_crashkernel_generic",
        SwiotlbMapped: "swiotlb_init_remap",
    }
    return names.get(type(event), "")


def _hash_table(place: Place, _boot: Boot) -> str:
    """alloc_large_system_hash() prints the bytes right after (mm/mm_init.c)."""
    found = HASH_TABLE.search(place.next_line)
    return "alloc_large_system_hash" if found and int(found[1]) == place.size else ""


def _command_line(place: Place, boot: Boot) -> str:
    """setup_command_line() of init/main.c copies the command line with its end mark."""
    words = boot.kernel.cmdline
    return "start_kernel" if words and len(words.encode()) + 1 == place.size else ""


def _device_tree(place: Place, _boot: Boot) -> str:
    """unflatten_device_tree() aligns to a node's pointers; it follows the reserved memory."""
    near = place.before.startswith("OF: ")
    return "early_init_dt_alloc_memory_arch" if near and place.align in (4, 8) else ""


def _masks(place: Place, boot: Boot) -> str:
    """x86 allocates CPU masks after the percpu areas (setup_per_cpu_areas of setup_percpu.c)."""
    setup = next(iter(boot.of(SetupPercpu)), None)
    if setup is None or setup.source.line > place.alloc.source.line:
        return ""
    size = -(-setup.cpumask_bits // 64) * 8
    early = not place.before.startswith("Kernel command line")
    fits = early and place.size == size and boot.kernel.arch == "x86_64"
    return "alloc_bootmem_cpumask_var" if fits else ""


def _standard_resources(place: Place, boot: Boot) -> str:
    """arm64 and riscv make a resource for each region right after the dump (setup.c of both)."""
    dump, arch = place.previous, boot.kernel.arch
    if not isinstance(dump, Dump) or place.size % 64:
        return ""
    fits = arch == "riscv64" or (arch == "arm64" and place.size == 64 * len(dump.of("memory")))
    return "setup_arch" if fits else ""


def _percpu_arrays(place: Place, boot: Boot) -> str:
    """What lies between setup_percpu's line and the summary is percpu's (mm/percpu.c)."""
    begun = place.before.startswith("setup_percpu:")
    begun = begun or any(name.startswith("pcpu_") for name in place.following)
    near = place.after.startswith(("percpu: ", "PERCPU: "))
    pages = place.size % (boot.kernel.page_size or 4096) == 0
    return "pcpu_embed_first_chunk" if begun and near and pages else ""


def _memory_map(place: Place, _boot: Boot) -> str:
    """The huge pages of a memory map are printed with their place in the direct mapping."""
    found = VMEMMAP.search(place.after)
    here = found and int(found[1], 16) & DIRECT_MAP == place.alloc.base
    return "vmemmap_populate" if here else ""


def _page_tables(place: Place, boot: Boot) -> str:
    """arm64's early_pgtable_alloc() is alone in taking single pages without a request line.

    arm's paging_init() prints its memory policy, then takes tables (arch/arm/mm/mmu.c).
    """
    if boot.kernel.arch == "arm64" and place.alloc.request is None:
        return "early_pgtable_alloc" if place.size == boot.kernel.page_size else ""
    whole = place.size % 4096 == 0
    return "early_alloc" if whole and place.before.startswith("Memory policy:") else ""


def _zero_pages(place: Place, boot: Boot) -> str:
    """s390's arch_mm_preinit() makes its zero pages after the hash tables of the VFS."""
    near = place.before.startswith("Inode-cache hash table")
    return "setup_zero_pages" if near and boot.kernel.arch == "s390x" else ""


def _node_masks(place: Place, boot: Boot) -> str:
    """A CPU mask for each node follows the nodes' data (drivers/base/arch_numa.c)."""
    near = place.before.startswith(("NODE_DATA(", "NUMA: NODE_DATA"))
    arch_numa = boot.kernel.arch in ("arm64", "riscv64")
    return "alloc_bootmem_cpumask_var" if near and arch_numa and place.size <= 1024 else ""


def _io_apics(place: Place, boot: Boot) -> str:
    """x86's setup_arch() maps the I/O APICs right before it reserves the e820 resources."""
    each = 64 + 11  # a struct resource and IOAPIC_RESOURCE_NAME_SIZE
    last = len(place.following) == 2 and NEXT.get(place.following[1]) == "e820__reserve_resources"
    fits = last and place.size % each == 0 and boot.kernel.arch == "x86_64"
    return "io_apic_init_mappings" if fits else ""


def _stack(place: Place, boot: Boot) -> str:
    """s390's stack_alloc_early() aligns each stack to its size; nothing else takes four pages."""
    stacks = boot.kernel.arch == "s390x" and place.size == place.align == 16384
    return "stack_alloc_early" if stacks else ""


def _early_pages(place: Place, boot: Boot) -> str:
    """arm's early_alloc() aligns what it takes to its size (arch/arm/mm/mmu.c)."""
    tables = boot.kernel.arch in ("arm", "armhf") and place.size == place.align >= 4096
    return "early_alloc" if tables else ""


def _next(place: Place, _boot: Boot) -> str:
    return NEXT.get(place.following[0], "") if place.following else ""


def _line_before(place: Place, _boot: Boot) -> str:
    return next((name for text, name in BEFORE if place.before.startswith(text)), "")


def _line_after(place: Place, _boot: Boot) -> str:
    return next((name for text, name in AFTER if place.next_line.startswith(text)), "")


def _log_buffer(place: Place, _boot: Boot) -> str:
    """setup_log_buf() aligns its arrays to a long and then prints its length (printk.c)."""
    near = place.after.startswith(LOG_BUFFER) and place.align in (4, 8)
    return "setup_log_buf" if near else ""


RULES: tuple[Rule, ...] = (
    _printed_range,
    _hash_table,
    _command_line,
    _device_tree,
    _standard_resources,
    _next,
    _stack,
    _early_pages,
    _memory_map,
    _percpu_arrays,
    _page_tables,
    _zero_pages,
    _line_after,
    _log_buffer,
    _line_before,
    _node_masks,
    _masks,
    _io_apics,
)
