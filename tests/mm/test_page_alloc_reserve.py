"""MIGRATE_RESERVE: how many pageblocks are kept back, and which."""

from __future__ import annotations

from tracekit.mm.page_alloc_reserve import min_free_kbytes, min_watermarks, set_reserve, steps
from tracekit.mm.page_alloc_rules import RESERVE_TYPES, Rules
from tracekit.mm.page_alloc_zone import Zone

RULES = Rules(types=RESERVE_TYPES, move_to_tail=False)
RESERVE = 3


def test_memory_kept_free_grows_with_the_root_of_memory() -> None:
    assert min_free_kbytes(512 * 1024) == 2896
    assert min_free_kbytes(64) == 128
    assert min_free_kbytes(1 << 40) == 65536


def test_watermarks_share_it_by_size_and_highmem_has_its_own() -> None:
    dma, normal = Zone("DMA", 0, 0, 4096, RULES), Zone("Normal", 0, 4096, 1 << 17, RULES)
    high = Zone("HighMem", 0, 1 << 17, 1 << 18, RULES)
    found = min_watermarks({dma: 4096, normal: 126976, high: 1 << 17}, 4096)
    assert found == {dma: 22, normal: 701, high: 128}
    assert min_watermarks({normal: 4096, high: 1024}, 4096)[high] == 32


def test_at_most_two_movable_blocks_are_set_aside_with_all_that_is_free_in_them() -> None:
    zone = Zone("Normal", 0, 16, 8192, RULES)
    zone.set_pageblock_type(512, 0, 0)
    zone.insert(1024, 9, RULES.movable, tail=True)
    assert set_reserve(zone, 5000, steps(zone, aligned=True)) == 2
    kinds = [zone.pageblock_type(pfn) for pfn in (512, 1024, 1536, 2048)]
    assert kinds == [0, RESERVE, RESERVE, RULES.movable]
    assert zone.head(9, RESERVE) == 1024


def test_until_v3_1_the_zones_first_page_counts_for_its_block() -> None:
    zone = Zone("DMA", 0, 16, 4096, RULES)
    assert list(steps(zone, aligned=False))[:2] == [16, 528]
    assert set_reserve(zone, 1, steps(zone, aligned=False)) == 1
    assert zone.pageblock_type(16) == RESERVE


def test_kernels_without_the_type_have_no_reserve() -> None:
    zone = Zone("Normal", 0, 0, 4096, Rules())
    assert set_reserve(zone, 1000, steps(zone, aligned=True)) == 0
