"""What differs between kernels: zones, hash tables, the hand-off (mm/mm_init.c)."""

from __future__ import annotations

from tracekit.kernel.feature import Feature

MM_INIT: tuple[Feature, ...] = (
    Feature(
        "x86_zone_limits_capped",
        since=(4, 0),
        subject="x86/mm: Fix zone ranges boot printout",
    ),
    Feature(
        "x86_reserves_low_1m",
        since=(5, 13),
        commit="f1d4d47c5851",
        subject="x86/setup: Always reserve the first 1M of RAM",
    ),
    Feature(
        "arm_vmalloc_end_ff8",
        since=(4, 3),
        subject="ARM: 8432/1: move VMALLOC_END from 0xff000000 to 0xff800000",
    ),
    Feature(
        "riscv_dma32_limit",
        since=(4, 19),
        subject="riscv gives its DMA32 zone a limit",
    ),
    Feature(
        "struct_page_aligned",
        since=(3, 2),
        subject="mm,slub,x86: decouple size of struct page from CONFIG_CMPXCHG_LOCAL",
    ),
    Feature(
        "pid_hash_by_memory",
        since=(2, 6, 32),
        subject="mm: also use alloc_large_system_hash() for the PID hash table",
    ),
    Feature(
        "present_pages_whole",
        since=(3, 9),
        subject="mm: set zone->present_pages to number of existing pages in the zone",
    ),
    Feature(
        "memmap_by_present",
        since=(3, 8),
        commit="01cefaef40c4",
        subject="mm: provide more accurate estimation of pages occupied by memmap",
    ),
    Feature(
        "zone_batch_1m",
        since=(4, 20),
        commit="d8a759b57035",
        subject="mm, page_alloc: double zone's batchsize",
    ),
    Feature(
        "kernel_pages_from_memblock",
        since=(6, 10),
        subject="mm/mm_init.c counts nr_kernel_pages over memblock's free ranges",
    ),
    Feature(
        "memmap_of_holes",
        until=(5, 8),
        commit="73a6e474cb37",
        subject="mm: memmap_init: iterate over memblock regions rather that check each PFN",
    ),
    Feature(
        "pageblocks_from_zone_start",
        until=(3, 8),
        commit="c060f943d092",
        subject="mm: use aligned zone start for pfn_to_bitidx calculation",
    ),
    Feature(
        "unavailable_by_memmap_init",
        since=(5, 12),
        commit="0740a50b9baa",
        subject="mm/page_alloc.c: refactor initialization of struct page for holes "
        "in memory layout",
    ),
    Feature(
        "hash_adaptive_scale",
        since=(4, 13),
        commit="9017217b6f45",
        subject="mm: adaptive hash table scaling",
    ),
    Feature(
        "tcp_one_chain",
        since=(3, 13),
        commit="05dbc7b59481",
        subject="tcp/dccp: remove twchain",
    ),
    Feature(
        "hash_order_rounded_up",
        since=(6, 18),
        commit="0d6c356dd654",
        subject="mm/mm_init: fix hash table order logging in alloc_large_system_hash()",
    ),
    Feature(
        "tcp_hash_scale_17",
        since=(3, 7),
        subject="tcp_init asks for one established slot per 128 KiB whatever the memory",
    ),
    Feature(
        "max_order_inclusive",
        since=(6, 4),
        commit="23baf831a32c",
        subject="mm, treewide: redefine MAX_ORDER sanely",
    ),
    Feature(
        "handoff_to_tail",
        since=(5, 10),
        commit="7fef431be9c9",
        subject="mm/page_alloc: place pages to tail in __free_pages_core()",
    ),
    Feature(
        "merge_retypes_buddy",
        since=(6, 10),
        commit="e6cf9e1c4cde",
        subject="mm: page_alloc: fix up block types when merging compatible blocks",
    ),
    Feature(
        "highmem_with_the_rest",
        since=(6, 15),
        commit="6faea3422e3b",
        subject="arch, mm: streamline HIGHMEM freeing",
    ),
    Feature(
        "huge_pages_before_memory_line",
        since=(7, 1),
        subject="mm/hugetlb: initialise gigantic bootmem pages in page_alloc_init_late()",
    ),
    Feature(
        "mirror_needs_memory",
        since=(6, 6),
        subject="kernelcore=mirror is ignored on a machine without mirrored memory",
    ),
    Feature(
        "mirror_only_for_kernelcore",
        since=(6, 0),
        subject="memblock: Disable mirror feature if kernelcore is not specified",
    ),
    Feature(
        "node_load_added",
        since=(5, 16),
        commit="54d032ced983",
        subject="mm/page_alloc: use accumulated load when building node fallback list",
    ),
    Feature(
        "node_load_counted",
        since=(5, 19),
        subject="mm/page_alloc: add same penalty is enough to get round-robin order",
    ),
    Feature(
        "zonelists_skip_memoryless",
        since=(6, 7),
        subject="mm: page_alloc: skip memoryless nodes entirely",
    ),
    Feature(
        "managed_counts_frees",
        since=(3, 11),
        commit="3dcc0571cd64",
        subject="mm: correctly update zone->managed_pages",
    ),
    Feature(
        "watermarks_at_postcore",
        since=(5, 10),
        subject="init_per_zone_wmark_min() is a postcore_initcall, behind CMA's",
    ),
    Feature(
        "watermark_boost",
        since=(5, 0),
        commit="1c30844d2dfe",
        subject="mm: reclaim small amounts of memory when an external fragmentation event occurs",
    ),
    Feature(
        "khugepaged_recalculates",
        since=(5, 16),
        commit="bd3400ea173f",
        subject="mm: khugepaged: recalculate min_free_kbytes after stopping khugepaged",
    ),
    Feature(
        "movable_watermark_apart",
        since=(6, 6),
        subject="mm/page_alloc: fix min_free_kbytes calculation regarding ZONE_MOVABLE",
    ),
    Feature(
        "lowmem_reserve_follows",
        since=(6, 16),
        subject="adjust_managed_page_count() calls setup_per_zone_lowmem_reserve()",
    ),
    Feature(
        "x86_prealloc_vmalloc",
        since=(5, 9),
        commit="6eb82f994026",
        subject="x86/mm: Pre-allocate P4D/PUD pages for vmalloc area",
    ),
    Feature(
        "deferred_by_section",
        since=(4, 17),
        commit="c9e97a1997fb",
        subject="mm: initialize pages on demand during boot",
    ),
    Feature(
        "pcpu_dynamic_28k",
        since=(3, 18),
        commit="1a4d76076cda",
        subject="percpu: implement asynchronous chunk population",
    ),
    Feature(
        "pcpu_early_20k",
        since=(6, 5),
        subject="PERCPU_DYNAMIC_EARLY_SIZE rises from 12 to 20 KiB",
    ),
    Feature(
        "pcpu_early_least",
        since=(2, 6, 36),
        commit="099a19d91ca4",
        subject="percpu: allow limited allocation before slab is online",
    ),
    Feature(
        "pcpu_min_unit_32k",
        since=(2, 6, 37),
        subject="PCPU_MIN_UNIT_SIZE falls from 64 to 32 KiB",
    ),
    Feature(
        "x86_32_percpu_by_page_atom",
        since=(3, 5),
        subject="percpu, x86: don't use PMD_SIZE as embedded atom_size on 32bit",
    ),
)
