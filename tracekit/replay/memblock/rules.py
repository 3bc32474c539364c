"""Which search an allocation makes: the rules of the callers that say less than they do.

A request line carries size, alignment, limits and node. An allocation without one (NODE_DATA,
CMA areas, page tables before v5.14, everything before v3.14) carries only its size; the rest
is the rule of that caller.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.events.memblock import MemblockRequest
from tracekit.events.numa import NodeData
from tracekit.mm.memblock import Memblock
from tracekit.mm.memblock_alloc import find_internal, find_range_nid
from tracekit.mm.memblock_search import round_down
from tracekit.mm.memblock_type import MEMBLOCK_NOMAP, NUMA_NO_NODE
from tracekit.replay.memblock.log import Alloc, Change, Dump, Step
from tracekit.replay.memblock.machine import (
    GIB,
    HASH_CALLERS,
    MIB,
    REAL_MODE_CALLERS,
    Machine,
)
from tracekit.replay.memblock.owner import Purpose

SPARSE_CALLERS = ("sparse_", "memmap_alloc", "__earlyonly_bootmem_alloc", "vmemmap_", "section_")

# Architectures that search downwards at first and turn upwards on the way.
TURNING = ("loongarch64", "ppc64", "ppc32")

# What per_cpu_trap_init() allocates itself, before trap_init() turns the search around.
TRAP_INIT_CALLS = ("trap_init", "per_cpu_trap_init", "r4k_tlb_uniquify")


@dataclass(slots=True)
class Direction:
    """Whether memblock searches upwards now: memblock_set_bottom_up() prints nothing.

    mips turns upwards in arch_mem_init() and back at the end of trap_init(), loongarch from
    swiotlb_init() to the dump (both search downwards for the sparse maps), ppc64 for the boot
    CPU's paca and for swiotlb_init(); alpha, parisc, sparc32 and m68k stay upwards; x86 does so
    with movable_node until numa_init() has found the nodes; it may fake others afterwards.
    """

    machine: Machine
    upwards: bool = False
    leaving: bool = False

    def __post_init__(self) -> None:
        movable = self.machine.kernel.option("movable_node") is not None
        self.upwards = self.machine.bottom_up or (self.machine.is_x86 and movable)

    def of(self, alloc: Alloc) -> bool:
        """The direction for this allocation."""
        if not self.upwards and self.machine.arch not in TURNING:
            return False
        by, arch = alloc.by, self.machine.arch
        faked = self.machine.emulated_at
        if faked is not None and alloc.source.line > faked:
            self.upwards = False
        if self.machine.is_x86 and isinstance(alloc.followed, NodeData):
            self.upwards = False
        if self.leaving and by not in TRAP_INIT_CALLS:
            self.upwards = False
        if by.startswith("swiotlb_init") and arch in ("loongarch64", "ppc64", "ppc32"):
            self.upwards = True
        if by.startswith(SPARSE_CALLERS) and self._sparse_is_down():
            return False
        if arch == "ppc64" and _for_boot_cpu(alloc):
            return True
        return self.upwards

    def _sparse_is_down(self) -> bool:
        if self.machine.arch in ("mips", "mips64"):
            return self.machine.kernel.has("mips_sparse_top_down")
        return self.machine.arch == "loongarch64"

    def passed(self, step: Step) -> None:
        """Take note of a step that is over."""
        if isinstance(step, Dump) and self.machine.arch == "loongarch64":
            self.upwards = False
        if isinstance(step, Alloc) and step.by in ("trap_init", "per_cpu_trap_init"):
            self.leaving = True


def _for_boot_cpu(alloc: Alloc) -> bool:
    request = alloc.request
    if request is None:
        return False
    if alloc.by == "alloc_shared_lppaca":
        return True
    return alloc.by in ("alloc_paca_data", "allocate_paca") and request.nid in (None, NUMA_NO_NODE)


def predict(memblock: Memblock, alloc: Alloc, what: Purpose, machine: Machine) -> int:
    """The address that the kernel's rules give this allocation; 0 if there is none.

    Uses of the alloc's result nothing but the size, and that only where no request was logged;
    ``what`` is the purpose of such an allocation.
    """
    if alloc.request is not None:
        return _predict_request(memblock, alloc.request)
    if what.kind == "cma":
        return _predict_cma(memblock, alloc, machine, what)
    return find_internal(memblock, alloc.size, what.align, what.start, what.end, what.nid)


def _predict_request(memblock: Memblock, request: MemblockRequest) -> int:
    nid = NUMA_NO_NODE if request.nid is None else request.nid
    size, align = request.size, request.align
    if "phys_alloc" in request.request:
        return find_range_nid(memblock, size, align, request.min_addr, request.max_addr, nid)
    low, high = request.min_addr, request.max_addr
    return find_internal(memblock, size, align, low, high, nid, request.exact_nid)


def _predict_cma(memblock: Memblock, alloc: Alloc, machine: Machine, what: Purpose) -> int:
    """mm/cma.c:cma_declare_contiguous_nid(): high memory, then above 4 GiB upwards, then all."""
    regions = memblock.memory.regions
    end = regions[-1].end if regions else 0
    if what.end:
        end = min(end, round_down(what.end, what.align))
    found, size = 0, alloc.size
    highmem = machine.lowmem_end
    if highmem is not None and end > highmem:
        found = find_range_nid(memblock, size, what.align, highmem, end, what.nid, True)
        end = highmem
    if not found and not memblock.bottom_up and highmem is None and end >= 4 * GIB + size:
        memblock.bottom_up = True
        found = find_range_nid(memblock, size, what.align, 4 * GIB, end, what.nid, True)
        memblock.bottom_up = False
    return found or find_range_nid(memblock, size, what.align, 0, end, what.nid, True)


def initial_limit(memblock: Memblock, machine: Machine) -> int:
    """current_limit of a 32-bit kernel while low memory is being mapped.

    ARM rounds it down to whole page middle directory entries until map_lowmem() is done
    (arch/arm/mm/mmu.c:adjust_lowmem_bounds); others use the end of low memory at once.
    """
    limit = memblock.phys_addr_max if machine.lowmem_end is None else machine.lowmem_end
    if not machine.is_arm:
        return limit
    block_limit = 0
    spares_nomap = machine.kernel.has("arm_limit_skips_nomap", default=True)
    usable = [r for r in memblock.memory if not (spares_nomap and r.flags & MEMBLOCK_NOMAP)]
    for number, region in enumerate(usable):
        if block_limit or region.base >= limit:
            break
        # Since then the unaligned head of the first bank becomes NOMAP instead of a limit.
        if region.base % machine.pmd_size and not (spares_nomap and number == 0):
            block_limit = region.base
        elif region.end % machine.pmd_size:
            block_limit = min(region.end, limit)
    if block_limit:
        return round_down(block_limit, machine.pmd_size)
    top = memblock.memory.regions[-1].end if memblock.memory.regions else 0
    return round_down(min(limit, top), machine.pmd_size)


def real_mode_limit(alloc: Alloc, machine: Machine) -> int | None:
    """current_limit of powerpc with a hash MMU until htab_initialize() lifts it, else None.

    arch/powerpc/mm/book3s64/hash_utils.c:hash__setup_initial_memory_limit.
    """
    early = alloc.by.startswith((*REAL_MODE_CALLERS, *HASH_CALLERS))
    return machine.rma_end if early else None


def final_limit(memblock: Memblock, machine: Machine) -> int:
    """current_limit once low memory is mapped."""
    return memblock.phys_addr_max if machine.lowmem_end is None else machine.lowmem_end


def lowmem_is_mapped(step: Step, machine: Machine) -> bool:
    """Whether ARM's map_lowmem() is over at this step: devicemaps_init() takes the vectors."""
    if not machine.is_arm or not isinstance(step, Alloc | Change):
        return False
    return isinstance(step, Alloc) and step.size == 2 * machine.page_size and step.size < MIB
