from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.map_boots import boot_of, changed, found
from tracekit.replay.maps.driver import map_findings

E820 = """\
Linux version 6.1.0-amd64 (a@b) (gcc) #1 SMP
Command line: console=ttyS0
BIOS-provided physical RAM map:
BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
BIOS-e820: [mem 0x000000000009fc00-0x000000000009ffff] reserved
BIOS-e820: [mem 0x0000000000100000-0x000000001ffdffff] usable
BIOS-e820: [mem 0x000000001ffe0000-0x000000001fffffff] reserved
e820: update [mem 0x00000000-0x00000fff] usable ==> reserved
e820: remove [mem 0x000a0000-0x000fffff] usable
last_pfn = 0x1ffe0 max_arch_pfn = 0x400000000
[mem 0x20000000-0xffffffff] available for PCI devices
Zone ranges:
  DMA      [mem 0x0000000000001000-0x0000000000ffffff]
  DMA32    [mem 0x0000000001000000-0x000000001ffdffff]
Early memory node ranges
  node   0: [mem 0x0000000000001000-0x000000000009efff]
  node   0: [mem 0x0000000000100000-0x000000001ffdffff]
e820: reserve RAM buffer [mem 0x0009fc00-0x0009ffff]
e820: reserve RAM buffer [mem 0x1ffe0000-0x1fffffff]
"""

ADDS = """\
memblock_add: [0x0000000000001000-0x000000000009fbff] e820__memblock_setup+0x65/0x7d
memblock_add: [0x0000000000100000-0x000000001ffdffff] e820__memblock_setup+0x65/0x7d
"""


def test_a_whole_map_gives_no_finding(tmp_path: Path) -> None:
    assert found(tmp_path, E820) == []
    with_adds = changed(E820, "[mem 0x20000000-0xff", ADDS + "[mem 0x20000000-0xff")
    assert found(tmp_path, with_adds) == []


@pytest.mark.parametrize(
    ("row", "wrong", "line"),
    [
        ("0000000000100000-0x000000001ffdffff", "0000000000100000-0x000000001ffcffff", 6),
        ("0000000000100000-0x000000001ffdffff", "0000000000110000-0x000000001ffdffff", 6),
        ("0000000000000000-0x000000000009fbff", "0000000000000000-0x000000000008fbff", 4),
        ("000000001ffe0000-0x000000001fffffff", "000000001ffe0000-0x000000001ffeffff", 7),
    ],
)
def test_a_changed_row_is_told_by_what_was_made_from_it(
    tmp_path: Path, row: str, wrong: str, line: int
) -> None:
    assert found(tmp_path, changed(E820, row, wrong)) == [("MP102", line)]


def test_a_row_that_memblock_contradicts(tmp_path: Path) -> None:
    text = changed(E820, "[mem 0x20000000-0xff", ADDS + "[mem 0x20000000-0xff")
    wrong = changed(text, "00100000-0x000000001ffdffff] us", "00180000-0x000000001ffdffff] us")
    assert found(tmp_path, wrong) == [("MP102", 6)]


def test_a_reserved_row_that_is_used_as_ram(tmp_path: Path) -> None:
    wrong = changed(E820, "1ffdffff] usable", "1ffdffff] reserved")
    assert ("MP102", 6) in found(tmp_path, wrong)


def test_without_the_debug_lines_only_last_pfn_judges(tmp_path: Path) -> None:
    lines = [line for line in E820.splitlines() if not line.startswith("e820: ")]
    text = "\n".join(lines)
    assert found(tmp_path, changed(text, "0009fbff] usable", "0009ebff] usable")) == []
    assert found(tmp_path, changed(text, "1ffdffff] usable", "1ffcffff] usable")) == [("MP102", 6)]


def test_rows_that_overlap(tmp_path: Path) -> None:
    wrong = changed(E820, "09fc00-0x000000000009ffff] res", "09f000-0x000000000009ffff] res")
    lines = [line for line in wrong.splitlines() if not line.startswith("e820: ")]
    assert found(tmp_path, "\n".join(lines)) == [("MP101", 5)]


def test_later_changes_do_not_reach_memblock(tmp_path: Path) -> None:
    late = "e820: update [mem 0x10000000-0x10000fff] usable ==> reserved\n"
    buffer = "e820: reserve RAM buffer [mem 0x10000000-0x13ffffff]\n"
    text = changed(E820, "Zone ranges:\n", late + "Zone ranges:\n") + buffer
    assert found(tmp_path, text) == []


def test_gaps_of_7_0_lie_between_rows(tmp_path: Path) -> None:
    text = """\
BIOS-provided physical RAM map:
BIOS-e820: [mem 0x0000000000000000-0x000000000009ffff]  System RAM
BIOS-e820: [gap 0x00000000000a0000-0x00000000000fffff]
BIOS-e820: [mem 0x0000000000100000-0x000000001fffffff]  System RAM
"""
    assert found(tmp_path, text) == []
    wrong = changed(text, "0000000000100000-0x", "0000000000180000-0x")
    assert found(tmp_path, wrong) == [("MP102", 4)]


USER = """\
Command line: mem=512M memmap=16M$256M
BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
BIOS-e820: [mem 0x0000000000100000-0x000000003ffdffff] usable
e820: remove [mem 0x20000000-0xfffffffffffffffe] usable
user-defined physical RAM map:
user: [mem 0x0000000000000000-0x000000000009fbff] usable
user: [mem 0x0000000000100000-0x000000000fffffff] usable
user: [mem 0x0000000010000000-0x0000000010ffffff] reserved
user: [mem 0x0000000011000000-0x000000001fffffff] usable
"""


def test_the_user_defined_map_follows_from_firmware_and_command_line(tmp_path: Path) -> None:
    assert found(tmp_path, USER) == []
    assert found(tmp_path, changed(USER, "09fbff] usable", "09ebff] usable")) == [("MP102", 2)]
    assert found(tmp_path, changed(USER, "16M$256M", "32M$256M")) == [("MP102", 3)]
    assert found(tmp_path, changed(USER, "16M$256M", "exactmap")) == []


def test_the_kernel_in_a_range_that_is_no_ram(tmp_path: Path) -> None:
    text = "Command line: memmap=64M$1G\n.text .data .bss are not marked as E820_TYPE_RAM!\n"
    (finding,) = map_findings(boot_of(tmp_path, text))
    assert (finding.code, finding.line.line) == ("MP103", 2)
    assert "64M$1G" in finding.logged


BUFFERS = """\
BIOS-e820: [mem 0x0000000000000000-0x000000000009efff] usable
BIOS-e820: [mem 0x0000000000100000-0x0000000003ffffff] usable
BIOS-e820: [mem 0x0000000010000000-0x000000001fff0fff] usable
e820: update [mem 0x00000000-0x00000fff] usable ==> reserved
last_pfn = 0x1fff1 max_arch_pfn = 0x400000000
e820: reserve RAM buffer [mem 0x0009f000-0x0009ffff]
e820: reserve RAM buffer [mem 0x1fff1000-0x1fffffff]
"""


def test_every_end_of_ram_that_is_not_aligned_has_its_buffer(tmp_path: Path) -> None:
    assert found(tmp_path, BUFFERS) == []
    lost = changed(BUFFERS, "e820: reserve RAM buffer [mem 0x0009f000-0x0009ffff]\n", "")
    assert found(tmp_path, lost) == [("MP102", 1)]
    middle = changed(BUFFERS, "0000000003ffffff] usable", "0000000003feffff] usable")
    assert found(tmp_path, middle) == [("MP102", 2)]
