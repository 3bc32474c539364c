"""The one table of what differs between kernels. Versions are compared nowhere else.

A feature is looked for in the log's own shape first, then in event formats and kconfig, and
only where these are silent does the version decide: distributions backport.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tracekit.kernel.evidence import Evidence

Version = tuple[int, ...]
Detector = Callable[[Evidence], bool | None]


@dataclass(frozen=True, slots=True)
class Feature:
    """One row: a behaviour, the versions that have it, and how a log betrays it.

    ``since`` is the first version that has it, ``until`` the first that does not (exclusive),
    either None where open. ``detect`` returns True or False where the evidence decides, None
    where it is silent. ``commit`` is the upstream commit that brought it, with its subject.
    """

    name: str
    since: Version | None = None
    until: Version | None = None
    commit: str = ""
    subject: str = ""
    detect: Detector | None = None

    def in_version(self, version: Version) -> bool:
        """Return whether an upstream kernel of this version has the feature."""
        after = self.since is None or version >= self.since
        return after and (self.until is None or version < self.until)


def _pae(evidence: Evidence) -> bool | None:
    if evidence.config:
        return evidence.config.get("CONFIG_X86_PAE") == "y"
    releases = [str(getattr(event, "release", "")) for event in evidence.events]
    return True if any("pae" in release.lower() for release in releases) else None


# -- what an architecture's build settles (arch/*/include/asm/sparsemem.h) -------------------
ARCH: tuple[Feature, ...] = (
    Feature(
        "arm64_small_sections",
        since=(5, 12),
        commit="f0b13ee23241",
        subject="arm64/sparsemem: reduce SECTION_SIZE_BITS",
    ),
    Feature("bootmem", until=(4, 20), commit="355c45affca7", subject="mm: remove bootmem"),
    Feature(
        "no_hash_pointers",
        since=(5, 12),
        commit="5ead723a20e0",
        subject="lib/vsprintf: no_hash_pointers prints all addresses as unhashed",
    ),
    # Seen on 6.12 with trace_event= on the command line; no commit is known to name it.
    Feature("trace_eval_sync_hangs", since=(6, 12), until=(6, 16)),
    # A matter of the build and not of the version: without a sign it counts as absent.
    Feature("x86_pae", until=(0,), detect=_pae),
)

# -- zones, hash tables, the hand-off (mm/mm_init.c, before v6.4 mm/page_alloc.c) ------------
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
        "unavailable_by_memmap_init",
        since=(5, 12),
        commit="0740a50b9baa",
        subject="mm/page_alloc.c: refactor initialization of struct page for holes",
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
        subject="mm/page_alloc: fix hash table order logging in alloc_large_system_hash()",
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
        subject="__free_one_page gives a merged buddy the type of the freed block",
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
        "x86_prealloc_vmalloc",
        since=(5, 9),
        commit="6eb82f994026",
        subject="x86/mm: Pre-allocate P4D/PUD pages for vmalloc area",
    ),
    Feature(
        "deferred_by_section",
        since=(4, 18),
        commit="c9e97a1997fb",
        subject="mm: initialize pages on demand during boot",
    ),
    Feature(
        "pcpu_dynamic_28k",
        since=(3, 18),
        subject="PERCPU_DYNAMIC_RESERVE rises from 20 (12 on 32-bit) to 28 (20) KiB",
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
        commit="d5e28005a1d2",
        subject="percpu, x86: don't use PMD_SIZE as embedded atom_size on 32bit",
    ),
)

# -- bootmem (mm/bootmem.c) ------------------------------------------------------------------
BOOTMEM: tuple[Feature, ...] = (
    Feature(
        "bootmem_odd_start_fixed",
        since=(3, 8),
        commit="6dccdcbe2c3e",
        subject="mm: bootmem: fix free_all_bootmem_core() with odd bitmap alignment",
    ),
    Feature(
        "x86_active_ranges_from_e820",
        since=(2, 6, 27),
        subject="e820_register_active_regions fills early_node_map on 32-bit x86 too",
    ),
)

# -- percpu (mm/percpu.c) --------------------------------------------------------------------
def _uniprocessor(evidence: Evidence) -> bool | None:
    return "CONFIG_SMP" not in evidence.config if evidence.config else None


PERCPU: tuple[Feature, ...] = (
    Feature(
        "percpu_contig_slots",
        since=(5, 2),
        commit="b239f7daf553",
        subject="percpu: set PCPU_BITMAP_BLOCK_SIZE to PAGE_SIZE, and chunks sorted by contig_hint",
    ),
    Feature(
        "percpu_depopulates",
        since=(5, 14),
        commit="f183324133ea",
        subject="percpu: implement partial chunk depopulation",
    ),
    Feature(
        "percpu_whole_chunks",
        since=(99,),
        subject="chunks of kernel memory (mm/percpu-km.c): kernels without SMP or MMU",
        detect=_uniprocessor,
    ),
)

# -- memblock (mm/memblock.c, mm/cma.c, arch/x86/kernel/e820.c) ------------------------------
MEMBLOCK: tuple[Feature, ...] = (
    Feature(
        "memblock_end_exclusive",
        since=(3, 1),
        until=(3, 13),
        commit="931d13f534a6",
        subject="mm/memblock.c: fix wrong dmesg warning when configure CONFIG_DEBUG_MEMBLOCK",
        detect=lambda evidence: (
            False if evidence.rules & {"memblock_call_flags", "memblock_call_nid"} else None
        ),
    ),
    Feature(
        "memblock_trim",
        since=(3, 6),
        commit="6ede1fd3cb40",
        subject="x86, mm: Trim memory in memblock to be page aligned",
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
        commit="0c6fc11ac8f9",
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
        subject="arch/mips/kernel/setup.c: sparse_init() between memblock_set_bottom_up(false/true)",
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

# -- page allocator (mm/page_alloc.c) --------------------------------------------------------
PAGE_ALLOC: tuple[Feature, ...] = (
    Feature(
        "migrate_highatomic",
        since=(4, 4),
        commit="0aaa29a56e4f",
        subject="mm, page_alloc: reserve pageblocks for high-order atomic allocations on demand",
    ),
    Feature(
        "buddy_merge_likely",
        since=(2, 6, 35),
        commit="6dda9d55bf54",
        subject="page allocator: reduce fragmentation in buddy allocator by adding buddies that "
        "are merging to the tail of the free lists",
    ),
    Feature(
        "fallback_moves",
        since=(4, 12),
        commit="3bc48f96cf11",
        subject="mm, page_alloc: split smallest stolen page in fallback",
    ),
    Feature(
        "move_to_tail",
        since=(5, 10),
        commit="293ffa5ebb9c",
        subject="mm/page_alloc: move pages to tail in move_to_free_list()",
    ),
    Feature(
        "reserved_block_movable",
        since=(6, 13),
        subject="reserved pages whose struct pages are deferred make their pageblock Movable "
        "(init_reserved_page() in mm/mm_init.c)",
    ),
    Feature(
        "pcp_high_orders",
        since=(5, 13),
        commit="44042b449872",
        subject="mm/page_alloc: allow high-order pages to be stored on the per-cpu lists",
    ),
    Feature(
        "vmalloc_in_bulk",
        since=(5, 14),
        until=(6, 19),
        commit="5c1f4e690eec",
        subject="mm/vmalloc: switch to bulk allocator in __vmalloc_area_node()",
    ),
    Feature(
        "drain_freed_first",
        since=(5, 18),
        commit="d61372bc41cf",
        subject="mm/page_alloc: drain the requested list first during bulk free",
    ),
    Feature(
        "pcp_trylock",
        since=(6, 0),
        commit="4b23a68f9536",
        subject="mm/page_alloc: protect PCP lists with a spinlock",
    ),
    Feature(
        "fallback_takes",
        since=(6, 10),
        commit="c0cd6f557b90",
        subject="mm: page_alloc: fix freelist movement during block conversion",
    ),
    Feature(
        "fallback_claims",
        since=(6, 15),
        commit="c2f6ea38fc1b",
        subject="mm: page_alloc: don't steal single pages from biggest buddy",
    ),
    Feature(
        "exact_to_tail",
        since=(5, 19),
        subject="make_alloc_exact() frees what is not needed with FPI_TO_TAIL",
    ),
    Feature(
        "contig_by_pageblock",
        since=(5, 19),
        commit="b2c9e2fbba32",
        subject="mm: page_isolation: check specified range for unmovable pages",
    ),
    Feature(
        "vfree_in_blocks",
        since=(7, 2),
        subject="vfree() frees neighbouring pages together (free_pages_bulk() in mm/page_alloc.c)",
    ),
)

# -- slab (mm/slub.c) ------------------------------------------------------------------------
def _configured(symbol: str) -> Callable[[Evidence], bool | None]:
    def detect(evidence: Evidence) -> bool | None:
        return evidence.config.get(symbol) == "y" if evidence.config else None

    return detect


SLUB: tuple[Feature, ...] = (
    Feature(
        "slub_order_by_waste",
        since=(6, 8),
        commit="0fe2735d5e2e",
        subject="mm/slub: remove min_objects loop from calculate_order()",
    ),
    Feature(
        "slub_freelist_random",
        since=(4, 8),
        commit="210e7a43fa90",
        subject="mm: SLUB freelist randomization",
        detect=_configured("CONFIG_SLAB_FREELIST_RANDOM"),
    ),
    Feature(
        "slub_cpu_partial",
        since=(3, 2),
        commit="49e2258586b4",
        subject="slub: per cpu cache for partial pages",
        detect=_configured("CONFIG_SLUB_CPU_PARTIAL"),
    ),
    Feature(
        "slub_cpu_partial_slabs",
        since=(5, 16),
        commit="b47291ef02b0",
        subject="mm, slub: change percpu partial accounting from objects to pages",
    ),
    Feature(
        "slub_bulk",
        since=(4, 4),
        commit="484748f0b65a",
        subject="slab: infrastructure for bulk object allocation and freeing",
    ),
    Feature(
        "slab_freelist_index",
        since=(3, 15),
        commit="a41adfaa23df",
        subject="slab: introduce byte sized index for the freelist of a slab",
    ),
    Feature(
        "slab_freelist_in_objects",
        since=(4, 6),
        commit="b03a017bebc4",
        subject="mm/slab: introduce new slab management type, OBJFREELIST_SLAB",
    ),
    Feature(
        "slab_buckets",
        since=(6, 11),
        commit="b32801d1255b",
        subject="mm/slab: Introduce kmem_buckets_create() and family",
        detect=_configured("CONFIG_SLAB_BUCKETS"),
    ),
    Feature(
        "slub_deactivate_reverses",
        until=(5, 12),
        commit="d930ff03c4e9",
        subject="mm, slub: splice cpu and page freelists in deactivate_slab()",
    ),
    Feature(
        "slub_sheaves",
        since=(7, 0),
        commit="e47c897a2949",
        subject="slab: add sheaves to most caches",
    ),
)

TABLE: tuple[Feature, ...] = (*ARCH, *MEMBLOCK, *MM_INIT, *PAGE_ALLOC, *BOOTMEM, *PERCPU, *SLUB)


def has(name: str, version: Version | None, evidence: Evidence, default: bool = False) -> bool:
    """Return whether the kernel has the feature: by evidence, else by version, else ``default``.

    Raises KeyError for a name that is not in the table.
    """
    feature = _BY_NAME[name]
    found = feature.detect(evidence) if feature.detect is not None else None
    if found is not None:
        return found
    return default if version is None else feature.in_version(version)


_BY_NAME = {feature.name: feature for feature in TABLE}
