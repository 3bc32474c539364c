"""Fallback orders, zonelists and the policy zone, right and wrong."""

from __future__ import annotations

from pathlib import Path

from tests.replay.mm_init_text import codes, played
from tracekit.replay.ledger import Checks

# Three nodes of 256 MiB faked on one: all equally near.
FAKED = """\
Linux version 6.12.107-amd64 (x@y) #1 SMP
Command line: nokaslr numa=fake=3 mminit_loglevel=4
Faking node 0 at [mem 0x0000000000000000-0x000000000fffffff] (256MB)
Faking node 1 at [mem 0x0000000010000000-0x000000001fffffff] (256MB)
Faking node 2 at [mem 0x0000000020000000-0x000000002fffffff] (256MB)
Zone ranges:
  DMA      [mem 0x0000000000001000-0x0000000000ffffff]
  DMA32    [mem 0x0000000001000000-0x000000002fffffff]
  Normal   empty
  Device   empty
Movable zone start for each node
Early memory node ranges
  node   0: [mem 0x0000000000001000-0x000000000fffffff]
  node   1: [mem 0x0000000010000000-0x000000001fffffff]
  node   2: [mem 0x0000000020000000-0x000000002fffffff]
mminit::memmap_init Initialising map node 0 zone 0 pfns 1 -> 4096
mminit::memmap_init Initialising map node 0 zone 1 pfns 4096 -> {end}
Fallback order for Node 0: 0 1 2
Fallback order for Node 1: {one}
Fallback order for Node 2: 2 0 1
mminit::zonelist general 0:DMA = 0:DMA
mminit::zonelist general 1:DMA32 = 1:DMA32 {row}
mminit::zonelist thisnode 0:DMA32 = 0:DMA32 0:DMA
Policy zone: {policy}
"""
RIGHT = {"end": "65536", "one": "1 2 0", "row": "2:DMA32 0:DMA32 0:DMA", "policy": "DMA32"}


def wrong(folder: Path, **changes: str) -> list[str]:
    return [code for code, _ in codes(played(FAKED.format(**{**RIGHT, **changes}), folder))]


def zonelists(text: str, folder: Path) -> Checks:
    return played(text, folder).context.ledger("mm_init").checks["zonelist"]


def test_all_follows_from_ram_and_distances(tmp_path: Path) -> None:
    assert zonelists(FAKED.format(**RIGHT), tmp_path).matched == 7
    assert wrong(tmp_path) == []


def test_each_wrong_line_is_found(tmp_path: Path) -> None:
    assert wrong(tmp_path, end="65537") == ["MI113"]
    assert wrong(tmp_path, row="2:DMA32 0:DMA32") == ["MI112"]
    assert wrong(tmp_path, policy="Normal") == ["MI112"]
    assert "MI112" in wrong(tmp_path, one="1 0 2", row="0:DMA32 0:DMA 2:DMA32")


def test_what_no_distance_decides_is_unchecked_but_each_node_comes_once(tmp_path: Path) -> None:
    text = FAKED.replace("numa=fake=3", "numa=fake=3:10,20,30,20,10,20,30,20,10")
    checks = zonelists(
        text.format(**{**RIGHT, "one": "1 0 2", "row": "0:DMA32 0:DMA 2:DMA32"}), tmp_path
    )
    assert (checks.diverged, checks.unchecked.total()) == (0, 3)
    twice = played(text.format(**{**RIGHT, "one": "1 2 2"}), tmp_path)
    assert [code for code, _ in codes(twice)] == ["MI112", "MI112"]


def test_a_line_that_printk_broke_off_is_no_fault(tmp_path: Path) -> None:
    text = FAKED.format(**RIGHT).replace("general 0:DMA = 0:DMA", "general 0:DMA =")
    assert zonelists(text, tmp_path).unchecked == {"printk broke the line off": 1}


def test_memory_added_later_makes_new_lists(tmp_path: Path) -> None:
    later = (
        "\nSLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=1, Nodes=3\n"
        "mminit::memmap_init Initialising map node 1 zone 3 pfns 1048576 -> 1081344\n"
        "Fallback order for Node 1: 1 0\nBuilt 3 zonelists, mobility grouping on.  Total pages: 9\n"
    )
    found = played(FAKED.format(**RIGHT) + later, tmp_path)
    assert codes(found) == []
    checks = found.context.ledger("mm_init").checks
    assert [checks[kind].unchecked.total() for kind in ("zonelist", "present_pages")] == [1, 1]
