"""alloc_large_system_hash(): sizes of tables as real kernels printed them."""

from __future__ import annotations

import pytest

from tracekit.mm.hash import Machine, alloc_large_system_hash, hash_order

SMALL = Machine(128736, 128736)


@pytest.mark.parametrize(
    ("bucket", "scale", "entries"), [(8, 13, 65536), (8, 14, 32768), (8, 19, 1024)]
)
def test_entries_by_memory(bucket: int, scale: int, entries: int) -> None:
    assert alloc_large_system_hash(SMALL, bucket, scale=scale) == entries


def test_limits() -> None:
    assert alloc_large_system_hash(SMALL, 64, scale=21, low_limit=256, high_limit=65536) == 256
    huge = Machine(1 << 28, 1 << 28)
    assert alloc_large_system_hash(huge, 8, scale=17, high_limit=512 << 10) == 512 << 10


def test_a_table_fills_at_least_a_page() -> None:
    assert alloc_large_system_hash(Machine(4096, 4096), 8, scale=19) == 512


def test_a_small_table_may_stay_below_a_page() -> None:
    tiny = Machine(4096, 4096)
    assert alloc_large_system_hash(tiny, 4, scale=18, high_limit=4096, small_shift=4) == 64
    assert alloc_large_system_hash(tiny, 4, scale=24, high_limit=4096, small_shift=4) == 16


def test_large_machines_get_fewer_entries_a_byte() -> None:
    pages = (1 << 40) // 4096
    assert alloc_large_system_hash(Machine(pages, pages), 8, scale=13) == 1 << 25
    flat = Machine(pages, pages, adaptive=False)
    assert alloc_large_system_hash(flat, 8, scale=13) == 1 << 27


def test_memory_is_rounded_up_to_a_mebibyte() -> None:
    assert alloc_large_system_hash(Machine(32769, 32769), 8, scale=12) == 65536
    assert alloc_large_system_hash(Machine(32768, 32768), 8, scale=12) == 32768


def test_a_given_number_is_rounded_up_and_limited_to_a_sixteenth_of_memory() -> None:
    assert alloc_large_system_hash(SMALL, 8, numentries=1000) == 1024
    assert alloc_large_system_hash(Machine(1024, 1024), 8, numentries=1 << 20) == 32768


@pytest.mark.parametrize(
    ("size", "down", "up"), [(12288, 1, 2), (4096, 0, 0), (3072, -1, 0), (8192, 1, 1)]
)
def test_orders(size: int, down: int, up: int) -> None:
    assert hash_order(size, 4096, rounded_up=False) == down
    assert hash_order(size, 4096, rounded_up=True) == up
