"""Steps taken back leave no trace."""

from __future__ import annotations

import random

from tracekit.mm.percpu import PercpuAllocator
from tracekit.mm.percpu_chunk import Chunk
from tracekit.mm.percpu_undo import Mark


def state(percpu: PercpuAllocator) -> object:
    chunks = [
        (repr(c.md_blocks), repr(c.chunk_md), bytes(c.alloc_map), dict(c.area_end), c.free_bytes)
        for c in percpu.chunks()
    ]
    return chunks, percpu.nr_empty_pop_pages, [[id(c) for c in slot] for slot in percpu.slots]


def test_random_steps_taken_back_in_reverse_order() -> None:
    rng = random.Random(3)
    percpu = PercpuAllocator(65536, 4096)
    percpu.setup_first_chunk(0, 500, 0, 9000)
    percpu.create_chunk(1 << 40)
    live: list[tuple[Chunk, int]] = []
    for _ in range(300):
        before, kept, marks = state(percpu), list(live), []
        for _ in range(rng.randint(1, 5)):
            if live and rng.random() < 0.5:
                chunk, off = live.pop(rng.randrange(len(live)))
                marks.append(Mark.before(percpu, chunk, off, chunk.area_size(off) or 0))
                percpu.free(chunk, off)
                continue
            area = percpu.find(rng.choice([4, 24, 100, 1000, 5000]), rng.choice([4, 16, 64]))
            if area is not None:
                marks.append(Mark.before(percpu, area.chunk, area.off, area.size))
                percpu.take(area.chunk, area.off, area.size)
                live.append((area.chunk, area.off))
        if rng.random() < 0.6:
            for mark in reversed(marks):
                mark.restore()
            live = kept
            assert state(percpu) == before
