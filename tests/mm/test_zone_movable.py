"""Where Movable begins, by kernelcore=, movablecore= and movable_node."""

from __future__ import annotations

import pytest

from tracekit.mm.mm_init import PfnRange, zone_ranges
from tracekit.mm.zone_movable import (
    CoreSize,
    align_movable,
    memparse,
    movable_by_range,
    movable_by_size,
    parse_core,
)

TWO = [PfnRange(0, 0x8000, 0), PfnRange(0x8000, 0x10000, 1)]
LIMITS = zone_ranges({"DMA": 0x1000, "Normal": 0x10000}, 0)


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [("512M", 512 << 20), ("0x1000k", 0x1000 << 10), ("4096", 4096), ("1g", 1 << 30), ("x", 0)],
)
def test_memparse(text: str, bytes_: int) -> None:
    assert memparse(text) == bytes_


def test_sizes_and_percentages() -> None:
    assert parse_core("25%", 4096) == CoreSize(percent=25)
    assert parse_core("25%", 4096).of(1000) == 250
    assert parse_core("128M", 4096) == CoreSize(pages=32768)
    assert parse_core(None, 4096).of(1000) == 0


def test_movablecore_leaves_the_bottom_to_the_kernel() -> None:
    ranges = [PfnRange(1, 159), PfnRange(256, 0x10000), PfnRange(0x11000, 0x20000)]
    limits = zone_ranges({"DMA": 0x1000, "DMA32": 0x20000}, 1)
    found = movable_by_size(ranges, limits, CoreSize(), CoreSize(pages=32768), 1024)
    assert found == {0: 0x18000}


def test_the_kernel_share_is_spread_over_nodes() -> None:
    found = movable_by_size(TWO, LIMITS, CoreSize(pages=0x8000), CoreSize(), 1024)
    assert found == {0: 0x4000, 1: 0xC000}


def test_a_node_that_is_too_small_leaves_its_share_to_others() -> None:
    ranges = [PfnRange(0, 0x1800, 0), PfnRange(0x8000, 0x10000, 1)]
    found = movable_by_size(ranges, LIMITS, CoreSize(pages=0x6000), CoreSize(), 1024)
    assert found == {1: 0xC800}


@pytest.mark.parametrize("pages", [0, 0x10000, 0x20000])
def test_no_movable_zone(pages: int) -> None:
    assert movable_by_size(TWO, LIMITS, CoreSize(pages=pages), CoreSize(), 1024) == {}


def test_hotpluggable_ram_is_movable() -> None:
    assert movable_by_range([PfnRange(0x9000, 0xA000, 1)], TWO, 1024) == {1: 0x9000}


def test_the_start_is_rounded_up_and_must_lie_in_the_node() -> None:
    assert align_movable({0: 0x7001, 1: 0xFFFF}, TWO, 1024) == {0: 0x7400}


def test_the_larger_kernel_share_wins_where_both_are_given() -> None:
    both = movable_by_size(TWO, LIMITS, CoreSize(pages=0xC000), CoreSize(pages=0x8000), 1024)
    assert both == {0: 0x6000, 1: 0xE000}
