"""The free lists of one zone: splitting, merging, and which end of a list a block goes to.

Mirrors __rmqueue_smallest(), expand() and __free_one_page() of mm/page_alloc.c. Page frame
numbers (pfn) everywhere, ends exclusive.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from tracekit.mm.page_alloc_rules import Fallback, Rules

FreeList = OrderedDict[int, None]


class Zone:
    """One zone of one node: its free blocks by order and migrate type, in list order.

    ``areas[order][migratetype]`` is a list of the first pfn of each free block, head first.
    ``blocks`` maps the first pfn of a free block to its order times 8 plus its migrate type.
    ``block_types`` maps a pageblock's number ((pfn - block_base) >> pageblock_order) to its
    migrate type; ``block_base`` is 0 but where old kernels number them from the zone's start.
    """

    __slots__ = (
        "_block_order",
        "_max_order",
        "_merge_to_tail",
        "_movable",
        "areas",
        "block_base",
        "block_types",
        "blocks",
        "end",
        "name",
        "nid",
        "rules",
        "start",
    )

    def __init__(self, name: str, nid: int, start: int, end: int, rules: Rules) -> None:
        self.name = name
        self.nid = nid
        self.start = start
        self.end = end
        self.follow(rules)
        self.areas: list[list[FreeList]] = [
            [OrderedDict() for _ in rules.types] for _ in range(rules.max_order + 1)
        ]
        self.blocks: dict[int, int] = {}
        self.block_types: dict[int, int] = {}
        self.block_base = 0

    def __repr__(self) -> str:
        return f"Zone({self.name!r}, nid={self.nid}, [{self.start:#x}-{self.end:#x}))"

    def follow(self, rules: Rules) -> None:
        """Go by these rules from now on; sizes and migrate types stay what they were."""
        self.rules = rules
        self._max_order = rules.max_order
        self._block_order = rules.pageblock_order
        self._movable = rules.movable
        self._merge_to_tail = rules.merge_to_tail

    @property
    def free_pages(self) -> int:
        """The number of free pages."""
        return sum(1 << (code >> 3) for code in self.blocks.values())

    def clear(self) -> None:
        """Forget all free blocks."""
        for area in self.areas:
            for pages in area:
                pages.clear()
        self.blocks.clear()

    def pageblock_type(self, pfn: int) -> int:
        """Return the migrate type of the pageblock that holds the page.

        An unknown block is Movable, as memmap_init() sets it.
        """
        return self.block_types.get(pfn - self.block_base >> self._block_order, self._movable)

    def set_pageblock_type(self, pfn: int, order: int, migratetype: int) -> None:
        """Set the type of the pageblock of ``pfn``, or of all those that 2^order pages cover."""
        first = pfn - self.block_base >> self._block_order
        for block in range(first, first + max(1, (1 << order) >> self._block_order)):
            self.block_types[block] = migratetype

    def insert(self, pfn: int, order: int, migratetype: int, tail: bool) -> None:
        """Put a free block on its list without looking for a buddy."""
        area = self.areas[order][migratetype]
        area[pfn] = None
        if not tail:
            area.move_to_end(pfn, last=False)
        self.blocks[pfn] = order << 3 | migratetype

    def remove(self, pfn: int) -> int:
        """Take the free block that starts at ``pfn`` off its list; return its order.

        Raises KeyError where no free block starts there.
        """
        code = self.blocks.pop(pfn)
        self.areas[code >> 3][code & 7].pop(pfn, None)
        return code >> 3

    def head(self, order: int, migratetype: int) -> int | None:
        """Return the first block of a list, None where it is empty."""
        return next(iter(self.areas[order][migratetype]), None)

    def rmqueue_smallest(self, order: int, migratetype: int) -> int | None:
        """Take a block of the type from the smallest order that has one, splitting it.

        Return its pfn, None where the type has no block large enough.
        """
        for current in range(order, self._max_order + 1):
            area = self.areas[current][migratetype]
            if area:
                pfn, _ = area.popitem(last=False)
                self.blocks.pop(pfn, None)
                if current > order:
                    self.expand(pfn, order, current, migratetype)
                return pfn
        return None

    def expand(self, pfn: int, low: int, high: int, migratetype: int) -> None:
        """Put back what a block of order ``high`` leaves when its first 2^low pages go."""
        while high > low:
            high -= 1
            buddy = pfn + (1 << high)
            area = self.areas[high][migratetype]
            area[buddy] = None
            if len(area) > 1:
                area.move_to_end(buddy, last=False)
            self.blocks[buddy] = high << 3 | migratetype

    def undo(self, pfn: int, order: int, migratetype: int) -> None:
        """Put back what rmqueue_smallest() just took, as it was."""
        while order < self._max_order and not pfn & ((2 << order) - 1):
            if self.head(order, migratetype) != pfn + (1 << order):
                break
            self.remove(pfn + (1 << order))
            order += 1
        self.insert(pfn, order, migratetype, tail=False)

    def peek(self, order: int, migratetype: int) -> int | None:
        """Return what rmqueue_smallest() would take, None where the type has nothing."""
        for current in range(order, self._max_order + 1):
            area = self.areas[current][migratetype]
            if area:
                return next(iter(area))
        return None

    def free_one(self, pfn: int, order: int, migratetype: int, tail: bool = False) -> None:
        """Free 2^order pages, merging with free buddies; ``tail`` asks for the list's tail.

        Mirrors __free_one_page(): without ``tail`` a block goes to the head, unless the
        block that it would merge into has a free buddy itself.
        """
        blocks = self.blocks
        while order < self._max_order:
            buddy = pfn ^ (1 << order)
            code = blocks.get(buddy)
            if code is None or code >> 3 != order:
                break
            if order >= self._block_order and not self._may_merge(buddy, migratetype):
                break
            del blocks[buddy]
            self.areas[order][code & 7].pop(buddy, None)
            if order >= self._block_order and self.rules.merge_retypes:
                self.set_pageblock_type(buddy, order, migratetype)
            pfn &= buddy
            order += 1
        to_tail = tail or (self._merge_to_tail and self._merge_likely(pfn, order))
        area = self.areas[order][migratetype]
        area[pfn] = None
        if not to_tail:
            area.move_to_end(pfn, last=False)
        blocks[pfn] = order << 3 | migratetype

    def _may_merge(self, buddy: int, migratetype: int) -> bool:
        """Return whether blocks of a pageblock or more may merge across their types."""
        other = self.pageblock_type(buddy)
        mergeable = self.rules.mergeable
        return other == migratetype or (mergeable(other) and mergeable(migratetype))

    def _merge_likely(self, pfn: int, order: int) -> bool:
        """Return whether the block of the next order would find its buddy free.

        Mirrors buddy_merge_likely().
        """
        if order >= self._max_order - 1:
            return False
        if self.rules.misses_upper and pfn & (1 << order):
            return False
        higher = pfn & ~(1 << order)
        code = self.blocks.get(higher ^ (2 << order))
        return code is not None and code >> 3 == order + 1

    def move_block(self, pfn: int, migratetype: int) -> int:
        """Move all free blocks of the pageblock of ``pfn`` to another type's lists.

        Return the number of pages moved; 0 where the pageblock ends beyond the zone, or begins
        before it (there, until v6.9, the part from ``pfn`` on moves). Mirrors
        move_freepages_block().
        """
        pages = 1 << self.rules.pageblock_order
        start = pfn & -pages
        end = start + pages
        if end > self.end:
            return 0
        if start < self.start:
            if self.rules.fallback in (Fallback.TAKE, Fallback.CLAIM):
                return 0
            start = pfn
        moved = 0
        for block in list(self.free_in(start, end)):
            order = self.remove(block)
            self.insert(block, order, migratetype, tail=self.rules.move_to_tail)
            moved += 1 << order
        return moved

    def free_in(self, start: int, end: int) -> Iterator[int]:
        """Yield the first pfn of each free block that starts within [start, end)."""
        pfn = start
        while pfn < end:
            code = self.blocks.get(pfn)
            if code is None:
                pfn += 1
            else:
                yield pfn
                pfn += 1 << (code >> 3)

    def block_with(self, pfn: int) -> int | None:
        """Return the first pfn of the free block that holds the page, None where it is in use."""
        for order in range(self.rules.max_order + 1):
            first = pfn & -(1 << order)
            code = self.blocks.get(first)
            if code is not None and code >> 3 >= order:
                return first
        return None

    def is_free(self, pfn: int, order: int) -> bool:
        """Return whether all 2^order pages lie in one free block."""
        first = self.block_with(pfn)
        return first is not None and first + (1 << (self.blocks[first] >> 3)) >= pfn + (1 << order)

    def evict(self, pfn: int, order: int) -> None:
        """Take whatever is free of 2^order given pages off the lists."""
        page, end = pfn, pfn + (1 << order)
        while page < end:
            first = self.block_with(page)
            if first is None:
                page += 1
            elif first < pfn or first + (1 << (self.blocks[first] >> 3)) > end:
                self.carve(page, 0)
                page += 1
            else:
                page = first + (1 << self.remove(first))

    def carve(self, pfn: int, order: int) -> int:
        """Take 2^order given pages out of the free block that holds them; return its type.

        The rest goes back as the pieces that splitting leaves, each to the head of its list.
        Raises KeyError where the pages are not free. No kernel function does this: it brings
        the simulation to what a log shows.
        """
        first = self.block_with(pfn)
        if first is None or not self.is_free(pfn, order):
            raise KeyError(pfn)
        migratetype = self.blocks[first] & 7
        high = self.remove(first)
        while high > order:
            high -= 1
            half = first + (1 << high)
            spare, first = (first, half) if pfn >= half else (half, first)
            self.insert(spare, high, migratetype, tail=False)
        return migratetype
