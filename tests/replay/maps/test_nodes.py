from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.map_boots import changed, found


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("node 0 [mem 0x0-0x7fffffff] overlaps with node 1 [mem 0x70000000-0xffffffff]", "MP301"),
        ("NUMA: nodes only cover 2047MB of your 4096MB e820 RAM. Not used.", "MP302"),
        ("SRAT: SRAT not used.", "MP303"),
        ("Initmem setup node 1 as memoryless", "MP304"),
        ("SLUB: HWalign=128, Order=0-3, MinObjects=0, CPUs=32, Nodes=32", "MP304"),
    ],
)
def test_what_the_kernel_says_of_nodes(tmp_path: Path, line: str, code: str) -> None:
    assert found(tmp_path, line + "\n") == [(code, 1)]


def test_a_range_given_twice_to_one_node_breaks_nothing(tmp_path: Path) -> None:
    line = "Warning: node 2 [mem 0x0-0xffff] overlaps with itself [mem 0x0-0xffff]\n"
    assert found(tmp_path, line) == []


def test_a_32_bit_kernel_whose_ram_is_all_highmem(tmp_path: Path) -> None:
    text = """\
CPU: ARMv7 Processor [414fc0f0] revision 0 (ARMv7), cr=10c5387d
Zone ranges:
  DMA      empty
  Normal   empty
  HighMem  [mem 0x0000000040000000-0x00000000ffffefff]
"""
    assert found(tmp_path, text) == [("MP305", 5)]
    some = changed(text, "Normal   empty", "Normal   [mem 0x0000000030000000-0x000000003fffffff]")
    assert found(tmp_path, some) == []
