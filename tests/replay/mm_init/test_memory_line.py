"""The Memory: line's numbers, on an ordinary log and on captured boots."""

from __future__ import annotations

from pathlib import Path

import pytest

import tracekit
from tests.boots import boot
from tests.replay.mm_init_text import changed, codes, played
from tracekit.replay.boot import replay

DEBUG = boot("x86_61_mem_memmap_movablecore") / "dmesg.log"


def test_the_total_is_all_ram(tmp_path: Path) -> None:
    text, line = changed("/523768K available", "/523772K available")
    assert codes(played(text, tmp_path)) == [("MI301", line)]


def test_cma_is_the_sum_of_the_areas(tmp_path: Path) -> None:
    text, line = changed("0K cma-reserved", "16384K cma-reserved")
    assert codes(played(text, tmp_path)) == [("MI303", line)]
    area = text.replace("Zone ranges:", "cma: Reserved 16 MiB at 0x000000001e000000\nZone ranges:")
    assert codes(played(area, tmp_path)) == []


@pytest.mark.parametrize("name", ["reserved", "available"])
def test_with_memblock_the_hand_off_decides(name: str, tmp_path: Path) -> None:
    text = DEBUG.read_text()
    line = next(n for n, t in enumerate(text.split("\n"), 1) if "] Memory: " in t)
    memory = text.split("\n")[line - 1]
    number = memory.split("Memory: ")[1].split("K")[0]
    old = f"Memory: {number}K" if name == "available" else memory.split(", ")[-2]
    new = old.replace("K", "0K", 1)
    found = played(text.replace(memory, memory.replace(old, new)), tmp_path)
    code = "MI305" if name == "available" else "MI302"
    assert codes(found) == [(code, line)]


@pytest.mark.parametrize(
    "name",
    ["mips64el-6.1-malta", "s390x-6.12-ccw", "armhf-6.1-lpae-2g", "x86_64_2.6.38.2_512M_1cpu"],
)
def test_what_mem_init_keeps_and_how_old_kernels_count(name: str) -> None:
    found = replay(tracekit.load(boot(name) / "dmesg.log"))
    checks = next(ledger for ledger in found.allocators if ledger.name == "mm_init").checks
    assert checks["memory_line"].matched >= 3
    assert checks["buddy_handoff"].matched == 1


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        ("i386_3.6.5_numa2_2G", "26396k reserved", "26400k reserved", "MI302"),
        ("i386_3.6.5_numa2_2G", "2049696k/2097024k", "2049696k/2097028k", "MI301"),
        ("arm_3.10.25_versatilepb_256M", "9208k reserved", "9212k reserved", "MI302"),
        ("x86_64_2.6.38.2_512M_1cpu", "452k absent", "448k absent", "MI306"),
    ],
)
def test_old_wordings(name: str, old: str, new: str, code: str, tmp_path: Path) -> None:
    text, line = changed(old, new, (boot(name) / "dmesg.log").read_text())
    assert (code, line) in codes(played(text, tmp_path))


def test_zero_pages_that_only_the_line_tells_are_inferred(tmp_path: Path) -> None:
    log = (boot("mips64el-6.1-malta") / "dmesg.log").read_text()
    text, _ = changed("29596K reserved", "29624K reserved", log)
    more, _ = changed("232548K/262144K", "232520K/262144K", text)
    found = played(more, tmp_path)
    assert codes(found) == []
    checks = found.context.ledger("mm_init").checks["memory_line"]
    assert (checks.inferred, checks.diverged) == (1, 0)
