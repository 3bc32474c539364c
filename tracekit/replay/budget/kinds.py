"""What a boot-time reservation is for, by the function that made it."""

from __future__ import annotations

KERNEL = "kernel image"
MEMMAP = "memory map"
PERCPU = "percpu"
HASH = "hash tables"
TABLES = "page tables"
INITRD = "initrd"
TREE = "device tree"
FIRMWARE = "firmware tables"
LOW = "low memory and BIOS areas"
CRASH = "crash kernel"
CMA = "CMA"
HUGE = "huge pages"
SWIOTLB = "swiotlb"
LOG = "log buffer"
NODES = "node data"
ARRAYS = "memblock's own arrays"
EARLY = "before memblock=debug was parsed"
STACKS = "interrupt and early stacks"
ASKED = "reserve_mem= areas"
OTHER = "other"

KINDS = (
    KERNEL, MEMMAP, PERCPU, HASH, TABLES, INITRD, TREE, FIRMWARE, LOW, CRASH, CMA, HUGE, SWIOTLB,
    LOG, NODES, ARRAYS, EARLY, STACKS, ASKED, OTHER,
)  # fmt: skip

# The first beginning that fits decides. The names are those of functions under arch/, mm/,
# kernel/, drivers/of, drivers/acpi and drivers/firmware/efi.
_BY_CALLER: tuple[tuple[str, str], ...] = (
    ("before memblock=debug", EARLY),
    ("RAMDISK", INITRD),
    ("memblock's array", ARRAYS),
    ("sparse_", MEMMAP),
    ("mm_core_init_early", MEMMAP),
    ("init_alloc_remap", MEMMAP),
    ("KVA ", MEMMAP),
    ("memmap_", MEMMAP),
    ("vmemmap_", MEMMAP),
    ("alloc_node_mem_map", MEMMAP),
    ("__populate_section_memmap", MEMMAP),
    ("__earlyonly_bootmem_alloc", MEMMAP),
    ("setup_usemap", MEMMAP),
    ("free_area_init", MEMMAP),
    ("page_ext_init", MEMMAP),
    ("pcpu_", PERCPU),
    ("setup_per_cpu_areas", PERCPU),
    ("alloc_large_system_hash", HASH),
    ("early_pgtable_alloc", TABLES),
    ("alloc_low_pages", TABLES),
    ("init_mem_mapping", TABLES),
    ("spp_getpage", TABLES),
    ("early_alloc_pgtable", TABLES),
    ("early_alloc", TABLES),
    ("alloc_pmd", TABLES),
    ("alloc_pte", TABLES),
    ("alloc_pud", TABLES),
    ("vmem_", TABLES),
    ("pmd_alloc", TABLES),
    ("devmaps_init", TABLES),
    ("paging_init", TABLES),
    ("arm_mm_memblock_reserve", TABLES),
    ("init_memory_mapping", TABLES),
    ("PGTABLE", TABLES),
    ("hash__early_init_mmu", TABLES),
    ("mmu_partition_table_init", TABLES),
    ("find_early_table_space", TABLES),
    ("init_range_memory_mapping", TABLES),
    ("NEW RAMDISK", INITRD),
    ("reserve_initrd", INITRD),
    ("early_reserve_initrd", INITRD),
    ("reserve_initrd_mem", INITRD),
    ("relocate_initrd", INITRD),
    ("early_init_fdt_reserve_self", TREE),
    ("early_init_fdt_scan", TREE),
    ("early_init_dt", TREE),
    ("unflatten_", TREE),
    ("__unflatten", TREE),
    ("fdt_", TREE),
    ("of_", TREE),
    ("__reserved_mem", TREE),
    ("early_init_devtree", TREE),
    ("acpi_", FIRMWARE),
    ("efi_", FIRMWARE),
    ("reserve_regions", FIRMWARE),
    ("rtas_", FIRMWARE),
    ("__efi_", FIRMWARE),
    ("memblock_x86_reserve_range_setup_data", FIRMWARE),
    ("e820__memblock_", FIRMWARE),
    ("smp_scan_config", FIRMWARE),
    ("smp_get_mpc", FIRMWARE),
    ("dmi_", FIRMWARE),
    ("numa_set_distance", NODES),
    ("TRAMPOLINE", LOW),
    ("ACPI WAKEUP", LOW),
    ("reserve_real_mode", LOW),
    ("setup_real_mode", LOW),
    ("reserve_bios_regions", LOW),
    ("reserve_ebda", LOW),
    ("trim_low_memory_range", LOW),
    ("trim_snb_memory", LOW),
    ("early_reserve_memory", LOW),
    ("crash_reserve_low_1M", LOW),
    ("reserve_crashkernel", CRASH),
    ("arch_reserve_crashkernel", CRASH),
    ("fadump_", CRASH),
    ("cma_", CMA),
    ("dma_contiguous_reserve", CMA),
    ("__cma_", CMA),
    ("hugetlb", HUGE),
    ("__alloc_bootmem_huge_page", HUGE),
    ("alloc_bootmem_huge_page", HUGE),
    ("swiotlb_", SWIOTLB),
    ("setup_log_buf", LOG),
    ("log_buf", LOG),
    ("alloc_node_data", NODES),
    ("setup_node_data", NODES),
    ("setup_node_bootmem", NODES),
    ("arch_alloc_nodedata", NODES),
    ("NODE_DATA", NODES),
    ("TEXT DATA BSS", KERNEL),
    ("setup_arch", KERNEL),
    ("arm64_memblock_init", KERNEL),
    ("arm_memblock_init", KERNEL),
    ("setup_bootmem", KERNEL),
    ("bootmem_init", KERNEL),
    ("reserve_kernel", KERNEL),
    ("BRK", KERNEL),
    ("alloc_stack", STACKS),
    ("stack_alloc_early", STACKS),
    ("reserve_mem", ASKED),
)


def kind_of(caller: str) -> str:
    """Return what a reservation by this function is for; ``other`` where it is not known."""
    name = caller.partition("+")[0].strip()
    if name == "alloc_bootmem":
        return HUGE
    return next((kind for start, kind in _BY_CALLER if name.startswith(start)), OTHER)
