"""Managed pages of /proc/zoneinfo against the hand-off and what came back later."""

from __future__ import annotations

import shutil
from pathlib import Path

import tracekit
from tests.boots import boot
from tracekit.replay.boot import Replay, replay

NAME = "arm64-6.12-virt-numa2"


def copied(folder: Path, change: int, name: str = NAME) -> Replay:
    source = boot(name)
    (folder / "proc").mkdir()
    shutil.copy(source / "dmesg.log", folder)
    text = (source / "proc" / "zoneinfo").read_text()
    line = next(t for t in text.splitlines() if "managed" in t)
    pages = int(line.split()[1])
    new = line.replace(str(pages), str(pages + change))
    (folder / "proc" / "zoneinfo").write_text(text.replace(line, new, 1))
    return replay(tracekit.load(folder), stages=("memblock", "mm_init"))


def test_every_zone_agrees(tmp_path: Path) -> None:
    checks = copied(tmp_path, 0).context.ledger("mm_init").checks["buddy_handoff"]
    assert (checks.matched, checks.checked) == (3, 3)


def test_pages_from_nowhere_are_found_at_the_zone_s_line(tmp_path: Path) -> None:
    found = copied(tmp_path, 7)
    assert [(d.code, Path(d.line.file).name) for d in found.loud] == [("MI307", "zoneinfo")]


def test_zero_pages_of_the_architecture_are_kept_for_ever(tmp_path: Path) -> None:
    found = copied(tmp_path, 0, "s390x-6.12-ccw")
    assert found.loud == []
    assert found.context.ledger("mm_init").checks["buddy_handoff"].matched == 2
