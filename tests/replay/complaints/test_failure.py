from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.complaints.complaint_text import LINUX, note, notes

FAILED = "cat: page allocation failure: order:{order}, mode:0xcc0({flags}), nodemask=(null)\n"
ZONE = "Node 0 {name} free:{free}kB min:{min}kB low:900kB high:999kB managed:15360kB\n"
RESERVE = "lowmem_reserve[]: 0 {pages} {pages}\n"


def failed(order: int = 2, flags: str = "GFP_KERNEL") -> str:
    return FAILED.format(order=order, flags=flags)


def zone(name: str, free: int, *, low: int = 100, kept: int = 0) -> str:
    return ZONE.format(name=name, free=free, min=low) + RESERVE.format(pages=kept)


SMALL = "Node 0 Normal: 1000*4kB (UME) 10*8kB (U) 0*16kB 0*32kB = 4080kB\n"
LARGE = "Node 0 DMA: 0*4kB 0*8kB 0*16kB 8*32kB (U) = 256kB\n"


def test_many_small_blocks_are_fragmentation(tmp_path: Path) -> None:
    found = note(tmp_path, failed() + zone("Normal", 4080) + SMALL)
    assert found.code == "KR102"
    assert "no block of order 2 (4 pages in one piece) for GFP_KERNEL" in found.logged
    assert "node 0 Normal: 4080 KiB free, largest free block of order 1" in found.simulated
    assert found.explanation.startswith("4080 KiB were free, but in no block that would do")


def test_a_zone_below_its_watermark_is_a_shortage(tmp_path: Path) -> None:
    found = note(tmp_path, failed() + zone("Normal", 4080, low=5000) + SMALL)
    assert "memory is short" in found.explanation


def test_blocks_behind_a_lowmem_reserve_are_not_for_everybody(tmp_path: Path) -> None:
    zones = zone("DMA", 256, kept=50) + zone("Normal", 4080) + LARGE + SMALL
    found = note(tmp_path, failed() + zones)
    assert "node 0 DMA: 256 KiB free, 300 KiB of it reserved" in found.simulated
    assert "fragmented" in found.explanation


def test_a_block_that_fits_speaks_for_flags_or_nodes(tmp_path: Path) -> None:
    zones = zone("DMA", 256, low=8) + zone("Normal", 4080) + LARGE + SMALL
    found = note(tmp_path, failed() + zones)
    assert "node 0 DMA had such blocks" in found.explanation


def test_blocks_set_aside_for_atomic_requests_do_not_fit(tmp_path: Path) -> None:
    blocks = "Node 0 Normal: 1000*4kB (UME) 0*8kB 5*16kB (H) = 4080kB\n"
    found = note(tmp_path, failed() + zone("Normal", 4080) + blocks)
    assert "fragmented" in found.explanation


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ("", "only zone DMA was asked"),
        ("Zone ranges:\n  DMA      empty\n  Normal   [mem 0x0-0xfffff]\n", "zone DMA is empty"),
    ],
)
def test_a_request_for_an_empty_zone(tmp_path: Path, ranges: str, words: str) -> None:
    assert words in note(tmp_path, LINUX + ranges + failed(flags="GFP_DMA")).explanation


def test_one_note_for_each_order_and_task(tmp_path: Path) -> None:
    assert len(notes(tmp_path, failed(2) + failed(2) + failed(3))) == 2


def test_an_atomic_percpu_request_is_no_shortage(tmp_path: Path) -> None:
    line = "percpu: allocation failed, size=8 align=8 atomic={}, no space left\n"
    assert "no lack of memory" in note(tmp_path, line.format(1)).explanation
    assert "no lack of memory" not in note(tmp_path, line.format(0)).explanation
