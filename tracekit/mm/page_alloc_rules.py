"""What differs between page allocators: sizes, migrate types, and the habits of each kernel.

A ``Rules`` is plain data: the simulated allocator asks it and never a kernel version. The
defaults are those of a 6.1 kernel on x86_64.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

UNMOVABLE = 0
PAGE_ALLOC_COSTLY_ORDER = 3

MODERN_TYPES = ("Unmovable", "Movable", "Reclaimable", "HighAtomic", "Isolate")
MODERN_TYPES_CMA = ("Unmovable", "Movable", "Reclaimable", "HighAtomic", "CMA", "Isolate")
RESERVE_TYPES = ("Unmovable", "Reclaimable", "Movable", "Reserve", "Isolate")
RESERVE_TYPES_CMA = ("Unmovable", "Reclaimable", "Movable", "Reserve", "CMA", "Isolate")


class Fallback(Enum):
    """How __rmqueue_fallback() hands over what it takes from another migrate type.

    REMOVE: it takes the page itself, and the removal that is logged next is this very one
    (until v4.11). MOVE: it moves the page (or its whole block) to the wanted list, and the
    ordinary removal follows (v4.12, 3bc48f96cf11 "mm, page_alloc: split smallest stolen page
    in fallback"). TAKE: it returns the page that it took from the largest block, or
    removes one by the ordinary way after claiming the block (v6.10, c0cd6f557b90 "mm:
    page_alloc: fix freelist movement during block conversion"). CLAIM: it claims blocks from
    the largest down, and only when none can be claimed it takes the smallest page that fits
    (v6.15, c2f6ea38fc1b "mm: page_alloc: don't steal single pages from biggest buddy").
    """

    REMOVE = "remove"
    MOVE = "move"
    TAKE = "take"
    CLAIM = "claim"


class Drain(Enum):
    """The order in which free_pcppages_bulk() empties the per-cpu lists.

    ROTATE: round robin, one more page a list for every empty list met, begun behind list 0
    (until v5.17). FREED_FIRST: the list of the page just freed, whole, then the next ones
    (v5.18, fd56eef258a1 "mm/page_alloc: simplify how many pages are selected per pcp list
    during bulk free").
    """

    ROTATE = "rotate"
    FREED_FIRST = "freed first"


@dataclass(frozen=True, slots=True)
class Rules:
    """The habits of one kernel's page allocator.

    ``max_order`` is the largest order (inclusive), ``pageblock_order`` that of a pageblock.
    ``types`` are the names of the migrate types by number. ``pcp_max_order`` is the largest
    order kept in the per-cpu lists besides ``pcp_thp_order`` (None without huge pages).
    ``merge_to_tail``: a block whose merged block would have a free buddy goes to the list's
    tail (buddy_merge_likely(), since v2.6.35, 6dda9d55bf54). ``misses_upper``: it does not see
    that for the upper of two buddies (a slip of v2.6.38 to v3.5). ``move_to_tail``: blocks that
    change type go to the tail of their new list (since v5.10, 293ffa5ebb9c), else to its head.
    ``bulk_unlogged``: pages that alloc_pages_bulk() takes print no mm_page_alloc (since
    v5.14, where vmalloc() uses it). ``pcp_trylock``: a free that interrupts a holder of the
    per-cpu lists passes them by (since v6.0). ``exact_to_tail``: alloc_pages_exact() frees what
    it does not need to the zone's tail (v6.1 does, v5.10 does not). ``contig_by_pageblock``:
    alloc_contig_range() isolates pageblocks, not blocks of the largest order (since v5.19,
    b2c9e2fbba32). ``vfree_merges``: vfree()
    gives neighbouring pages back as the largest aligned blocks (free_pages_bulk(), since
    v7.2). ``merge_retypes``: a pageblock that merges with one of another type takes its type
    (since v6.10, e6cf9e1c4cde). ``steals_more``: Unmovable requests may take a whole
    pageblock too, and what a fallback leaves of a block joins the request's type (since v4.0,
    9c0415eb8cbf and 99592d598eca). ``typed_drains``: mm_page_pcpu_drain shows the migrate type
    (since v3.7, 770c8aaaf6f4).
    """

    max_order: int = 10
    pageblock_order: int = 9
    types: tuple[str, ...] = MODERN_TYPES
    fallback: Fallback = Fallback.MOVE
    drain: Drain = Drain.FREED_FIRST
    pcp_max_order: int = PAGE_ALLOC_COSTLY_ORDER
    pcp_thp_order: int | None = 9
    merge_to_tail: bool = True
    misses_upper: bool = False
    move_to_tail: bool = True
    bulk_unlogged: bool = True
    pcp_trylock: bool = True
    exact_to_tail: bool = True
    contig_by_pageblock: bool = True
    vfree_merges: bool = False
    merge_retypes: bool = False
    shuffled: bool = False
    steals_more: bool = True
    typed_drains: bool = True

    @property
    def movable(self) -> int:
        """The number of the Movable type."""
        return self.types.index("Movable")

    @property
    def reclaimable(self) -> int:
        """The number of the Reclaimable type."""
        return self.types.index("Reclaimable")

    def type_number(self, name: str) -> int | None:
        """Return the number of a migrate type, None where this kernel lacks it."""
        return self.types.index(name) if name in self.types else None

    def mergeable(self, migratetype: int) -> bool:
        """Return whether free pages of the type may merge with those of other types.

        Mirrors migratetype_is_mergeable() of include/linux/mmzone.h.
        """
        return migratetype < 3

    def fallbacks(self, migratetype: int) -> tuple[int, ...]:
        """Return the types that a request of this type falls back to, in order.

        Mirrors ``fallbacks`` of mm/page_alloc.c. Movable requests have looked at Reclaimable
        first, Unmovable and Reclaimable ones at each other, since v2.6.24, and Movable ones
        looked at CMA before all until v3.19; the reserve of v4.3 and older is not a fallback here.
        """
        movable, reclaimable = self.movable, self.reclaimable
        cma = None if self.steals_more else self.type_number("CMA")
        if migratetype == movable and cma is not None:
            return (cma, reclaimable, UNMOVABLE)
        return {
            UNMOVABLE: (reclaimable, movable),
            movable: (reclaimable, UNMOVABLE),
            reclaimable: (UNMOVABLE, movable),
        }.get(migratetype, ())

    def in_pcp(self, order: int) -> bool:
        """Return whether pages of the order pass through the per-cpu lists.

        Mirrors pcp_allowed_order() of mm/page_alloc.c.
        """
        return order <= self.pcp_max_order or order == self.pcp_thp_order

    def pindex(self, order: int, migratetype: int) -> int:
        """Return the number of the per-cpu list for an order and migrate type.

        Types without a list of their own (HighAtomic, CMA) share that of Movable. Mirrors
        order_to_pindex() and free_unref_page().
        """
        if migratetype >= 3:
            migratetype = self.movable
        if order > self.pcp_max_order:
            return 3 * (self.pcp_max_order + 1) + (migratetype == self.movable)
        return 3 * order + migratetype

    def pindex_order(self, pindex: int) -> int:
        """Return the order of the pages in a per-cpu list (pindex_to_order())."""
        if pindex >= 3 * (self.pcp_max_order + 1):
            return self.pcp_thp_order or 0
        return pindex // 3
