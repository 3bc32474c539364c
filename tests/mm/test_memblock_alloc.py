from __future__ import annotations

import time

import pytest

from tracekit.mm.memblock import Config, Memblock
from tracekit.mm.memblock_alloc import (
    alloc,
    alloc_exact_nid_raw,
    alloc_range_nid,
    alloc_try_nid,
    find_internal,
    phys_alloc_range,
)
from tracekit.mm.memblock_type import MEMBLOCK_RSRV_KERN

MIB = 1 << 20


@pytest.fixture
def memblock() -> Memblock:
    made = Memblock()
    made.add(0, 8 * MIB, nid=0)
    made.add(8 * MIB, 8 * MIB, nid=1)
    return made


def test_allocations_stack_downwards(memblock: Memblock) -> None:
    assert alloc(memblock, 100, 64) == 16 * MIB - 128
    assert alloc(memblock, 4096, 4096) == 16 * MIB - 8192
    assert alloc(memblock, 24, 8) == 16 * MIB - 24
    assert memblock.reserved.total_size == 100 + 4096 + 24


def test_a_node_that_is_full_falls_back_unless_exact(memblock: Memblock) -> None:
    memblock.reserve(0, 8 * MIB)
    assert alloc_exact_nid_raw(memblock, 4096, 4096, nid=0) == 0
    assert alloc_try_nid(memblock, 4096, 4096, nid=0) == 16 * MIB - 4096
    assert alloc_range_nid(memblock, 4096, 4096, nid=0, exact_nid=True) == 0


def test_the_lower_limit_is_dropped_when_nothing_lies_above(memblock: Memblock) -> None:
    memblock.current_limit = 4 * MIB
    assert alloc_try_nid(memblock, 4096, 4096, min_addr=6 * MIB) == 4 * MIB - 4096
    assert phys_alloc_range(memblock, 4096, 4096, 6 * MIB, 7 * MIB) == 7 * MIB - 4096


def test_the_upper_limit_is_cut_only_for_virtual_callers(memblock: Memblock) -> None:
    memblock.current_limit = 4 * MIB
    assert find_internal(memblock, 4096, 4096, max_addr=6 * MIB) == 4 * MIB - 4096
    assert alloc_range_nid(memblock, 4096, 4096, 0, 6 * MIB) == 6 * MIB - 4096


def test_finding_reserves_nothing(memblock: Memblock) -> None:
    assert find_internal(memblock, 4096, 4096)
    assert not memblock.reserved


def test_alignment_0_means_a_cache_line() -> None:
    memblock = Memblock(Config(smp_cache_bytes=32))
    memblock.add(0, MIB)
    assert alloc(memblock, 4, 0) == MIB - 32


def test_new_kernels_note_node_and_owner() -> None:
    memblock = Memblock(Config(reserve_nid=True))
    memblock.add(0, MIB, nid=0)
    alloc_try_nid(memblock, 4096, 4096, nid=0)
    assert [(r.nid, r.flags) for r in memblock.reserved] == [(0, MEMBLOCK_RSRV_KERN)]


def test_many_small_allocations_stay_cheap(memblock: Memblock) -> None:
    begin = time.process_time()
    for _ in range(20_000):
        assert alloc(memblock, 100, 64)
    assert time.process_time() - begin < 5
