"""Watermarks and lowmem_reserve of /proc/zoneinfo, as they are and with one number changed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import tracekit
from tests.boots import boot
from tracekit.mm.watermarks import zone_watermarks
from tracekit.replay.boot import Replay, replay

TWO_NODES = "x86_61_numa2_2G_2cpu"


def changed(folder: Path, name: str, old: str = "", new: str = "") -> Replay:
    source = boot(name)
    (folder / "proc").mkdir()
    shutil.copy(source / "dmesg.log", folder)
    if (source / "proc" / "kconfig").exists():
        shutil.copy(source / "proc" / "kconfig", folder / "proc")
    text = (source / "proc" / "zoneinfo").read_text()
    assert re.search(old, text)
    (folder / "proc" / "zoneinfo").write_text(re.sub(old, new, text, count=1))
    return replay(tracekit.load(folder), stages=("memblock", "mm_init"))


@pytest.mark.parametrize(
    "name", [TWO_NODES, "arm64-6.12-virt-opts", "i386_510_pae_2G", "x86_72_512M", "s390x-6.12-ccw"]
)
def test_every_zone_agrees(name: str, tmp_path: Path) -> None:
    found = changed(tmp_path, name)
    checks = found.context.ledger("mm_init").checks["watermark"]
    assert not {"MI309", "MI310"} & {divergence.code for divergence in found.divergences}
    assert checks.matched + checks.inferred == checks.events > checks.inferred


@pytest.mark.parametrize(
    ("old", "new", "code", "row"),
    [
        (r"min      129", "min      130", "MI309", "min      130"),
        (r"low      10141", "low      10142", "MI309", "low      10142"),
        (r"high     12978", "high     12970", "MI309", "high     12970"),
        (r"\(0, 939,", "(0, 938,", "MI310", "(0, 938,"),
    ],
)
def test_a_wrong_number_is_found_at_its_line(
    old: str, new: str, code: str, row: str, tmp_path: Path
) -> None:
    found = changed(tmp_path, TWO_NODES, old, new)
    lines = (tmp_path / "proc" / "zoneinfo").read_text().splitlines()
    (wrong,) = [d for d in found.divergences if d.code in ("MI309", "MI310")]
    assert wrong.code == code
    assert row in lines[wrong.line.line - 1]
    assert found.loud == []


def test_a_boost_is_taken_off(tmp_path: Path) -> None:
    old = r"boost    0\n        min      129\n        low      161\n        high     193"
    new = "boost    7\n        min      136\n        low      168\n        high     200"
    found = changed(tmp_path, TWO_NODES, old, new)
    assert not {"MI309", "MI310"} & {divergence.code for divergence in found.divergences}


def test_a_value_written_since_is_an_inference(tmp_path: Path) -> None:
    changed(tmp_path, TWO_NODES)
    text = (tmp_path / "proc" / "zoneinfo").read_text()
    managed = {(0, "DMA"): 3840, (0, "DMA32"): 242528, (1, "DMA32"): 256745}
    shown = [(129, 161, 193), (8113, 10141, 12169), (8652, 10815, 12978)]
    marks = zone_watermarks(managed, 40000, 4096, movable_apart=False)
    for old, mark in zip(shown, marks.values(), strict=True):
        for name, number in zip(("min", "low", "high"), old, strict=True):
            text = text.replace(f"{name:<8} {number}\n", f"{name:<8} {getattr(mark, name)}\n", 1)
    (tmp_path / "proc" / "zoneinfo").write_text(text)
    found = replay(tracekit.load(tmp_path), stages=("memblock", "mm_init"))
    subjects = [i.subject for i in found.inferences if i.kind == "watermarks"]
    assert subjects == ["vm.min_free_kbytes was set to 40000"]
    assert not {"MI309", "MI310"} & {divergence.code for divergence in found.divergences}


def test_memory_hotplug_leaves_zones_unchecked(tmp_path: Path) -> None:
    def grown(match: re.Match[str]) -> str:
        present, managed = int(match[1]) + 32768, int(match[2]) + 32768
        return f"present  {present}\n        managed  {managed}"

    source = boot(TWO_NODES)
    (tmp_path / "proc").mkdir()
    shutil.copy(source / "dmesg.log", tmp_path)
    text = (source / "proc" / "zoneinfo").read_text()
    text = re.sub(r"present  (262112)\n        managed  (\d+)", grown, text)
    (tmp_path / "proc" / "zoneinfo").write_text(text)
    found = replay(tracekit.load(tmp_path), stages=("memblock", "mm_init"))
    checks = found.context.ledger("mm_init").checks
    assert found.loud == []
    assert checks["watermark"].matched == 0
    assert "memory was added while the system ran" in checks["buddy_handoff"].unchecked
