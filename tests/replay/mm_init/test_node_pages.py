"""Nodes, present pages, holes and the memory map's size."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.mm_init_text import changed, codes, played

# Present pages, batches and the memory map as kernels before v5.15 print them.
ARMHF = """\
Linux version 5.10.0-32-armmp (x@y) #1 SMP
Zone ranges:
  DMA      [mem 0x0000000040000000-0x000000006fffffff]
  Normal   empty
  HighMem  [mem 0x0000000070000000-0x000000007fffffff]
Movable zone start for each node
Early memory node ranges
  node   0: [mem 0x0000000040000000-0x000000007fffffff]
Initmem setup node 0 [mem 0x0000000040000000-0x000000007fffffff]
On node 0 totalpages: 262144
  DMA zone: 1728 pages used for memmap
  DMA zone: 0 pages reserved
  DMA zone: 196608 pages, LIFO batch:63
  HighMem zone: 65536 pages, LIFO batch:15
CPU: ARMv7 Processor [412fc0f1] revision 1 (ARMv7), cr=30c5387d
Built 1 zonelists, mobility grouping on.  Total pages: 260416
"""


def test_old_page_counts_agree_and_tell_the_size_of_a_struct_page(tmp_path: Path) -> None:
    found = played(ARMHF, tmp_path)
    assert codes(found) == []
    assert [i.subject for i in found.inferences] == [
        "the memory map is flat, a struct page takes 36 bytes"
    ]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("totalpages: 262144", "totalpages: 262148", "MI105"),
        ("1728 pages used", "1732 pages used", "MI106"),
        ("196608 pages, LIFO", "196600 pages, LIFO", "MI105"),
        ("LIFO batch:63", "LIFO batch:31", "MI107"),
        ("Initmem setup node 0 [mem 0x0000000040000000",
         "Initmem setup node 0 [mem 0x0000000040001000", "MI104"),
    ],
)  # fmt: skip
def test_a_wrong_count_is_found(old: str, new: str, code: str, tmp_path: Path) -> None:
    text, line = changed(old, new, ARMHF)
    assert (code, line) in codes(played(text, tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("zone DMA: 97 pages", "zone DMA: 96 pages", "MI109"),
        ("zone DMA32: 32 pages", "zone Normal: 32 pages", "MI109"),
        ("Total pages: 128736", "Total pages: 130936", "MI110"),
    ],
)
def test_holes_and_zonelists(old: str, new: str, code: str, tmp_path: Path) -> None:
    text, line = changed(old, new)
    assert codes(played(text, tmp_path)) == [(code, line)]


def test_a_lost_node_range_leaves_nothing_to_check(tmp_path: Path) -> None:
    text, _ = changed("  node   0: [mem 0x0000000000100000", "  node   0: [mex 0x0000000000100000")
    more = text.replace("Initmem setup", "  node   0: [mem 0x1ffe0000-0x1fffffff]\nInitmem setup")
    found = played(more, tmp_path)
    assert codes(found) == []
    assert found.allocators[0].checks["zone"].checked == 0
