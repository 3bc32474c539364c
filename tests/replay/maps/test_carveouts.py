from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.map_boots import boot_of, changed, found
from tracekit.replay.maps.driver import map_findings


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
    twice = "cma: Reserved 512 MiB at 0xa0000000\n" + ZONES + ZONES
    assert found(tmp_path, twice) == []


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


@pytest.mark.parametrize(("release", "told"), [("5.7.0-rc5", True), ("6.12.0", False)])
def test_a_failed_request_for_dma_memory_with_a_crash_kernel_above(
    release: str, told: bool, tmp_path: Path
) -> None:
    text = (
        f"Linux version {release} (x@y) #1 SMP\n"
        "crashkernel reserved: 0x00000000d6000000 - 0x00000000f6000000 (512 MB)\n"
        "swapper/0: page allocation failure: order:2, mode:0x1(GFP_DMA), nodemask=(null)\n"
    )
    assert found(tmp_path, text) == ([("MP204", 3)] if told else [])
    assert found(tmp_path, text.replace("(GFP_DMA)", "(GFP_KERNEL)")) == []
