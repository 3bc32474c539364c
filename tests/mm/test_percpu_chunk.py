"""A chunk against a plain bitmap, and the places where the kernel's hints decide."""

from __future__ import annotations

import random

from tracekit.mm.percpu_chunk import Chunk


def first_fit(chunk: Chunk, bits: int, align: int) -> int | None:
    """Return the lowest aligned free place, by looking at every bit."""
    for start in range(0, chunk.map_bits - bits + 1, align):
        if chunk.is_free(start, bits):
            return start
    return None


def test_areas_fill_the_chunk_from_its_start_offset() -> None:
    chunk = Chunk(0x1000, 2, 4096, start_offset=80, populated=True)
    assert chunk.alloc(8, 1) == 20
    assert chunk.alloc(1, 4) == 28
    assert chunk.alloc(8, 8) == 32
    assert chunk.areas() == {80: 32, 112: 4, 128: 32}


def test_the_end_offset_is_never_given_out() -> None:
    chunk = Chunk(0, 1, 4096, end_offset=4000, populated=True)
    assert chunk.alloc(24, 1) == 0
    assert chunk.alloc(1, 1) is None
    assert chunk.free_bytes == 0


def test_a_hole_left_by_alignment_is_used_by_a_smaller_request() -> None:
    chunk = Chunk(0, 1, 4096, populated=True)
    chunk.alloc(3, 1)
    assert chunk.alloc(64, 64) == 64
    assert chunk.alloc(2, 1) == 3


def test_free_returns_the_size_and_tells_the_unknown() -> None:
    chunk = Chunk(0, 1, 4096, populated=True)
    at = chunk.alloc(10, 1)
    assert at == 0
    assert chunk.free(at) == 10
    assert chunk.free(at) is None


def test_areas_cross_pages() -> None:
    chunk = Chunk(0, 3, 4096, populated=True)
    assert chunk.alloc(1000, 1) == 0
    assert chunk.alloc(2000, 1) == 1000
    assert chunk.alloc(72, 1) == 3000
    assert chunk.alloc(1, 1) is None


def test_atomic_requests_go_to_populated_pages() -> None:
    chunk = Chunk(0, 4, 4096)
    assert chunk.find(8, 1, populated_only=True) is None
    chunk.populate(2, 3)
    assert chunk.find(8, 1, populated_only=True) == 2048
    assert chunk.find(8, 1) == 0


def test_a_run_grown_behind_the_first_page_stays_unknown_to_the_chunk_hint() -> None:
    """pcpu_block_update_hint_free() hands over a block-relative end since 5.2."""
    chunk = Chunk(0, 2, 4096, populated=True)
    chunk.alloc(1024, 1)
    for _ in range(4):
        chunk.alloc(256, 1)
    chunk.free(1024)
    assert chunk.chunk_md.contig_hint == 0
    assert chunk.find(100, 1) is None
    older = Chunk(0, 2, 4096, populated=True, has_scan_hint=False)
    older.alloc(1024, 1)
    for _ in range(4):
        older.alloc(256, 1)
    older.free(1024)
    assert older.find(100, 1) == 1024


def test_hints_can_make_the_kernel_pass_over_a_hole() -> None:
    """A hole across two pages is no contiguous hint of either: the next page's own start wins."""
    chunk = Chunk(0, 2, 4096, populated=True)
    assert chunk.alloc(700, 4) == 0
    assert chunk.alloc(300, 1) == 700
    chunk.free(700)
    assert first_fit(chunk, 700, 4) == 700
    assert chunk.find(700, 4) == 1024


def test_a_hole_too_small_for_the_request_is_skipped_by_its_hint() -> None:
    chunk = Chunk(0, 1, 4096, populated=True)
    places = [chunk.alloc(bits, 1) for bits in (100, 20, 100, 20)]
    assert places == [0, 100, 120, 220]
    chunk.free(100)
    assert chunk.md_blocks[0].search_start(30) == 120
    assert chunk.chunk_md.search_start(10) == 100


def test_find_agrees_with_alloc_and_never_overlaps() -> None:
    rng = random.Random(7)
    chunk = Chunk(0, 4, 4096, populated=True)
    live: list[int] = []
    for _ in range(2000):
        if live and rng.random() < 0.45:
            assert chunk.free(live.pop(rng.randrange(len(live)))) is not None
            continue
        bits, align = rng.choice([1, 2, 4, 8, 16, 64, 300]), rng.choice([1, 2, 4, 8, 16])
        expected = chunk.find(bits, align)
        if expected is not None:
            assert chunk.is_free(expected, bits)
            assert expected % align == 0
            assert first_fit(chunk, bits, align) is not None
        assert chunk.alloc(bits, align) == expected
        if expected is not None:
            live.append(expected)
    used = sum(chunk.areas().values())
    assert chunk.free_bytes == 4 * 4096 - used
