from __future__ import annotations

from pathlib import Path

import pytest

import tracekit
from tests import boots
from tracekit.boot import Boot
from tracekit.divergence import Severity, catalogue, lookup
from tracekit.events.base import Source
from tracekit.replay.boot import replay
from tracekit.replay.map_finding import Finding, amount, mem
from tracekit.replay.maps import map_findings

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


def boot_of(tmp_path: Path, text: str) -> Boot:
    path = tmp_path / "dmesg.log"
    path.write_text("".join(f"[    0.000000] {line}\n" for line in text.splitlines()))
    return tracekit.load(path)


def found(tmp_path: Path, text: str) -> list[tuple[str, int]]:
    return [(f.code, f.line.line) for f in map_findings(boot_of(tmp_path, text))]


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


# -- e820


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


# -- carve-outs


def test_owners_that_overlap(tmp_path: Path) -> None:
    text = """\
RAMDISK: [mem 0x30000000-0x31ffffff]
crashkernel reserved: 0x0000000031000000 - 0x0000000035000000 (64 MB)
"""
    assert found(tmp_path, text) == [("MP201", 2)]
    apart = changed(text, "0x0000000031000000", "0x0000000032000000")
    assert found(tmp_path, apart) == []


def test_a_ramdisk_that_moved_owns_its_new_place_only(tmp_path: Path) -> None:
    text = """\
RAMDISK: [mem 0x30000000-0x31ffffff]
Allocated new RAMDISK: [mem 0x20000000-0x21ffffff]
crashkernel reserved: 0x0000000030000000 - 0x0000000034000000 (64 MB)
"""
    assert found(tmp_path, text) == []


def test_a_pool_printed_three_times_is_one(tmp_path: Path) -> None:
    text = """\
Reserved memory: created CMA memory pool at 0x5e000000, size 32 MiB
OF: reserved mem: 0x5e000000..0x5fffffff (32768 KiB) map reusable linux,cma
cma: Reserved 32 MiB at 0x5e000000
"""
    assert found(tmp_path, text) == []


def test_overlapping_nodes_of_the_device_tree(tmp_path: Path) -> None:
    text = """\
OF: reserved mem: OVERLAP DETECTED!
buf@1 (0x01000000--0x03000000) overlaps with lab@1 (0x01000000--0x03000000)
"""
    (finding,) = map_findings(boot_of(tmp_path, text))
    assert (finding.code, finding.line.line) == ("MP202", 2)
    assert "adds nothing" in finding.logged


ZONES = """\
Zone ranges:
  DMA      [mem 0x0000000080000000-0x00000000bfffffff]
  DMA32    [mem 0x00000000c0000000-0x00000000ffffffff]
  Normal   empty
"""


def test_a_cma_area_in_two_zones(tmp_path: Path) -> None:
    assert found(tmp_path, "cma: Reserved 1024 MiB at 0xa0000000\n" + ZONES) == [("MP203", 1)]
    assert found(tmp_path, "cma: Reserved 512 MiB at 0xa0000000\n" + ZONES) == []


def test_a_crash_kernel_without_dma_matters_on_arm64(tmp_path: Path) -> None:
    crash = "crashkernel reserved: 0x00000000d6000000 - 0x00000000f6000000 (512 MB)\n"
    arm64 = "Detected PIPT I-cache on CPU0\n"
    assert found(tmp_path, arm64 + crash + ZONES) == [("MP204", 2)]
    assert found(tmp_path, crash + ZONES) == []
    assert found(tmp_path, arm64 + crash.replace("d6", "b6", 1) + ZONES) == []


def test_a_crash_kernel_across_memory_regions(tmp_path: Path) -> None:
    text = """\
crashkernel reserved: 0x0000000020000000 - 0x0000000120000000 (4096 MB)
MEMBLOCK configuration:
 memory.cnt  = 0x2
 memory[0x0]\t[0x0000000000000000-0x000000007fffffff], 0x0000000080000000 bytes flags: 0x0
 memory[0x1]\t[0x0000000080000000-0x00000025ffffffff], 0x0000002580000000 bytes flags: 0x1
"""
    assert ("MP205", 1) in found(tmp_path, text)
    assert found(tmp_path, text.replace("0x0000000120000000", "0x0000000040000000")) == []


IOMEM = """\
00000000-7fffffff : System RAM
80000000-257fffffff : System RAM
"""


def test_pasted_iomem_shows_regions_too(tmp_path: Path) -> None:
    assert found(tmp_path, "20000000-11fffffff : Crash kernel\n" + IOMEM) == [("MP205", 1)]
    assert found(tmp_path, "20000000-7fffffff : Crash kernel\n" + IOMEM) == []


def test_what_fadump_loses_to_alignment(tmp_path: Path) -> None:
    line = "fadump: Reserved 4112MB of memory at 0x00000501000000 (System RAM: 25088MB)\n"
    (finding,) = map_findings(boot_of(tmp_path, "500200000-9001fffff : System RAM\n" + line))
    assert (finding.code, finding.line.line) == ("MP206", 2)
    assert "14 MiB" in finding.expected
    assert found(tmp_path, "501000000-9001fffff : System RAM\n" + line) == []


# -- nodes and zones


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


# -- firmware


def test_a_panic_before_any_ram_is_known(tmp_path: Path) -> None:
    panic = "Kernel panic - not syncing: ERROR: Failed to allocate 0x1000 bytes below 0x0.\n"
    (finding,) = map_findings(boot_of(tmp_path, panic))
    assert finding.code == "MP401"
    assert "lowmem" in finding.expected
    assert found(tmp_path, E820 + panic) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("OF: fdt: Ignoring memory range 0x80000000 - 0x80200000", "MP402"),
        ("Truncating RAM at 20000000-3fffffff to -2f7fffff (vmalloc region overlap).", "MP402"),
        ("memcluster 0, usage 1, start        0, end     1984", "MP403"),
        ("Wasting 1048576 bytes for tracking 32768 unused pages", "MP404"),
        ("Kernel sections are not in the memory maps", "MP405"),
        ("Top of RAM: 0xff700000, Total RAM: 0xbe500000", "MP406"),
        ("software IO TLB: mapped [mem 0x4b0c000-0x4b4c000] (0MB)", "MP407"),
        ("Kernel panic - not syncing: swiotlb_init_remap: nslabs = 0 too small", "MP407"),
        ("Cannot allocate SWIOTLB buffer", "MP408"),
        ("cma: Failed to reserve 64 MiB", "MP408"),
        ("PDT: BAD MEMORY at 0x201000", "MP409"),
    ],
)
def test_notes_about_ram_that_is_missing(tmp_path: Path, line: str, code: str) -> None:
    assert found(tmp_path, line + "\n") == [(code, 1)]
    assert lookup(code).severity is Severity.NOTE


@pytest.mark.parametrize(
    "line",
    [
        "Top of RAM: 0x40000000, Total RAM: 0x40000000",
        "software IO TLB: mapped [mem 0x7a200000-0x7a300000] (1MB)",
        "memcluster 1, usage 0, start     1984, end  1048576",
    ],
)
def test_their_healthy_twins_say_nothing(tmp_path: Path, line: str) -> None:
    assert found(tmp_path, line + "\n") == []


def test_two_boots_in_one_file_that_found_different_ram(tmp_path: Path) -> None:
    text = """\
Memory: 271948K/311296K available (5289K kernel code, 22964K reserved)
Memory: 401980K/442368K available (5289K kernel code, 24004K reserved)
"""
    (finding,) = map_findings(boot_of(tmp_path, text))
    assert finding.code == "MP410"
    assert "128 MiB more" in finding.expected


# -- as a whole


def test_findings_join_memblocks_ledger_once(tmp_path: Path) -> None:
    boot = boot_of(tmp_path, "cma: Reserved 1024 MiB at 0xa0000000\n" + ZONES)
    result = replay(boot)
    assert [(d.code, d.allocator) for d in result.loud] == [("MP203", "memblock")]
    ledger = result.context.ledger("memblock")
    for finding in map_findings(boot):
        finding.enter(ledger)
    assert len([d for d in ledger.divergences if d.code == "MP203"]) == 1


@pytest.mark.parametrize("folder", boots.boot_folders(), ids=lambda folder: folder.name)
def test_captured_boots_are_healthy(folder: Path) -> None:
    loud = [
        finding
        for finding in map_findings(tracekit.load(folder / "dmesg.log"))
        if (finding.severity or lookup(finding.code).severity) is not Severity.NOTE
    ]
    assert loud == []


def test_every_code_of_the_map_is_explained() -> None:
    codes = [code for code, entry in catalogue().items() if entry.allocator == "maps"]
    assert len(codes) >= 20
    assert all(lookup(code).next_step.endswith(".") for code in codes)


def test_words_for_ranges_and_sizes() -> None:
    assert mem(0x1000, 0x2000) == "[mem 0x1000-0x1fff]"
    assert mem(0x1000, 0x1000) == "[nothing at 0x1000]"
    assert [amount(n) for n in (3 << 30, 5 << 20, 1536, 1024)] == [
        "3 GiB", "5 MiB", "1536 bytes", "1 KiB"]  # fmt: skip
    assert Finding("MP101", Source("a", 1), "s", "l", "e").related == ()
