"""The boot memory allocator of old kernels: one bit for each page, first fit.

Mirrors mm/bootmem.c as it stood from the rewrite in 2.6.27
("bootmem: clean up alloc_bootmem_core") to its removal after 4.19. What came before
2.6.27 scanned in another way: see `tracekit.mm.bootmem_scan`.

Units: a pfn is a page number; an index (`idx`) is a page number counted from the node's
first page; an offset (`off`) is a number of bytes counted from there. Ends are exclusive.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

BOOTMEM_DEFAULT = 0
BOOTMEM_EXCLUSIVE = 1
ARCH_LOW_ADDRESS_LIMIT = 0xFFFF_FFFF

_FREE, _RESERVED = 0, 1


class BootmemBugError(Exception):
    """The call is one that the kernel answers with BUG(): it would stop the boot."""


class BootmemBusyError(Exception):
    """An exclusive reservation met a reserved page (-EBUSY) and was rolled back."""

    def __init__(self, pfn: int) -> None:
        super().__init__(f"page {pfn:#x} is reserved already")
        self.pfn = pfn


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one allocation lies: a byte range, and the whole pages newly taken for it.

    `block_idx` is the first page that had to be free; a small allocation may start before
    it, in the last page of the allocation before. All values count from the node's start.
    """

    block_idx: int
    start_off: int
    size: int

    @property
    def end_off(self) -> int:
        """The first byte after the allocation, in bytes from the node's start."""
        return self.start_off + self.size


class Scan(Protocol):
    """How an allocator looks for room, and what it remembers from call to call."""

    def place(
        self, node: BootmemNode, size: int, align: int, goal: int, limit: int
    ) -> Placement | None:
        """Where the request would go, or None; changes nothing."""

    def taken(self, node: BootmemNode, placement: Placement) -> None:
        """Remember an allocation."""

    def freed(self, idx: int, address: int) -> None:
        """Remember that pages were freed: the first index, and its physical address."""


def align_up(value: int, align: int) -> int:
    """The next multiple of align (a power of two) at or above value."""
    return (value + align - 1) & -align


def bitmap_bytes(pages: int, word_bits: int) -> int:
    """Bytes of a bitmap for so many pages: whole words (bootmap_bytes())."""
    return align_up((pages + 7) // 8, word_bits // 8)


@dataclass(slots=True)
class HintScan:
    """The search since 2.6.27: alloc_bootmem_core(), from 3.5 on alloc_bootmem_bdata()."""

    hint_idx: int = 0
    last_end_off: int = 0

    def place(
        self, node: BootmemNode, size: int, align: int, goal: int, limit: int
    ) -> Placement | None:
        """Where the request would go, or None if the node has no room for it."""
        block = self.find_block(node, size, align, goal, limit)
        return None if block is None else self.merge(node, block, size, align)

    def find_block(
        self, node: BootmemNode, size: int, align: int, goal: int, limit: int
    ) -> int | None:
        """The index of the first page of the free block that a request gets, or None.

        The search starts at the goal, or behind the last allocation if that is higher, and
        once more at the goal if nothing was found there.
        """
        shift = node.page_shift
        goal, limit = goal >> shift, limit >> shift
        end = min(node.low_pfn, limit) if limit else node.low_pfn
        if end <= node.min_pfn:
            return None
        step = max(align >> shift, 1)
        base = goal if goal and node.min_pfn < goal < end else node.min_pfn
        first = align_up(base, step) - node.min_pfn
        end_idx = end - node.min_pfn
        starts = [first]
        if self.hint_idx > first:
            starts.insert(0, node.align_idx(self.hint_idx, step))
        for start in starts:
            block = node.find_free_block(start, end_idx, node.pages(size), step)
            if block is not None:
                return block
        return None

    def merge(self, node: BootmemNode, block: int, size: int, align: int) -> Placement:
        """Start in the page before the block if the last allocation left room there."""
        last = self.last_end_off
        if last & (node.page_size - 1) and (last >> node.page_shift) + 1 == block:
            base = node.min_pfn << node.page_shift
            start_off = align_up(base + last, align) - base
        else:
            start_off = block << node.page_shift
        return Placement(block, start_off, size)

    def taken(self, node: BootmemNode, placement: Placement) -> None:
        """Go on behind this allocation next time."""
        self.last_end_off = placement.end_off
        self.hint_idx = node.pages(placement.end_off)

    def freed(self, idx: int, address: int) -> None:
        """Go back to pages that became free (__free())."""
        self.hint_idx = min(self.hint_idx, idx)


@dataclass(slots=True)
class BootmemNode:
    """One node's bitmap: struct bootmem_data.

    Every page is reserved at first; the architecture frees what is RAM, then reserves what
    is in use. `map_pfn` is the page where the bitmap itself lies, where that is known.
    """

    nid: int
    min_pfn: int
    low_pfn: int
    map_pfn: int | None = None
    page_shift: int = 12
    word_bits: int = 32
    scan: Scan = field(default_factory=HintScan)
    bits: bytearray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # init_bootmem_core() sets whole words, so the bits past the last page read as reserved.
        pages = align_up(max(self.low_pfn - self.min_pfn, 0), self.word_bits)
        self.bits = bytearray([_RESERVED]) * pages

    @property
    def page_size(self) -> int:
        """Bytes in a page."""
        return 1 << self.page_shift

    @property
    def bitmap_bytes(self) -> int:
        """Bytes of the bitmap: whole words (bootmap_bytes(); the `mapsize=` of the log)."""
        return bitmap_bytes(self.low_pfn - self.min_pfn, self.word_bits)

    @property
    def bitmap_pages(self) -> int:
        """Pages that the bitmap takes (bootmem_bootmap_pages())."""
        return self.pages(self.bitmap_bytes)

    def copy(self) -> BootmemNode:
        """An independent copy, to try something out on."""
        return copy.deepcopy(self)

    def pages(self, size: int) -> int:
        """Whole pages that size bytes need (PFN_UP)."""
        return -(-size >> self.page_shift)

    def align_idx(self, idx: int, step: int) -> int:
        """The next index at or above idx whose pfn is a multiple of step (align_idx())."""
        return align_up(self.min_pfn + idx, step) - self.min_pfn

    def find_free_block(self, idx: int, end_idx: int, pages: int, step: int) -> int | None:
        """The first aligned index at or above idx with `pages` free pages before end_idx."""
        while True:
            free = self.bits.find(_FREE, idx, end_idx)
            idx = self.align_idx(free if free >= 0 else max(idx, end_idx), step)
            if idx >= end_idx or idx + pages > end_idx:
                return None
            taken = self.bits.find(_RESERVED, idx, idx + pages)
            if taken < 0:
                return idx
            idx = self.align_idx(taken, step)
            if idx == taken:
                idx += step

    def contains(self, start_pfn: int, end_pfn: int) -> bool:
        """Whether [start, end) lies in the node, so that marking it is no BUG()."""
        return self.min_pfn <= start_pfn and end_pfn <= self.low_pfn

    def pfns_in_state(self, start_pfn: int, end_pfn: int, *, reserved: bool) -> list[int]:
        """The pfns in [start, end) that are reserved, or that are free."""
        first, wanted = start_pfn - self.min_pfn, _RESERVED if reserved else _FREE
        window = self.bits[first : end_pfn - self.min_pfn]
        return [start_pfn + i for i, bit in enumerate(window) if bit == wanted]

    def mark(self, start_pfn: int, end_pfn: int, *, reserved: bool) -> None:
        """Set or clear the bits of [start, end) without any rule; for adopting a state."""
        first, end = start_pfn - self.min_pfn, end_pfn - self.min_pfn
        if first < end:
            value = _RESERVED if reserved else _FREE
            self.bits[first:end] = bytes([value]) * (end - first)

    def free(self, start_pfn: int, end_pfn: int) -> None:
        """Free [start, end) (mark_bootmem_node() and __free()).

        Raises BootmemBugError for a range outside the node or with a page that is free already.
        """
        self._check_range(start_pfn, end_pfn)
        free = self.bits.find(_FREE, start_pfn - self.min_pfn, end_pfn - self.min_pfn)
        if free >= 0 and start_pfn < end_pfn:
            raise BootmemBugError(f"page {self.min_pfn + free:#x} is free already")
        self.scan.freed(start_pfn - self.min_pfn, start_pfn << self.page_shift)
        self.mark(start_pfn, end_pfn, reserved=False)

    def reserve(self, start_pfn: int, end_pfn: int, flags: int = BOOTMEM_DEFAULT) -> list[int]:
        """Reserve [start, end); the pfns that were reserved before (__reserve()).

        Raises BootmemBusyError if the reservation is exclusive and there is such a page: what was
        marked before it is freed again, which moves the scan's hint. Raises BootmemBugError for a
        range outside the node.
        """
        self._check_range(start_pfn, end_pfn)
        doubled = self.pfns_in_state(start_pfn, end_pfn, reserved=True)
        if doubled and flags & BOOTMEM_EXCLUSIVE:
            self.scan.freed(start_pfn - self.min_pfn, start_pfn << self.page_shift)
            raise BootmemBusyError(doubled[0])
        self.mark(start_pfn, end_pfn, reserved=True)
        return doubled

    def _check_range(self, start_pfn: int, end_pfn: int) -> None:
        if not self.contains(start_pfn, end_pfn):
            raise BootmemBugError(
                f"[{start_pfn:#x}-{end_pfn:#x}) is not inside node {self.nid} "
                f"[{self.min_pfn:#x}-{self.low_pfn:#x})"
            )

    def find(self, size: int, align: int, goal: int = 0, limit: int = 0) -> Placement | None:
        """Where a request of size bytes would be placed, or None; changes nothing.

        Goal and limit are physical addresses in bytes, 0 for none. Raises BootmemBugError for what
        alloc_bootmem_core() refuses: no size, an odd alignment, a goal too near the limit.
        """
        if size <= 0 or align & (align - 1) or (limit and goal + size > limit):
            request = f"size={size:#x} align={align:#x} goal={goal:#x} limit={limit:#x}"
            raise BootmemBugError(f"no such request can be met: {request}")
        return self.scan.place(self, size, max(align, 1), goal, limit)

    def reserved_by(self, placement: Placement) -> tuple[int, int]:
        """The pfns [start, end) that __reserve() marks for an allocation; may be empty."""
        first = self.min_pfn + placement.block_idx
        return first, max(first, self.min_pfn + self.pages(placement.end_off))

    def take(self, placement: Placement) -> None:
        """Carry out an allocation that `find` (or the log) placed."""
        self.mark(*self.reserved_by(placement), reserved=True)
        self.scan.taken(self, placement)

    def allocate(self, size: int, align: int, goal: int = 0, limit: int = 0) -> int | None:
        """Allocate on this node; the physical address in bytes, or None if there is no room."""
        placement = self.find(size, align, goal, limit)
        if placement is None:
            return None
        self.take(placement)
        return (self.min_pfn << self.page_shift) + placement.start_off


@dataclass(slots=True)
class Bootmem:
    """All nodes, in order of their first page: bdata_list and the calls that walk it.

    `preferred_nid` is the node that bootmem_arch_preferred_node() puts first: node 0 on
    x86-32 with NUMA (arch/x86/include/asm/mmzone_32.h).
    """

    nodes: list[BootmemNode] = field(default_factory=list)
    preferred_nid: int | None = None

    def add_node(self, node: BootmemNode) -> None:
        """Register a node (init_bootmem_core(), link_bootmem())."""
        before = [n for n in self.nodes if n.min_pfn <= node.min_pfn]
        self.nodes.insert(len(before), node)

    def node(self, nid: int) -> BootmemNode:
        """The node with this number; KeyError if it was never registered."""
        for node in self.nodes:
            if node.nid == nid:
                return node
        raise KeyError(nid)

    def pieces(self, start_pfn: int, end_pfn: int) -> Iterator[tuple[BootmemNode, int, int]]:
        """The parts of [start, end) by node, as mark_bootmem() walks them.

        Raises BootmemBugError where the range is not covered without a gap.
        """
        pos = start_pfn
        for node in self.nodes:
            if not node.min_pfn <= pos < node.low_pfn:
                continue
            end = min(node.low_pfn, end_pfn)
            yield node, pos, end
            if end == end_pfn:
                return
            pos = node.low_pfn
        raise BootmemBugError(f"no node holds page {pos:#x}")

    def free(self, start_pfn: int, end_pfn: int) -> None:
        """Free a range that may cross nodes (free_bootmem())."""
        for node, start, end in list(self.pieces(start_pfn, end_pfn)):
            node.free(start, end)

    def reserve(self, start_pfn: int, end_pfn: int, flags: int = BOOTMEM_DEFAULT) -> list[int]:
        """Reserve a range that may cross nodes; the pfns reserved before (reserve_bootmem()).

        Raises BootmemBusyError as a node does, after freeing what other nodes had marked.
        """
        doubled: list[int] = []
        for node, start, end in list(self.pieces(start_pfn, end_pfn)):
            try:
                doubled += node.reserve(start, end, flags)
            except BootmemBusyError:
                if start_pfn < start:
                    self.free(start_pfn, start)
                raise
        return doubled

    def attempts(
        self, goal: int, limit: int, nid: int | None = None
    ) -> Iterator[tuple[BootmemNode, int]]:
        """The (node, goal) pairs that one call tries in turn, each with its own log line.

        With a nid that node comes first (___alloc_bootmem_node()); a goal that no node can
        meet is dropped and everything is tried again (___alloc_bootmem_nopanic()).
        """
        for this_goal in (goal, 0) if goal else (0,):
            if nid is not None:
                yield self.node(nid), this_goal
            elif self.preferred_nid is not None:
                yield self.node(self.preferred_nid), this_goal
            for node in self.nodes:
                if this_goal and node.low_pfn <= this_goal >> node.page_shift:
                    continue
                if limit and node.min_pfn >= limit >> node.page_shift:
                    break
                yield node, this_goal

    def allocate(
        self, size: int, align: int, goal: int = 0, limit: int = 0, nid: int | None = None
    ) -> int | None:
        """Allocate anywhere (__alloc_bootmem_nopanic()), or on nid first; the address or None."""
        for node, this_goal in self.attempts(goal, limit, nid):
            address = node.allocate(size, align, this_goal, limit)
            if address is not None:
                return address
        return None

    def allocate_low(self, size: int, align: int, goal: int = 0) -> int | None:
        """Allocate below 4 GiB (__alloc_bootmem_low()); the address in bytes, or None."""
        return self.allocate(size, align, goal, ARCH_LOW_ADDRESS_LIMIT)
