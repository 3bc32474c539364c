"""Taking back the last steps of a simulated percpu allocator.

pcpu_alloc() prints its line after it has dropped pcpu_lock, so a free that came later can stand
before it in the log.  To learn in which order things happened, the replay takes steps back, does
them in another order and looks again; hints depend on the order, so the old values are kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.mm.percpu import PercpuAllocator
from tracekit.mm.percpu_block import BlockMd
from tracekit.mm.percpu_chunk import PCPU_MIN_ALLOC_SIZE, Chunk

__all__ = ["Mark"]


@dataclass(slots=True)
class Mark:
    """What one step on [bit_off, bit_off + bits) of a chunk can change, as it was before."""

    allocator: PercpuAllocator
    chunk: Chunk
    first_block: int
    blocks: list[BlockMd]
    whole: BlockMd
    bit_off: int
    taken: bytes
    area_end: int | None
    counts: tuple[int, int, int]
    isolated: bool
    populated: set[int] | None
    slots: list[list[Chunk]]

    @classmethod
    def before(cls, allocator: PercpuAllocator, chunk: Chunk, off: int, size: int) -> Mark:
        """Remember the state before an allocation or free of `size` bytes at `off`."""
        bit_off, bits = off // PCPU_MIN_ALLOC_SIZE, -(-size // PCPU_MIN_ALLOC_SIZE)
        # A search may leave a hint in a block that it skipped on the way to this place.
        first = max(0, bit_off // chunk.block_bits - 2 - bits // chunk.block_bits)
        last = (bit_off + bits) // chunk.block_bits
        return cls(
            allocator,
            chunk,
            first,
            [block.copy() for block in chunk.md_blocks[first : last + 1]],
            chunk.chunk_md.copy(),
            bit_off,
            bytes(chunk.alloc_map[bit_off : bit_off + bits]),
            chunk.area_end.get(bit_off),
            (chunk.free_bytes, chunk.nr_empty_pop_pages, allocator.nr_empty_pop_pages),
            chunk.isolated,
            None if chunk.immutable else set(chunk.populated),
            [list(slot) for slot in allocator.slots],
        )

    def restore(self) -> None:
        """Put everything back; steps must be taken back in reverse order."""
        chunk, allocator = self.chunk, self.allocator
        chunk.md_blocks[self.first_block : self.first_block + len(self.blocks)] = self.blocks
        chunk.chunk_md = self.whole
        chunk.alloc_map[self.bit_off : self.bit_off + len(self.taken)] = self.taken
        chunk.area_end.pop(self.bit_off, None)
        if self.area_end is not None:
            chunk.area_end[self.bit_off] = self.area_end
        chunk.free_bytes, chunk.nr_empty_pop_pages, allocator.nr_empty_pop_pages = self.counts
        chunk.isolated = self.isolated
        if self.populated is not None:
            chunk.populated = self.populated
        allocator.slots[:] = self.slots
