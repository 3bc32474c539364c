"""What each simulated percpu chunk holds at the end of a trace."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.boot import Boot
from tracekit.mm.percpu_chunk import PCPU_MIN_ALLOC_SIZE, Chunk
from tracekit.replay.ledger import Ledger
from tracekit.replay.percpu.driver import first_allocator, replay_events
from tracekit.replay.percpu.twin import PercpuTwin

__all__ = ["NO_TRACE", "ChunkHolding", "percpu_holdings"]

NO_TRACE = "there is no trace of percpu events"


@dataclass(frozen=True, slots=True)
class ChunkHolding:
    """One chunk at the end of the trace; sizes are bytes of one unit, so of each processor.

    `populated` bytes have memory.  `free` is what no area takes, `largest` the largest hole in it,
    and `areas` counts those that lines show.
    """

    base_addr: int
    size: int
    populated: int
    free: int
    largest: int
    areas: int

    @property
    def unusable(self) -> float:
        """The share of the free bytes that lies outside the largest hole."""
        return 1 - self.largest / self.free if self.free else 0.0


def percpu_holdings(boot: Boot) -> list[ChunkHolding] | str:
    """Replay a boot's percpu events and return its chunks, or why they cannot be told."""
    if boot.trace is None or not len(boot.trace.table("percpu_alloc_percpu")):
        return NO_TRACE
    allocator = first_allocator(boot)
    if isinstance(allocator, str):
        return allocator
    twin = PercpuTwin(Ledger("percpu"), allocator, whole=True)
    replay_events(boot.trace, twin)
    return [_holding(twin, base, chunk) for base, chunk in twin.chunks.items()]


def _holding(twin: PercpuTwin, base: int, chunk: Chunk) -> ChunkHolding:
    return ChunkHolding(
        base_addr=base,
        size=chunk.nr_pages * chunk.page_size,
        populated=len(chunk.populated) * chunk.page_size,
        free=chunk.free_bytes,
        largest=chunk.chunk_md.contig_hint * PCPU_MIN_ALLOC_SIZE,
        areas=sum(key[0] == base for key in twin.live),
    )
