"""The KVA lines of 2.6.x: sizes by node, chunks that make up a node, places in free RAM."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.bootmem_text import codes, played
from tracekit.replay.boot import Replay
from tracekit.replay.ledger import Checks

E820 = """\
BIOS-provided physical RAM map:
 BIOS-e820: 0000000000000000 - 000000000009f000 (usable)
 BIOS-e820: 0000000000100000 - {end:016x} (usable)
"""

LINUX_2_6_32 = f"""\
Linux version 2.6.32 (x@y) #1 SMP
{E820.format(end=0x7FFE0000)}\
last_pfn = 0x7ffe0 max_arch_pfn = 0x1000000
init_memory_mapping: 0000000000000000-00000000379fe000
node 0 pfn: [0 - 40000]
Reserving 2560 pages of KVA for lmem_map of node 0 at 3f600
remove_active_range (0, 259584, 262144)
node 1 pfn: [40000 - 80000]
Reserving 2560 pages of KVA for lmem_map of node 1 at {{second}}
Reserving total of 1400 pages for numa KVA remap
kva_start_pfn ~ 36400 max_low_pfn ~ 379fe
(1 early reservations) ==> bootmem [0000000000 - 00379fe000]
  #0 [{{taken}}]          RAMDISK
On node 0 totalpages: 262144
  Normal zone: 2048 pages used for memmap
  Normal zone: 260096 pages, LIFO batch:31
"""


def text(second: str = "7f400", taken: str = "0000000000 - 0000001000") -> str:
    return LINUX_2_6_32.format(second=second, taken=taken)


def checks(found: Replay) -> Checks:
    return found.context.ledgers["numa_32"].checks["remap"]


def test_the_highest_free_large_pages_are_taken(tmp_path: Path) -> None:
    found = played(text(), tmp_path)
    assert codes(found, "numa_32") == []
    assert checks(found).matched == checks(found).events == 7


def test_what_is_reserved_at_the_top_pushes_the_area_down(tmp_path: Path) -> None:
    taken = "007ff00000 - 007ff80000"
    assert codes(played(text("7f400", taken), tmp_path), "numa_32") == []
    taken = "007fc00000 - 007fc01000"
    assert codes(played(text("7f200", taken), tmp_path), "numa_32") == []
    assert codes(played(text("7f400", taken), tmp_path), "numa_32") == [("NR102", 11)]


def test_without_the_reservations_a_lower_place_is_left_open(tmp_path: Path) -> None:
    cut = "\n".join(line for line in text("7f200").splitlines() if "early" not in line)
    cut = "\n".join(line for line in cut.splitlines() if "RAMDISK" not in line)
    found = played(cut, tmp_path)
    assert codes(found, "numa_32") == []
    assert checks(found).unchecked.total() == 1


def test_a_missing_size_is_made_up_for(tmp_path: Path) -> None:
    lines = [line for line in text().splitlines() if "of node 1 at" not in line]
    assert codes(played("\n".join(lines), tmp_path), "numa_32") == [("NR109", 10)]


@pytest.mark.parametrize("garbled", ["kva_start_pfn ~ 3x400", "kva_start_pfn ~ fffffffffffff"])
def test_garbled_numbers_are_no_trouble(garbled: str, tmp_path: Path) -> None:
    played(text().replace("kva_start_pfn ~ 36400", garbled), tmp_path)
