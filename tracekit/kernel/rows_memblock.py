"""What differs between kernels: memblock (mm/memblock.c, mm/cma.c, arch/x86/kernel/e820.c)."""

from __future__ import annotations

from tracekit.kernel.feature import Feature

MEMBLOCK: tuple[Feature, ...] = (
    Feature(
        "memblock_end_exclusive",
        since=(3, 1),
        until=(3, 13),
        subject="memblock_reserve() and memblock_free() print the byte after the range",
        detect=lambda evidence: (
            False if evidence.rules & {"memblock_call_flags", "memblock_call_nid"} else None
        ),
    ),
    Feature(
        "memblock_trim",
        since=(3, 6),
        subject="e820's memblock set-up trims RAM to whole pages (memblock_trim_memory())",
    ),
    Feature(
        "crashkernel_generic",
        since=(6, 7),
        subject="kernel/crash_core.c reserves and prints crashkernel= for x86, arm64 and riscv",
    ),
    Feature(
        "cma_by_pageblock",
        since=(5, 18),
        commit="e16faf26780f",
        subject="cma: factor out minimum alignment requirement",
    ),
    Feature(
        "x86_early_reserve_memory",
        since=(5, 13),
        commit="a799c2bd29d1",
        subject="x86/setup: Consolidate early memory reservations",
    ),
    Feature(
        "x86_bios_start_capped",
        since=(4, 8),
        commit="edce21216a88",
        subject="x86/boot: Reorganize and clean up the BIOS area reservation code",
    ),
    Feature(
        "memblock_up_from_kernel",
        since=(3, 13),
        until=(5, 11),
        commit="2dcb39645441",
        subject="memblock: do not start bottom-up allocations with kernel_end",
    ),
    Feature(
        "arm_fdt_reserved_early",
        since=(5, 10),
        commit="7a1be318f579",
        subject="ARM: 9012/1: move device tree mapping out of linear region",
    ),
    Feature(
        "mips_sparse_top_down",
        since=(5, 17),
        subject="arch/mips/kernel/setup.c: sparse_init() searches from the top",
    ),
    Feature(
        "arm_limit_skips_nomap",
        since=(5, 4),
        commit="1d31999cf04c",
        subject="ARM: 8904/1: skip nomap memblocks while finding the lowmem/highmem boundary",
    ),
    Feature(
        "hotplug_cleared_at_numa_init",
        since=(6, 12),
        commit="767507654c22",
        subject="arch_numa: switch over to numa_memblks",
    ),
)
