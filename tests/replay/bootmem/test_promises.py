"""What x86 announces must come: RAM that is freed, early reservations that are handed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.bootmem_text import codes, played

LOG = """\
Linux version 2.6.32 (x@y) #1 SMP
bootmem::init_bootmem_core nid=0 start=0 map=2 end=1000 mapsize=200
  node 0 low ram: 00000000 - 01000000
  node 0 bootmap 00002000 - 00002200
bootmem::mark_bootmem_node nid=0 start=0 end=9f reserve=0 flags=0
bootmem::__free nid=0 start=0 end=9f
bootmem::mark_bootmem_node nid=0 start=100 end=1000 reserve=0 flags=0
bootmem::__free nid=0 start=100 end=1000
(2 early reservations) ==> bootmem [0000000000 - 0001000000]
  #0 [0000000000 - 0000001000]   BIOS data page ==> [0000000000 - 0000001000]
bootmem::mark_bootmem_node nid=0 start=0 end=1 reserve=1 flags=0
bootmem::__reserve nid=0 start=0 end=1 flags=0
  #1 [0000002000 - 0000002200]          BOOTMAP ==> [0000002000 - 0000002200]
bootmem::mark_bootmem_node nid=0 start=2 end=3 reserve=1 flags=0
bootmem::__reserve nid=0 start=2 end=3 flags=0
bootmem::alloc_bootmem_core nid=0 size=1000 [1 pages] align=1000 goal=0 limit=0
bootmem::__reserve nid=0 start=1 end=2 flags=1
early_node_map[2] active PFN ranges
    0: 0x00000000 -> 0x0000009f
    0: 0x00000100 -> 0x00001000
bootmem::free_all_bootmem_core nid=0 start=0 end=1000 aligned=1
bootmem::free_all_bootmem_core nid=0 released=f9d
"""


def without(*numbers: int) -> str:
    lines = LOG.splitlines(keepends=True)
    return "".join(line for n, line in enumerate(lines, 1) if n not in numbers)


def test_a_whole_log_has_nothing_missing(tmp_path: Path) -> None:
    assert codes(played(LOG, tmp_path)) == []


@pytest.mark.parametrize(
    ("lost", "code", "line"),
    [
        ((5, 6), "BM144", 4),
        ((7, 8), "BM144", 6),
        ((11, 12), "BM142", 10),
        ((14, 15), "BM142", 13),
        ((6,), "BM107", 5),
        ((5,), "BM106", 5),
        ((12,), "BM107", 11),
        ((11,), "BM106", 11),
    ],
)
def test_one_loss_gives_one_divergence(
    lost: tuple[int, ...], code: str, line: int, tmp_path: Path
) -> None:
    assert codes(played(without(*lost), tmp_path)) == [(code, line)]


def test_other_pages_than_the_rows_are_reported(tmp_path: Path) -> None:
    changed = LOG.replace("start=2 end=3 ", "start=2 end=4 ")
    assert ("BM142", 13) in codes(played(changed, tmp_path))


ARM = """\
Linux version 3.10.25 (x@y) #1
CPU: ARMv6-compatible processor [410fb767] revision 7 (ARMv7), cr=00c5387d
MEMBLOCK configuration:
 memory size = 0x1000000 reserved size = 0x3000
 memory.cnt  = 0x1
 memory[0x0]\t[0x00000000000000-0x00000000ffffff], 0x1000000 bytes
 reserved.cnt  = 0x2
 reserved[0x0]\t[0x00000000008200-0x00000000009fff], 0x1e00 bytes
 reserved[0x1]\t[0x00000000400000-0x000000004011ff], 0x1200 bytes
memblock_reserve: [0x00000000fff000-0x00000001000000] memblock_alloc_base_nid+0x74/0x90
bootmem::init_bootmem_core nid=0 start=0 map=fff end=1000 mapsize=200
bootmem::mark_bootmem_node nid=0 start=0 end=1000 reserve=0 flags=0
bootmem::__free nid=0 start=0 end=1000
bootmem::mark_bootmem_node nid=0 start=8 end=a reserve=1 flags=0
bootmem::__reserve nid=0 start=8 end=a flags=0
bootmem::mark_bootmem_node nid=0 start=400 end=402 reserve=1 flags=0
bootmem::__reserve nid=0 start=400 end=402 flags=0
bootmem::mark_bootmem_node nid=0 start=fff end=1000 reserve=1 flags=0
bootmem::__reserve nid=0 start=fff end=1000 flags=0
bootmem::alloc_bootmem_bdata nid=0 size=1000 [1 pages] align=1000 goal=0 limit=0
bootmem::__reserve nid=0 start=0 end=1 flags=1
"""


@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        ((), []),
        ((14, 15), [("BM144", 13)]),
        ((16, 17), [("BM144", 15)]),
        ((18, 19), [("BM144", 17)]),
    ],
)
def test_arm_hands_memblocks_lists_over(
    lost: tuple[int, ...], expected: list[tuple[str, int]], tmp_path: Path
) -> None:
    lines = ARM.splitlines(keepends=True)
    text = "".join(line for n, line in enumerate(lines, 1) if n not in lost)
    assert codes(played(text, tmp_path)) == expected


def test_a_kernel_that_takes_none_of_the_steps_has_lost_nothing(tmp_path: Path) -> None:
    text = ARM.replace("start=8 end=a", "start=7 end=b").replace("400 end=402", "3ff end=403")
    text = text.replace("start=fff end=1000", "start=ffe end=1000")
    text = text.replace("start=0 end=1000 reserve", "start=0 end=f00 reserve")
    text = text.replace("__free nid=0 start=0 end=1000", "__free nid=0 start=0 end=f00")
    told = "bootmem::__reserve silent double reserve of PFN ff"
    text = text.replace(
        "start=ffe end=1000 flags=0\nbootmem::alloc",
        f"start=ffe end=1000 flags=0\n{told}e\n{told}f\nbootmem::alloc",
    )
    assert codes(played(text, tmp_path)) == []
