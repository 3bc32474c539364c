"""Chunks in their slots: which one serves a request."""

from __future__ import annotations

from tracekit.mm.percpu import PercpuAllocator, PercpuRules


def allocator(rules: PercpuRules | None = None) -> PercpuAllocator:
    percpu = PercpuAllocator(65536, 4096, rules)
    percpu.setup_first_chunk(0x10000, static_size=5000, reserved_size=8192, dyn_size=20000)
    return percpu


def test_first_chunk_starts_behind_static_and_reserved_area() -> None:
    percpu = allocator()
    area = percpu.alloc(64, 8)
    assert area is not None
    assert area.chunk is percpu.first_chunk
    assert area.chunk.base_addr == 0x10000 + 12288
    assert area.off == 5000 + 8192 - 12288


def test_reserved_requests_stay_in_the_reserved_chunk() -> None:
    percpu = allocator()
    area = percpu.alloc(64, 8, reserved=True)
    assert area is not None
    assert area.chunk is percpu.reserved_chunk
    assert area.chunk.base_addr + area.off == 0x10000 + 5000


def test_a_full_chunk_leaves_room_to_the_next() -> None:
    percpu = allocator()
    assert percpu.alloc(19000, 4) is not None
    assert percpu.alloc(4000, 4) is None
    chunk = percpu.create_chunk(1 << 40)
    area = percpu.alloc(4000, 4)
    assert area is not None
    assert area.chunk is chunk
    small = percpu.alloc(16, 4)
    assert small is not None
    assert small.chunk is percpu.first_chunk


def test_find_changes_nothing() -> None:
    percpu = allocator()
    assert percpu.find(100, 4) == percpu.find(100, 4) == percpu.alloc(100, 4)


def test_a_fitting_free_makes_the_chunk_first_choice_again() -> None:
    percpu = allocator()
    first = percpu.alloc(19900, 4)
    percpu.create_chunk(1 << 40)
    assert first is not None
    assert percpu.free(first.chunk, first.off) == 19900
    again = percpu.alloc(4000, 4)
    assert again is not None
    assert again.chunk is percpu.first_chunk


def test_double_free_is_told() -> None:
    percpu = allocator()
    area = percpu.alloc(16, 4)
    assert area is not None
    assert percpu.free(area.chunk, area.off) == 16
    assert percpu.free(area.chunk, area.off) is None


def test_older_kernels_sort_chunks_by_free_bytes() -> None:
    """Two holes of 4,000 bytes: by largest run slot 9 for a 4,000-byte hole, by free bytes 10."""
    for contig, expected in ((True, 9), (False, 10)):
        percpu = PercpuAllocator(65536, 4096, PercpuRules(contig_slots=contig))
        chunk = percpu.create_chunk(0)
        holes = [percpu.alloc(4000, 4) for _ in range(16)]
        for hole in (holes[1], holes[3]):
            assert hole is not None
            percpu.free(hole.chunk, hole.off)
        rest = 65536 - 16 * 4000
        chunk.take(16 * 1000, rest // 4)
        percpu.take(chunk, 0, 4)
        assert percpu.chunk_slot(chunk) == expected


def test_the_balance_worker_keeps_pages_ready_for_atomic_requests() -> None:
    percpu = PercpuAllocator(65536, 4096)
    chunk = percpu.create_chunk(0)
    assert percpu.find(16, 4, atomic=True) is None
    percpu.keep_spare_pages()
    assert sorted(chunk.populated) == [0, 1, 2, 3]
    area = percpu.find(16, 4, atomic=True)
    assert area is not None
    assert area.off == 0


def test_a_chunk_with_many_empty_pages_is_set_aside_and_depopulated() -> None:
    percpu = PercpuAllocator(65536, 4096)
    chunk = percpu.create_chunk(0)
    other = percpu.create_chunk(1 << 40)
    areas = [percpu.alloc(30000, 4), percpu.alloc(30000, 4)]
    other.populate(0, 10)
    percpu.nr_empty_pop_pages += 10
    first = areas[1]
    assert first is not None
    percpu.free(first.chunk, first.off)
    assert first.chunk.isolated
    before = len(first.chunk.populated)
    percpu.balance()
    assert len(first.chunk.populated) < before
    assert chunk.free_bytes + other.free_bytes == 2 * 65536 - 30000


def test_chunks_of_kernels_without_mmu_come_whole() -> None:
    percpu = PercpuAllocator(32768, 4096, PercpuRules(whole_chunks=True))
    chunk = percpu.create_chunk(0)
    assert len(chunk.populated) == 8
    percpu.destroy_chunk(chunk)
    assert percpu.chunks() == []
