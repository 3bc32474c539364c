"""What simulated slab caches and percpu chunks hold, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracekit.replay.percpu.holdings import ChunkHolding
from tracekit.replay.slub.holdings import CacheHolding

LINES = 20
WIDTH = 28


def render_slab(caches: Sequence[CacheHolding] | str, lines: int | None = LINES) -> str:
    """Return the caches as a table, or the one sentence that says why there is none.

    ``lines`` limits the rows, None for all of them.
    """
    if isinstance(caches, str):
        return f"\nNo simulation of the slab allocator: {caches}\n"
    return "\n".join(_slab(caches, lines)) + "\n"


def _slab(caches: Sequence[CacheHolding], lines: int | None) -> Iterator[str]:
    titles = ("Size", "Slabs", "Peak", "Live", "Objects", "Held", "Idle", "Asked", "Travelled")
    yield from ("", "SIMULATION (slab allocator, at the end of the trace)", "=" * 52)
    yield f"{'Cache':<{WIDTH}}" + "".join(f"{title:>11}" for title in titles)
    yield "-" * (WIDTH + 11 * len(titles))
    held = [cache for cache in caches if cache.slabs]
    for cache in held[:lines]:
        figures = (cache.size, cache.slabs, cache.peak, cache.live, cache.objects, cache.held)
        more = (cache.idle, cache.asked, cache.travelled)
        yield f"{cache.name:<{WIDTH}}" + "".join(f"{n:>11,}" for n in (*figures, *more))
    if lines is not None and len(held) > lines:
        yield f"... and {len(held) - lines} more caches"
    total, idle = sum(cache.held for cache in held), sum(cache.idle for cache in held)
    yield f"{total:,} bytes of slabs that lines show, {idle:,} of them in no object that is in use."
    sparse = [cache.name for cache in held if cache.nearly_empty]
    if sparse:
        yield f"Nearly empty: {', '.join(sparse[:lines])}"
    older = sum(cache.older for cache in held)
    if older:
        yield f"{older:,} slabs are older than the trace: what lines do not show of them is live."


def render_percpu(chunks: Sequence[ChunkHolding] | str) -> str:
    """Return the chunks as a table, or the one sentence that says why there is none."""
    if isinstance(chunks, str):
        return f"\nNo simulation of the percpu allocator: {chunks}\n"
    return "\n".join(_percpu(chunks)) + "\n"


def _percpu(chunks: Sequence[ChunkHolding]) -> Iterator[str]:
    titles = ("Size", "Populated", "Free", "Largest", "Areas", "Unusable")
    yield from ("", "SIMULATION (percpu allocator, bytes of each processor)", "=" * 54)
    yield f"{'Chunk at':<{WIDTH}}" + "".join(f"{title:>11}" for title in titles)
    yield "-" * (WIDTH + 11 * len(titles))
    for chunk in chunks:
        figures = (chunk.size, chunk.populated, chunk.free, chunk.largest, chunk.areas)
        cells = [f"{n:,}" for n in figures] + [f"{chunk.unusable:.1%}"]
        yield f"0x{chunk.base_addr:<{WIDTH - 2}x}" + "".join(f"{cell:>11}" for cell in cells)
    yield "Unusable is the part of the free bytes outside the largest hole."
