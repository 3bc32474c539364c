"""Zone ranges and Movable: what is predicted, what a board may set, what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.mm_init_text import codes, played
from tracekit.replay.mm_init.zone_borders import NO_MIRROR

ARM64 = """\
Linux version 6.18.32-2-rpi (x@y) #1 SMP
Booting Linux on physical CPU 0x0000000000 [0x410fd083]
Zone ranges:
  DMA      [mem 0x0000000000000000-0x000000003fffffff]
  DMA32    [mem {dma32}-0x00000000fbffffff]
  Normal   empty
Movable zone start for each node
Early memory node ranges
  node   0: [mem 0x0000000000000000-0x00000000fbffffff]
"""

MOVABLE = """\
Linux version 6.1.0-50-amd64 (x@y) #1 SMP
Command line: nokaslr movablecore=128M
Zone ranges:
  DMA      [mem 0x0000000000001000-0x0000000000ffffff]
  DMA32    [mem 0x0000000001000000-0x000000001fffffff]
  Normal   empty
Movable zone start for each node
  Node 0: {start}
Early memory node ranges
  node   0: [mem 0x0000000000001000-0x000000000009efff]
  node   0: [mem 0x0000000000100000-0x000000001fffffff]
"""

I386 = """\
Linux version 5.10.0-32-686-pae (x@y) #1 SMP
1155MB HIGHMEM available.
879MB LOWMEM available.
  mapped low ram: 0 - 36ffe000
  low ram: 0 - 36ffe000
Zone ranges:
  DMA      [mem 0x0000000000001000-0x0000000000ffffff]
  Normal   [mem 0x0000000001000000-{normal}]
  HighMem  [mem 0x0000000036ffe000-0x000000007ffdffff]
Movable zone start for each node
Early memory node ranges
  node   0: [mem 0x0000000000001000-0x000000000009efff]
  node   0: [mem 0x0000000000100000-0x000000007ffdffff]
"""


def test_a_border_that_both_zones_show_may_be_the_board_s(tmp_path: Path) -> None:
    found = played(ARM64.format(dma32="0x0000000040000000"), tmp_path)
    assert codes(found) == []
    assert [i.kind for i in found.inferences] == ["zone_limit"]
    checks = found.allocators[0].checks["zone"]
    assert (checks.inferred, checks.matched) == (2, 1)


def test_a_border_that_only_one_zone_shows_is_wrong(tmp_path: Path) -> None:
    found = played(ARM64.format(dma32="0x0000000050000000"), tmp_path)
    assert {code for code, _ in codes(found)} == {"MI101"}
    assert found.inferences == []


def test_the_end_of_lowmem_is_the_printed_one(tmp_path: Path) -> None:
    assert codes(played(I386.format(normal="0x0000000036ffdfff"), tmp_path)) == []
    assert codes(played(I386.format(normal="0x0000000036ffffff"), tmp_path)) == [("MI101", 8)]


@pytest.mark.parametrize(
    ("start", "expected"),
    [("0x0000000018000000", []), ("0x0000000018400000", [("MI102", 8)])],
)
def test_movable_begins_where_the_command_line_says(
    start: str, expected: list[tuple[str, int]], tmp_path: Path
) -> None:
    assert codes(played(MOVABLE.format(start=start), tmp_path)) == expected


def test_a_node_whose_movable_line_is_missing(tmp_path: Path) -> None:
    text = MOVABLE.replace("  Node 0: {start}\n", "")
    assert codes(played(text, tmp_path)) == [("MI102", 7)]


# 6 GiB, of which firmware mirrors what this log does not show.
MIRROR = """\
Linux version {version}-amd64 (x@y) #1 SMP
Command line: nokaslr kernelcore=mirror
Zone ranges:
  DMA      [mem 0x0000000000001000-0x0000000000ffffff]
  DMA32    [mem 0x0000000001000000-0x00000000ffffffff]
  Normal   [mem 0x0000000100000000-0x000000017fffffff]
Movable zone start for each node
{movable}Early memory node ranges
  node   0: [mem 0x0000000000001000-0x000000000009ffff]
  node   0: [mem 0x0000000000100000-0x00000000bfffffff]
  node   0: [mem 0x0000000100000000-0x000000017fffffff]
"""


@pytest.mark.parametrize(
    ("version", "movable"),
    [
        ("6.1.0", "  Node 0: 0x0000000100000000\n"),
        ("6.12.107", ""),
        ("6.1.0", "  Node 0: 0x0000000140000000\n"),
        ("6.12.107", "  Node 0: 0x0000000140000000\n"),
    ],
)
def test_what_is_not_mirrored_is_movable(version: str, movable: str, tmp_path: Path) -> None:
    found = played(MIRROR.format(version=version, movable=movable), tmp_path)
    unknown = found.context.ledger("mm_init").checks["zone"].unchecked.get(NO_MIRROR, 0)
    assert (codes(found), unknown) == ([], int("140000000" in movable))
