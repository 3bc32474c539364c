"""The reserved ranges that x86 of 2.6.38 and 2.6.39 prints at the hand-off."""

from __future__ import annotations

from pathlib import Path

import pytest

import tracekit
from tests.boots import boot_folders
from tests.replay.bootmem_text import codes, played
from tracekit.replay.boot import replay

LOGS = [
    folder / "dmesg.log"
    for folder in boot_folders()
    if "] Subtract (" in (folder / "dmesg.log").read_text(errors="replace")
]


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.parent.name)
def test_every_row_is_what_memblock_holds(log: Path) -> None:
    checks = replay(tracekit.load(log)).context.ledgers["memblock"].checks["dump"]
    assert checks.matched == checks.events > 20


@pytest.mark.parametrize(("by", "found"), [(1, "MB106"), (-1, "MB106")])
def test_a_changed_row_is_reported_once(by: int, found: str, tmp_path: Path) -> None:
    lines = LOGS[0].read_text(errors="replace").splitlines()
    at = next(i for i, line in enumerate(lines) if "] Subtract (" in line) + 5
    start, last = lines[at].split("[")[-1].rstrip("]").split("-")
    lines[at] = f"  [{start}-{int(last, 16) + by * 0x1000:010x}]"
    assert codes(played("\n".join(lines), tmp_path), "memblock") == [(found, at + 1)]


def test_a_lost_row_is_reported_at_the_row_before(tmp_path: Path) -> None:
    lines = LOGS[0].read_text(errors="replace").splitlines()
    at = next(i for i, line in enumerate(lines) if "] Subtract (" in line) + 5
    found = played("\n".join(lines[:at] + lines[at + 1 :]), tmp_path)
    assert codes(found, "memblock") == [("MB107", at)]
