"""The dynamic percpu allocator: which chunk serves a request, and where (mm/percpu.c).

Chunks wait in slots ordered by the largest run that they hold; a request walks the slots from the
smallest that could fit and takes the first fit.  `PercpuAllocator.alloc` answers what the kernel
answers; `Chunk` (tracekit.mm.percpu_chunk) does the search inside a chunk.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.mm.percpu_chunk import PCPU_MIN_ALLOC_SIZE, Chunk

__all__ = ["PercpuAllocator", "PercpuArea", "PercpuRules"]

PCPU_SLOT_BASE_SHIFT = 5
PCPU_SLOT_FAIL_THRESHOLD = 3
PCPU_EMPTY_POP_PAGES_LOW = 2
PCPU_EMPTY_POP_PAGES_HIGH = 4


@dataclass(frozen=True, slots=True)
class PercpuRules:
    """What differs between kernels.

    `contig_slots`: slots and scan hints go by the largest run, and a chunk that fails a small
    request moves out of the way (5.2 and later); before that slots go by free bytes.
    `depopulates`: chunks with many empty pages are set aside (5.14 and later).
    `whole_chunks`: a new chunk has all its memory at once (percpu-km.c, kernels without MMU or
    SMP).
    """

    contig_slots: bool = True
    depopulates: bool = True
    whole_chunks: bool = False


@dataclass(frozen=True, slots=True)
class PercpuArea:
    """Where a request went: chunk, offset from the chunk's base and size, both in bytes."""

    chunk: Chunk
    off: int
    size: int


class PercpuAllocator:
    """Chunks in their slots.  `unit_size` and `page_size` are bytes."""

    def __init__(self, unit_size: int, page_size: int, rules: PercpuRules | None = None) -> None:
        self.unit_size = unit_size
        self.page_size = page_size
        self.rules = rules or PercpuRules()
        top = _size_to_slot(unit_size)
        self.sidelined_slot = top + 1
        self.free_slot = top + (2 if self.rules.depopulates else 1)
        self.to_depopulate_slot = self.free_slot + 1
        self.slots: list[list[Chunk]] = [[] for _ in range(self.to_depopulate_slot + 1)]
        self.first_chunk: Chunk | None = None
        self.reserved_chunk: Chunk | None = None
        self.nr_empty_pop_pages = 0

    # ------------------------------------------------------------------- setup

    def setup_first_chunk(
        self, base_addr: int, static_size: int, reserved_size: int, dyn_size: int
    ) -> None:
        """Make the first chunk, and the reserved one if there is one (pcpu_setup_first_chunk).

        `base_addr` is where unit 0 starts; sizes are bytes, as the pcpu-alloc line prints them.
        """
        static = -(-static_size // PCPU_MIN_ALLOC_SIZE) * PCPU_MIN_ALLOC_SIZE
        dynamic = dyn_size - (static - static_size)
        if reserved_size:
            self.reserved_chunk = self._first_chunk(base_addr + static, reserved_size)
        self.first_chunk = self._first_chunk(base_addr + static + reserved_size, dynamic)
        self.nr_empty_pop_pages = self.first_chunk.nr_empty_pop_pages
        self._relocate(self.first_chunk, -1)

    def _first_chunk(self, address: int, map_size: int) -> Chunk:
        start_offset = address % self.page_size
        pages = -(-(start_offset + map_size) // self.page_size)
        return Chunk(
            address - start_offset,
            pages,
            self.page_size,
            start_offset=start_offset,
            end_offset=pages * self.page_size - start_offset - map_size,
            has_scan_hint=self.rules.contig_slots,
            populated=True,
        )

    def create_chunk(self, base_addr: int) -> Chunk:
        """Add an empty chunk at `base_addr` (pcpu_create_chunk)."""
        chunk = Chunk(
            base_addr,
            self.unit_size // self.page_size,
            self.page_size,
            has_scan_hint=self.rules.contig_slots,
        )
        if self.rules.whole_chunks:
            self._count_empty(chunk, chunk.populate(0, chunk.nr_pages))
        self._relocate(chunk, -1)
        return chunk

    def destroy_chunk(self, chunk: Chunk) -> None:
        """Forget `chunk` (pcpu_destroy_chunk)."""
        self._unlink(chunk)

    # ------------------------------------------------------------------- slots

    def chunks(self) -> list[Chunk]:
        """Return every chunk that serves ordinary requests, in slot order."""
        return [chunk for slot in self.slots for chunk in slot]

    def chunk_slot(self, chunk: Chunk) -> int:
        """Return the slot that `chunk` belongs in (pcpu_chunk_slot)."""
        hint = chunk.chunk_md.contig_hint
        if chunk.free_bytes < PCPU_MIN_ALLOC_SIZE or not hint:
            return 0
        size = hint * PCPU_MIN_ALLOC_SIZE if self.rules.contig_slots else chunk.free_bytes
        return self._size_slot(size)

    def _size_slot(self, size: int) -> int:
        return self.free_slot if size == self.unit_size else _size_to_slot(size)

    def _unlink(self, chunk: Chunk) -> None:
        for slot in self.slots:
            if any(each is chunk for each in slot):
                slot[:] = [each for each in slot if each is not chunk]

    def _move(self, chunk: Chunk, slot: int, front: bool = True) -> None:
        if chunk is self.reserved_chunk:
            return
        self._unlink(chunk)
        if front:
            self.slots[slot].insert(0, chunk)
        else:
            self.slots[slot].append(chunk)

    def _relocate(self, chunk: Chunk, old_slot: int) -> None:
        slot = self.chunk_slot(chunk)
        if not chunk.isolated and slot != old_slot:
            self._move(chunk, slot, front=old_slot < slot)

    def _count_empty(self, chunk: Chunk, pages: int) -> None:
        if chunk is not self.reserved_chunk and not chunk.isolated:
            self.nr_empty_pop_pages += pages

    # ------------------------------------------------------------------- alloc

    def alloc(
        self, size: int, align: int, *, reserved: bool = False, atomic: bool = False
    ) -> PercpuArea | None:
        """Take `size` bytes at `align` and say where they lie (pcpu_alloc).

        None means that no chunk has room: a request that may sleep then creates a chunk and tries
        again, an atomic one fails.  Pages under the area count as populated afterwards.
        """
        bits = -(-size // PCPU_MIN_ALLOC_SIZE)
        bit_align = max(align, PCPU_MIN_ALLOC_SIZE) // PCPU_MIN_ALLOC_SIZE
        if reserved and self.reserved_chunk is not None:
            chunk = self.reserved_chunk
            off = chunk.alloc(bits, bit_align, atomic)
            return None if off is None else self._area(chunk, off, bits)
        for slot in range(self._size_slot(bits * PCPU_MIN_ALLOC_SIZE), self.free_slot + 1):
            for chunk in list(self.slots[slot]):
                off = self._alloc_in(chunk, bits, bit_align, atomic)
                if off is not None:
                    return self._area(chunk, off, bits)
                if self.rules.contig_slots and slot < PCPU_SLOT_FAIL_THRESHOLD:
                    self._move(chunk, 0)
        return None

    def find(
        self, size: int, align: int, *, reserved: bool = False, atomic: bool = False
    ) -> PercpuArea | None:
        """Return what alloc() would answer, and change nothing."""
        unit = PCPU_MIN_ALLOC_SIZE
        bits = -(-size // unit)
        bit_align = max(align, unit) // unit
        for chunk in self._candidates(bits * unit, reserved):
            off = chunk.find(bits, bit_align, atomic)
            if off is not None:
                return PercpuArea(chunk, off * unit, bits * unit)
        return None

    def _candidates(self, size: int, reserved: bool) -> list[Chunk]:
        if reserved and self.reserved_chunk is not None:
            return [self.reserved_chunk]
        slots = self.slots[self._size_slot(size) : self.free_slot + 1]
        return [chunk for slot in slots for chunk in slot]

    def _alloc_in(self, chunk: Chunk, bits: int, align: int, atomic: bool) -> int | None:
        old_slot, empty = self.chunk_slot(chunk), chunk.nr_empty_pop_pages
        off = chunk.alloc(bits, align, atomic)
        if off is not None:
            self._count_empty(chunk, chunk.nr_empty_pop_pages - empty)
            self._relocate(chunk, old_slot)
            self._reintegrate(chunk)
        return off

    def _area(self, chunk: Chunk, bit_off: int, bits: int) -> PercpuArea:
        unit = PCPU_MIN_ALLOC_SIZE
        self._populate(chunk, bit_off * unit, bits * unit)
        return PercpuArea(chunk, bit_off * unit, bits * unit)

    def _populate(self, chunk: Chunk, off: int, size: int) -> None:
        last = -(-(off + size) // self.page_size)
        self._count_empty(chunk, chunk.populate(off // self.page_size, last))

    def take(self, chunk: Chunk, off: int, size: int) -> None:
        """Record an area where the log says that it lies, whatever the search would have said."""
        old_slot, empty = self.chunk_slot(chunk), chunk.nr_empty_pop_pages
        bits = -(-size // PCPU_MIN_ALLOC_SIZE)
        chunk.take(off // PCPU_MIN_ALLOC_SIZE, bits)
        self._count_empty(chunk, chunk.nr_empty_pop_pages - empty)
        self._relocate(chunk, old_slot)
        self._reintegrate(chunk)
        self._populate(chunk, off, bits * PCPU_MIN_ALLOC_SIZE)

    # -------------------------------------------------------------------- free

    def free(self, chunk: Chunk, off: int) -> int | None:
        """Free the area at `off`; return its size in bytes, or None if none starts there."""
        old_slot, empty = self.chunk_slot(chunk), chunk.nr_empty_pop_pages
        bits = chunk.free(off // PCPU_MIN_ALLOC_SIZE)
        if bits is None:
            return None
        self._count_empty(chunk, chunk.nr_empty_pop_pages - empty)
        self._relocate(chunk, old_slot)
        if self._should_reclaim(chunk):
            self._isolate(chunk)
        return bits * PCPU_MIN_ALLOC_SIZE

    def _should_reclaim(self, chunk: Chunk) -> bool:
        """Say whether free_percpu() sets `chunk` aside (pcpu_should_reclaim_chunk)."""
        if not self.rules.depopulates or self.rules.whole_chunks or chunk.immutable:
            return False
        if not chunk.isolated and chunk.free_bytes == self.unit_size:
            return False
        empty = chunk.nr_empty_pop_pages
        if chunk.isolated:
            return empty > 0
        spare = self.nr_empty_pop_pages > PCPU_EMPTY_POP_PAGES_HIGH + empty
        return spare and empty >= chunk.nr_pages // 4

    def _isolate(self, chunk: Chunk) -> None:
        if not chunk.isolated:
            chunk.isolated = True
            self.nr_empty_pop_pages -= chunk.nr_empty_pop_pages
        self._move(chunk, self.to_depopulate_slot)

    def _reintegrate(self, chunk: Chunk) -> None:
        if chunk.isolated:
            chunk.isolated = False
            self.nr_empty_pop_pages += chunk.nr_empty_pop_pages
            self._relocate(chunk, -1)

    # ------------------------------------------------------------ balance work

    def keep_spare_pages(self) -> None:
        """Run the balance worker if pcpu_alloc() would have woken it."""
        if self.nr_empty_pop_pages < PCPU_EMPTY_POP_PAGES_LOW:
            self.balance()

    def balance(self) -> None:
        """Do what the balance worker does to chunks that exist (pcpu_balance_workfn).

        Chunks that it would create or destroy are announced by their own events.
        """
        if self.rules.whole_chunks:
            return
        if self.rules.depopulates:
            self._reclaim_populated()
        self._populate_spare()

    def _populate_spare(self) -> None:
        """Keep some empty pages ready for atomic requests (pcpu_balance_populated)."""
        wanted = PCPU_EMPTY_POP_PAGES_HIGH - self.nr_empty_pop_pages
        for slot in range(self._size_slot(self.page_size), self.free_slot + 1):
            chunk = next(
                (each for each in self.slots[slot] if len(each.populated) < each.nr_pages), None
            )
            if chunk is None:
                continue
            for page in range(chunk.nr_pages):
                if wanted <= 0:
                    return
                new = chunk.populate(page, page + 1)
                self._count_empty(chunk, new)
                wanted -= new

    def _reclaim_populated(self) -> None:
        """Take memory from chunks set aside (pcpu_reclaim_populated)."""
        while self.slots[self.to_depopulate_slot]:
            chunk = self.slots[self.to_depopulate_slot][0]
            short = self._depopulate(chunk)
            if short or chunk.free_bytes == self.unit_size:
                self._reintegrate(chunk)
            else:
                self._move(chunk, self.sidelined_slot, front=False)

    def _depopulate(self, chunk: Chunk) -> bool:
        for page in range(chunk.nr_pages - 1, -1, -1):
            if chunk.nr_empty_pop_pages == 0:
                return False
            if self.nr_empty_pop_pages < PCPU_EMPTY_POP_PAGES_HIGH:
                return True
            empty = chunk.md_blocks[page].contig_hint == chunk.block_bits
            if empty and page in chunk.populated:
                chunk.depopulate(page)
        return False


def _size_to_slot(size: int) -> int:
    """Return the slot for `size` bytes (__pcpu_size_to_slot)."""
    return max(size.bit_length() - PCPU_SLOT_BASE_SHIFT + 2, 1)
