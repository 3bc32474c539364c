"""How bootmem looked for room before 2.6.27: __alloc_bootmem_core() of 2.4 and early 2.6.

The bitmap and the merging of small allocations are the same as later; only the search
differs. No kernel of that time logs its allocations, so these rules are proven against the
text of the source alone (2.4.0, 2.6.11, 2.6.24), not against a boot.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.mm.bootmem import BootmemNode, Placement, align_up


@dataclass(frozen=True, slots=True)
class ScanRules:
    """What changed in the search between 2.4 and 2.6.26.

    `aligns_from_pfn`: the search begins at the node's first aligned address; the blocks after
    it are aligned by their index in the node all the same.
    `skips_past_conflict`: after a reserved page inside a block the search goes on one step
    behind it (2.4 tries every step in turn). `remembers_success`: a search with a goal starts
    at the last successful block if that is higher. `merges_page_aligned`: requests aligned to
    a page may also start in the page of the allocation before. `honours_limit`: the limit
    argument exists.
    """

    aligns_from_pfn: bool
    skips_past_conflict: bool
    remembers_success: bool
    merges_page_aligned: bool
    honours_limit: bool


LINUX_2_4_0 = ScanRules(
    aligns_from_pfn=False,
    skips_past_conflict=False,
    remembers_success=False,
    merges_page_aligned=True,
    honours_limit=False,
)
LINUX_2_6_11 = ScanRules(
    aligns_from_pfn=True,
    skips_past_conflict=True,
    remembers_success=True,
    merges_page_aligned=False,
    honours_limit=False,
)
LINUX_2_6_24 = ScanRules(
    aligns_from_pfn=True,
    skips_past_conflict=True,
    remembers_success=True,
    merges_page_aligned=False,
    honours_limit=True,
)


@dataclass(slots=True)
class LastSuccessScan:
    """The search of __alloc_bootmem_core(), with what it keeps in struct bootmem_data.

    `last_end_off` stands for last_pos and last_offset: the end of the last allocation, in
    bytes from the node's start. `last_success` is the last block found, in bytes from there.
    """

    rules: ScanRules = LINUX_2_6_24
    last_end_off: int = 0
    last_success: int = 0

    def place(
        self, node: BootmemNode, size: int, align: int, goal: int, limit: int
    ) -> Placement | None:
        """Where the request would go, or None: from the goal up, then from the node's start."""
        limit = limit if self.rules.honours_limit else 0
        start_address = node.min_pfn << node.page_shift
        if limit and start_address >= limit:
            return None
        end_pfn = min(node.low_pfn, limit >> node.page_shift) if limit else node.low_pfn
        end_idx = end_pfn - node.min_pfn
        lowest = self._unaligned_start(start_address, align) >> node.page_shift
        preferred = self._preferred(node, end_pfn, align, goal, limit) + lowest
        for start in (preferred, lowest) if preferred > lowest else (preferred,):
            block = self._find_block(node, start, end_idx, node.pages(size), align)
            if block is not None:
                return self._merge(node, block, size, align)
        return None

    def _unaligned_start(self, start_address: int, align: int) -> int:
        """Bytes from the node's start to its first aligned address."""
        return -start_address & (align - 1) if self.rules.aligns_from_pfn else 0

    def _preferred(self, node: BootmemNode, end_pfn: int, align: int, goal: int, limit: int) -> int:
        """The index where the search starts, before the node's own misalignment is added."""
        shift = node.page_shift
        offset = goal - (node.min_pfn << shift)
        if not goal or offset < 0 or goal >> shift >= end_pfn:
            return 0
        # The kernel compares a limit in pages with last_success in bytes here.
        in_limit = not limit or limit >> shift > self.last_success
        if self.rules.remembers_success and self.last_success >= offset and in_limit:
            offset = self.last_success
        return align_up(offset, align) >> shift

    def _find_block(
        self, node: BootmemNode, start: int, end_idx: int, pages: int, align: int
    ) -> int | None:
        """The first block of free pages; blocks are aligned by index within the node."""
        step = max(align >> node.page_shift, 1)
        idx = start
        while idx < end_idx:
            if self.rules.skips_past_conflict:
                free = node.bits.find(0, idx, end_idx)
                idx = align_up(free if free >= 0 else end_idx, step)
                if idx >= end_idx:
                    return None
            conflict = self._conflict(node, idx, end_idx, pages)
            if conflict is None:
                return idx
            if self.rules.skips_past_conflict and conflict > idx:
                idx = align_up(conflict, step)
            idx += step
        return None

    @staticmethod
    def _conflict(node: BootmemNode, idx: int, end_idx: int, pages: int) -> int | None:
        """The first index of the block that is reserved or past the end, or None."""
        taken = node.bits.find(1, idx, min(idx + pages, end_idx))
        if taken >= 0:
            return taken
        return end_idx if idx + pages > end_idx else None

    def _merge(self, node: BootmemNode, block: int, size: int, align: int) -> Placement:
        """Start in the page before the block if the last allocation left room there."""
        last, page = self.last_end_off, node.page_size
        largest = page if self.rules.merges_page_aligned else page // 2
        follows = (last >> node.page_shift) + 1 == block
        if align <= largest and last & (page - 1) and follows:
            return Placement(block, align_up(last, align), size)
        return Placement(block, block << node.page_shift, size)

    def taken(self, node: BootmemNode, placement: Placement) -> None:
        """Remember where the block was found and where the allocation ended."""
        self.last_end_off = placement.end_off
        self.last_success = placement.block_idx << node.page_shift

    def freed(self, idx: int, address: int) -> None:
        """Go back to memory that was freed (free_bootmem_core()).

        The kernel compares a physical address with an offset here, which differs on nodes
        that do not start at 0.
        """
        self.last_success = min(self.last_success, address)
