"""Watermarks against those of captured machines."""

from __future__ import annotations

from tracekit.mm.watermarks import (
    Watermarks,
    above_high,
    lowmem_reserve,
    min_free_kbytes,
    recommended_kbytes,
    zone_watermarks,
)

# x86_64 with two nodes of 1 GiB, Linux 6.1: managed pages before the initrd came back.
TWO_NODES = {(0, "DMA"): 3840, (0, "DMA32"): 240629, (1, "DMA32"): 256499}


def test_what_is_kept_free_is_four_times_the_root_of_lowmem() -> None:
    assert min_free_kbytes({(0, "Normal"): 1 << 18}, 4096) == 4096
    assert min_free_kbytes({(0, "Normal"): 1 << 18, (0, "Movable"): 1 << 20}, 4096) == 4096
    assert min_free_kbytes({(0, "Normal"): 10}, 4096) == 128
    assert min_free_kbytes({(0, "Normal"): 1 << 40}, 4096) == 262144


def test_each_zone_has_its_share() -> None:
    marks = zone_watermarks(TWO_NODES, 67584, 4096, movable_apart=False)
    assert marks[0, "DMA"] == Watermarks(129, 161, 193)
    assert sum(mark.min for mark in marks.values()) in (16894, 16895, 16896)


def test_a_large_zone_s_steps_are_a_thousandth_of_it() -> None:
    mark = zone_watermarks({(0, "Normal"): 1000000}, 4000, 4096, movable_apart=True)[0, "Normal"]
    assert (mark.low - mark.min, mark.high - mark.low) == (1000, 1000)


def test_highmem_and_movable_keep_a_small_part_of_their_own() -> None:
    zones = {(0, "Normal"): 100000, (0, "HighMem"): 298978, (0, "Movable"): 46836}
    apart = zone_watermarks(zones, 40000, 4096, movable_apart=True)
    assert (apart[0, "HighMem"].min, apart[0, "Movable"].min) == (128, 45)
    assert apart[0, "Normal"].min == 10000
    assert zone_watermarks(zones, 40000, 4096, movable_apart=False)[0, "Movable"].min > 1000


def test_khugepaged_wants_eleven_pageblocks_a_zone() -> None:
    marks = zone_watermarks(TWO_NODES, 8192, 4096, movable_apart=True)
    free = above_high(TWO_NODES, marks)
    assert free[0, "DMA"] == 3840 - marks[0, "DMA"].high
    assert recommended_kbytes(free, 3, 4096, 512) == 11 * 3 * 512 * 4
    assert recommended_kbytes(free, 3, 4096, 1 << 14) == sum(free.values()) // 20 * 4


def test_lower_zones_keep_a_part_of_what_lies_above() -> None:
    names = ("DMA", "DMA32", "Normal", "Movable", "Device")
    rows = lowmem_reserve(names, {"DMA": 3840, "DMA32": 240384, "Movable": 1 << 20})
    assert rows["DMA"] == [0, 939, 939, 939 + 4096, 939 + 4096]
    assert rows["DMA32"] == [0, 0, 0, 4096, 4096]
    assert rows["Normal"] == rows["Movable"] == [0, 0, 0, 0, 0]
