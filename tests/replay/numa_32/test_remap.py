"""The remap_alloc lines of 3.0 to 3.8."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.bootmem_text import codes, played

LOG = """\
Linux version 3.6.5 (x@y) #1 SMP
e820: BIOS-provided physical RAM map:
BIOS-e820: [mem 0x0000000000100000-0x000000007ffdffff] usable
e820: last_pfn = 0x7ffe0 max_arch_pfn = 0x1000000
MEMBLOCK configuration:
 memory size = 0x7fee0000 reserved size = 0x300000
 memory.cnt  = 0x1
 memory[0x0]\t[0x00000000100000-0x0000007ffdffff], 0x7fee0000 bytes
 reserved.cnt  = 0x1
 reserved[0x0]\t[0x00000001000000-0x000000012fffff], 0x300000 bytes
init_memory_mapping: [mem 0x00000000-0x37bfdfff]
node 0 pfn: [0 - 40000]
memblock_reserve: [0x0000003f600000-0x00000040000000] init_alloc_remap+0xca/0x1e7
memblock_reserve: [0x00000037000000-0x00000037a00000] init_alloc_remap+0x142/0x1e7
remap_alloc: node 0 [3f600000-40000000) -> [f7000000-f7a00000)
  NODE_DATA [mem 0x37000000-0x37000fff] (remapped)
node 1 pfn: [40000 - 7ffe0]
memblock_reserve: [0x0000007f400000-0x0000007fe00000] init_alloc_remap+0xca/0x1e7
memblock_reserve: [0x00000036600000-0x00000037000000] init_alloc_remap+0x142/0x1e7
remap_alloc: node 1 [7f400000-7fe00000) -> [f6600000-f7000000)
  NODE_DATA [mem 0x36600000-0x36600fff] (remapped)
On node 0 totalpages: 262144
  Normal zone: 2048 pages used for memmap
  Normal zone: 260096 pages, LIFO batch:31
"""


def test_both_halves_are_predicted(tmp_path: Path) -> None:
    found = played(LOG, tmp_path)
    assert codes(found, "numa_32") == []
    checks = found.context.ledgers["numa_32"].checks["remap"]
    assert (checks.matched, checks.inferred) == (3, 1)


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("[7f400000-7fe00000) ->", "[7f200000-7fc00000) ->", "NR111", 20),
        ("-> [f6600000-f7000000)", "-> [f6400000-f6e00000)", "NR111", 20),
        ("0x36600000-0x36600fff] (re", "0x36601000-0x36601fff] (re", "NR107", 21),
    ],
)
def test_another_place_is_reported(
    old: str, new: str, code: str, line: int, tmp_path: Path
) -> None:
    assert codes(played(LOG.replace(old, new), tmp_path), "numa_32") == [(code, line)]


def test_a_failure_where_there_is_room_is_reported(tmp_path: Path) -> None:
    failed = "remap_alloc: failed to allocate 10485760 bytes for node 1"
    lines = LOG.splitlines()
    text = "\n".join([*lines[:17], failed, *lines[21:]])
    assert codes(played(text, tmp_path), "numa_32") == [("NR112", 18)]


def test_a_node_too_small_for_a_large_page_fails(tmp_path: Path) -> None:
    failed = "remap_alloc: failed to allocate 2097152 bytes for node 1"
    lines = LOG.replace("node 1 pfn: [40000 - 7ffe0]", "node 1 pfn: [40000 - 40100]").splitlines()
    text = "\n".join([*lines[:17], failed, *lines[21:]])
    assert codes(played(text, tmp_path), "numa_32") == []


def test_a_lost_line_is_reported_at_the_node_and_made_up_for(tmp_path: Path) -> None:
    lines = LOG.splitlines()
    text = "\n".join(lines[:14] + lines[15:])
    assert codes(played(text, tmp_path), "numa_32") == [("NR109", 12)]
