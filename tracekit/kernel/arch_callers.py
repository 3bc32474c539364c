"""Functions that only one family's kernels have: the caller in a memblock line tells it."""

from __future__ import annotations

from tracekit.events.arch_signs import FAMILIES

_FAMILY_CALLERS: dict[str, tuple[str, ...]] = {
    # arch/x86: kernel/e820.c, kernel/mpparse.c, kernel/setup.c, platform/efi, realmode, mm
    "x86": (
        "e820__memblock_setup", "e820__reserve_resources", "smp_scan_config",
        "io_apic_init_mappings", "reserve_real_mode", "setup_real_mode", "init_mem_mapping",
        "reserve_bios_regions", "efi_memblock_x86_reserve_range", "efi_reserve_boot_services",
        "crash_reserve_low_1M", "mce_init", "alloc_low_pages", "acpi_parse_hpet",
    ),
    "x86_64": ("spp_getpage",),
    # arch/arm64/mm, arch/arm/mm
    "arm64": ("arm64_memblock_init", "early_pgtable_alloc"),
    "arm": ("arm_memblock_init", "arm_mm_memblock_reserve", "arm_dt_memblock_reserve"),
    # arch/powerpc/kernel and mm
    "ppc": ("smp_setup_cpu_maps", "rtas_initialize", "early_init_devtree"),
    "ppc64": (
        "alloc_paca_data", "allocate_paca_ptrs", "free_unused_pacas", "pSeries_setup_arch",
        "early_alloc_pgtable", "rtas_work_area_reserve_arena",
    ),
    "s390x": ("vmem_pte_alloc", "vmem_crst_alloc", "sclp_early_get_core_info"),
    "sparc32": ("srmmu_nocache_init", "srmmu_early_allocate_ptable_skeleton"),
    "riscv": ("alloc_pmd_fixmap", "alloc_pte_fixmap", "alloc_pud_fixmap"),
    "mips": ("r4k_tlb_uniquify",),
}  # fmt: skip

_BY_CALLER = {
    caller: FAMILIES[family] for family, names in _FAMILY_CALLERS.items() for caller in names
}


def arches_of_caller(symbol: str) -> tuple[str, ...] | None:
    """Return the architectures whose kernels have this function, None where all may."""
    return _BY_CALLER.get(symbol)
