"""Worked examples of the early reservations, from arch/x86/kernel/e820.c of 2.6.32."""

from __future__ import annotations

import pytest

from tracekit.mm.early_res import EarlyRes


def early() -> EarlyRes:
    res = EarlyRes(ram=[(0, 0x9FC00), (0x100000, 0x1000000)])
    res.reserve(0, 0x1000, "BIOS data page")
    res.reserve(0x6000, 0x7000, "TRAMPOLINE")
    return res


def test_the_lowest_free_range_is_found() -> None:
    assert early().find_area(0, 0x1000000, 0x4000, 0x1000) == 0x1000
    assert early().find_area(0, 0x1000000, 0x6000, 0x1000) == 0x7000


def test_what_does_not_fit_in_one_ram_range_moves_to_the_next() -> None:
    assert early().find_area(0, 0x1000000, 0xA0000, 0x1000) == 0x100000


def test_the_alignment_holds_after_a_reservation() -> None:
    assert early().find_area(0x1000, 0x1000000, 0x6000, 0x10000) == 0x10000


def test_no_room_below_the_end() -> None:
    assert early().find_area(0x1000, 0x8000, 0x6000, 0x1000) is None


def test_an_overlap_is_a_panic() -> None:
    with pytest.raises(ValueError, match="RAMDISK overlaps TRAMPOLINE"):
        early().reserve(0x6800, 0x9000, "RAMDISK")


def test_free_wants_the_exact_range() -> None:
    res = early()
    res.free(0x6000, 0x7000)
    with pytest.raises(KeyError):
        res.free(0, 0x800)
    assert [e.name for e in res.entries] == ["BIOS data page"]


def test_bootmem_gets_the_part_inside_the_node() -> None:
    parts = [(a, b) for _, a, b in early().to_bootmem(0x800, 0x6800)]
    assert parts == [(0x800, 0x1000), (0x6000, 0x6800)]
    assert [a < b for _, a, b in early().to_bootmem(0x10000, 0x20000)] == [False, False]


def test_free_means_ram_without_a_reservation() -> None:
    res = early()
    assert res.is_free(0x1000, 0x6000)
    assert not res.is_free(0x1000, 0x6001)
    assert not res.is_free(0x9F000, 0xA0000)
