from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.map_boots import boot_of, found
from tracekit.divergence import Severity, lookup
from tracekit.replay.maps.driver import map_findings

RAM = "BIOS-e820: [mem 0x0000000000100000-0x000000001ffdffff] usable\n"


def test_a_panic_before_any_ram_is_known(tmp_path: Path) -> None:
    panic = "Kernel panic - not syncing: ERROR: Failed to allocate 0x1000 bytes below 0x0.\n"
    (finding,) = map_findings(boot_of(tmp_path, panic))
    assert finding.code == "MP401"
    assert "lowmem" in finding.expected
    assert found(tmp_path, RAM + panic) == []


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
