"""Zones as free_area_init() sizes them; the numbers are those of a 512M x86_64 NUMA boot."""

from __future__ import annotations

from tracekit.mm.mm_init import (
    PfnRange,
    Zone,
    absent_pages,
    charge_memmap,
    dma_reserve_pages,
    free_area_init,
    free_kernel_pages,
    mem_pfn_ranges,
    memmap_pages,
    movable_zone,
    unavailable_ranges,
    zone_batchsize,
    zone_ranges,
)
from tracekit.mm.sparse import present_sections

PAGE = 4096
RANGES = mem_pfn_ranges(
    [(0x1000, 0x9E000, 0), (0x100000, 0xFF00000, 0), (0x10000000, 0xFFE0000, 1)], PAGE
)
LIMITS = zone_ranges({"DMA": 0x1000, "DMA32": 0x1FFE0, "Normal": 0x1FFE0, "Device": 0}, 1)


def test_a_region_counts_in_whole_pages() -> None:
    assert mem_pfn_ranges([(0x1800, 0x1000, 0), (0x5001, 0x2FFF, 2)], PAGE) == [PfnRange(6, 8, 2)]


def test_zones_follow_each_other_and_may_be_empty() -> None:
    assert [(z.start_pfn, z.end_pfn) for z in LIMITS.values()] == [
        (1, 0x1000), (0x1000, 0x1FFE0), (0x1FFE0, 0x1FFE0), (0x1FFE0, 0x1FFE0),
    ]  # fmt: skip
    assert [z.empty for z in LIMITS.values()] == [False, False, True, True]
    assert movable_zone(LIMITS) == "DMA32"


def test_holes_are_no_pages() -> None:
    assert absent_pages(RANGES, 0, 0, 0x1000) == 1 + 97
    assert absent_pages(RANGES, None, 0x1FFE0, 0x20000) == 32


def test_present_and_spanned_pages_by_node() -> None:
    first, second = free_area_init(RANGES, LIMITS)
    assert (first.present, first.spanned, second.present) == (65438, 65535, 65504)
    dma = first.zones[0]
    assert (dma.start_pfn, dma.spanned, dma.present) == (1, 4095, 3998)
    assert second.zones[0].spanned == 0


def test_movable_takes_the_top_of_its_zone() -> None:
    node = free_area_init(RANGES, LIMITS, {1: 0x18000})[1]
    zones = {zone.name: (zone.start_pfn, zone.end_pfn) for zone in node.zones if zone.spanned}
    assert zones == {"DMA32": (0x10000, 0x18000), "Movable": (0x18000, 0x1FFE0)}


def test_a_node_without_memory_has_empty_zones() -> None:
    assert free_area_init(RANGES, LIMITS, nodes=[3])[-1].present == 0


def test_mirrored_memory_stays_normal_and_the_rest_is_movable() -> None:
    ranges = [PfnRange(0, 0x4000)]
    limits = zone_ranges({"Normal": 0x4000}, 0)
    mirrored = [PfnRange(0, 0x1000), PfnRange(0x3000, 0x4000)]
    node = free_area_init(ranges, limits, {0: 0x1000}, mirrored=mirrored)[0]
    present = {zone.name: zone.present for zone in node.zones}
    assert present == {"Normal": 0x2000, "Movable": 0x2000}


def test_memmap_counts_present_pages_where_holes_are_large() -> None:
    zone = Zone(0, "Normal", 0, 4096, 1024)
    assert memmap_pages(zone, 64, PAGE, sparsemem=True) == 16
    assert memmap_pages(zone, 64, PAGE, sparsemem=False) == 64


def test_pages_before_v6_10_lack_memmap_and_dma_reserve() -> None:
    nodes = free_area_init(RANGES, LIMITS)
    assert charge_memmap(nodes, 64, PAGE, sparsemem=True, dma_reserve=158) == (128736, 128736)
    assert nodes[0].zones[0].managed == 3776


def test_highmem_pays_for_its_own_memmap_only_before_v3_9() -> None:
    limits = zone_ranges({"Normal": 0x8000, "HighMem": 0x10000}, 0)
    for pays, expected in ((True, (32512, 65024)), (False, (32256, 65280))):
        nodes = free_area_init([PfnRange(0, 0x10000)], limits)
        counts = charge_memmap(nodes, 32, PAGE, sparsemem=False, dma_reserve=0, highmem_pays=pays)
        assert counts == expected


def test_pages_since_v6_10_are_those_that_are_free() -> None:
    free = [PfnRange(1, 100), PfnRange(200, 1000)]
    assert free_kernel_pages(free) == (899, 899)
    assert free_kernel_pages(free, highmem_pfn=300) == (199, 899)


def test_dma_reserve_counts_reserved_ram_below_the_limit() -> None:
    assert dma_reserve_pages(RANGES, [PfnRange(256, 0x8000)], 0x1000) == 158


def test_batches() -> None:
    assert [zone_batchsize(n, PAGE) for n in (100, 65024, 129024, 219022)] == [0, 15, 31, 63]
    assert zone_batchsize(219022, PAGE, 512 << 10) == 31


def test_holes_inside_present_sections_have_struct_pages() -> None:
    nodes = free_area_init(RANGES, LIMITS)
    found = unavailable_ranges(nodes, RANGES, present_sections(RANGES, 32768), 32768)
    assert [tuple(hole) for hole in found] == [(0, "DMA", 1), (0, "DMA", 97), (1, "DMA32", 32)]


def test_small_holes_are_charged_too() -> None:
    for present, pages in ((3896, 64), (3800, 60)):
        zone = Zone(0, "Normal", 0, 4096, present)
        assert memmap_pages(zone, 64, PAGE, sparsemem=True) == pages
