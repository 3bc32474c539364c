"""The address space as stretches, and as pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest
from click import unstyle

import tracekit
from tests.boots import boot, boot_folders
from tracekit.replay.boot import replay
from tracekit.report.map import FREE, HOLE, Stretch, stretches
from tracekit.report.map_svg import render_svg
from tracekit.report.map_text import banks, letters, render_text

FOLDERS = boot_folders()[::3]


def of(path: Path) -> list[Stretch]:
    return stretches(replay(tracekit.load(path), stages=("memblock", "mm_init")).context)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_stretches_touch_and_never_overlap(folder: Path) -> None:
    found = of(folder / "dmesg.log")
    assert found
    assert all(s.start < s.end for s in found)
    assert all(a.end == b.start for a, b in pairwise(found))


def test_every_byte_of_ram_has_its_use_and_zone() -> None:
    found = of(boot("x86_61_numa2_512M_2cpu") / "dmesg.log")
    assert any(s.kind == "kernel image" and s.start == 0x1000000 for s in found)
    free = [s for s in found if s.kind == FREE]
    assert {s.zone for s in free} == {
        "node 0, zone DMA",
        "node 0, zone DMA32",
        "node 1, zone DMA32",
    }
    assert any(s.kind == "firmware: reserved" for s in found)


def test_an_ordinary_log_shows_ram_by_node() -> None:
    found = of(boot("x86_612_plain_numa2_2G") / "dmesg.log")
    assert {s.zone for s in found if s.kind == "RAM"} == {"node 0", "node 1"}


SMALL = [
    Stretch(0, 1 << 26, FREE, "", "node 0, zone DMA"),
    Stretch(1 << 26, 1 << 27, "memory map", "sparse_init", "node 0, zone DMA"),
    Stretch(1 << 27, 1 << 32, HOLE),
    Stretch(1 << 32, (1 << 32) + 4096, "firmware: reserved"),
]


def test_a_large_hole_parts_the_banks() -> None:
    assert [len(bank) for bank in banks(SMALL)] == [2, 1]


def test_the_picture_has_a_legend() -> None:
    lines = unstyle(render_text(SMALL, 16)).splitlines()
    assert lines[0].startswith("0x0-0x7ffffff  128.0 MiB")
    assert lines[1] == "0x0000000000000000 |................|"
    assert lines[2] == "0x0000000004000000 |MMMMMMMMMMMMMMMM|"
    assert "  M    64.0 MiB  memory map" in lines
    assert render_text([], 16).startswith("the log does not say")


def test_letters_are_not_shared() -> None:
    marks = letters([Stretch(i, i + 1, kind) for i, kind in enumerate(("pear", "plum", "peach"))])
    assert len(set(marks.values())) == len(marks)


def test_the_svg_is_well_formed_and_names_owners() -> None:
    root = ET.fromstring(render_svg(SMALL))
    titles = [e.text or "" for e in root.iter("{http://www.w3.org/2000/svg}title")]
    assert "0x4000000-0x7ffffff, 64.0 MiB, memory map, sparse_init, node 0, zone DMA" in titles
