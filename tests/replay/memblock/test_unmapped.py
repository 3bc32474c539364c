"""Faults in memory that was just handed out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.memblock_text import allocated, played, reserve, told

FAULT = "BUG: unable to handle kernel paging request at {:016x}\n"
RANGE = reserve(0x800000, 64, "numa_set_distance")


@pytest.mark.parametrize("offset", [0xFFFF880000000000, 0xFFFF888000000000])
def test_a_fault_in_memory_just_handed_out(offset: int, tmp_path: Path) -> None:
    ledger = played(RANGE + FAULT.format(offset + 0x800010), tmp_path)
    assert told(ledger) == [("MB216", 2)]
    found = next(d for d in ledger.divergences if d.code == "MB216")
    assert "(line 11)" in found.simulated


def test_a_fault_elsewhere_or_in_mapped_memory_or_later_says_nothing(tmp_path: Path) -> None:
    fault = FAULT.format(0xFFFF880000800010)
    mapped = "init_memory_mapping: [mem 0x00100000-0x00ffffff]\n"
    later = "SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=1, Nodes=1\n"
    for text in (
        RANGE + FAULT.format(0xFFFF880000900000),
        mapped + RANGE + fault,
        RANGE + later + fault,
        allocated(0x1000000 - 64, 64) + FAULT.format(0x10),
    ):
        assert told(played(text, tmp_path)) == []
