"""What differs between kernels: page allocator (mm/page_alloc.c)."""

from __future__ import annotations

from tracekit.kernel.feature import Feature

PAGE_ALLOC: tuple[Feature, ...] = (
    Feature(
        "migrate_highatomic",
        since=(4, 4),
        commit="0aaa29a56e4f",
        subject="mm, page_alloc: reserve pageblocks for high-order atomic allocations on demand",
    ),
    Feature(
        "reserve_blocks_whole",
        since=(3, 0),
        commit="6d3163ce86dd",
        subject="mm: check if any page in a pageblock is reserved before marking it "
        "MIGRATE_RESERVE",
    ),
    Feature(
        "reserve_steps_aligned",
        since=(3, 2),
        commit="938929f14cb5",
        subject="mm: Ensure that pfn_valid() is called once per pageblock when reserving "
        "pageblocks",
    ),
    Feature(
        "drain_event_shows_type",
        since=(3, 7),
        commit="770c8aaaf6f4",
        subject="mm: fix tracing in free_pcppages_bulk()",
    ),
    Feature(
        "events_on_in_start_kernel",
        since=(4, 0),
        commit="5f893b2639b2",
        subject="tracing: Move enabling tracepoints to just after rcu_init()",
    ),
    Feature(
        "page_types",
        since=(4, 18),
        commit="6e292b9be7f4",
        subject="mm: split page_type out from _mapcount",
    ),
    Feature(
        "kmemcg_pages",
        until=(5, 11),
        commit="18b2db3b0385",
        subject="mm: Convert page kmemcg type to a page memcg flag",
    ),
    Feature(
        "buddy_merge_likely",
        since=(2, 6, 35),
        commit="6dda9d55bf54",
        subject="page allocator: reduce fragmentation in buddy allocator by adding buddies that "
        "are merging to the tail of the free lists",
    ),
    Feature(
        "merge_likely_misses_upper",
        since=(2, 6, 38),
        until=(3, 6),
        commit="0ba8f2d59304",
        subject="mm/page_alloc: fix the page address of higher page's buddy calculation",
    ),
    Feature(
        "fallback_steals_more",
        since=(4, 0),
        commit="9c0415eb8cbf",
        subject="mm: more aggressive page stealing for UNMOVABLE allocations",
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
    Feature(
        "pfn_valid_is_mapped",
        until=(5, 14),
        commit="a7d9f306ba70",
        subject="arm64: drop pfn_valid_within() and simplify pfn_valid()",
    ),
)
