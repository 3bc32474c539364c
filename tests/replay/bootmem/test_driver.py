"""bootmem's replay on captured boots: everything predicted, every fault found at its line."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import tracekit
from tests.bootmem_faults import FAULTS, Lines
from tests.boots import boot_folders
from tests.faults import Injected
from tests.replay.bootmem_text import HEAD, ledger, played
from tracekit.replay.boot import Replay, replay

NEAR = 3
PLACES = 3
LOGS = [
    folder / "dmesg.log"
    for folder in boot_folders()
    if "bootmem::init_bootmem_core" in (folder / "dmesg.log").read_text(errors="replace")
]


def test_there_are_boots_to_test_on() -> None:
    assert len(LOGS) >= 3


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.parent.name)
def test_everything_is_predicted(log: Path) -> None:
    found = ledger(replay(tracekit.load(log)))
    text = log.read_text(errors="replace")
    assert found.checks["address"].matched == text.count("bootmem::alloc_bootmem_")
    assert found.checks["handoff"].matched == text.count("released=")
    for checks in found.checks.values():
        assert checks.matched == checks.events
    assert found.divergences == []


def near(found: Replay, injected: Injected) -> str:
    loud = [d.line.line for d in found.loud if d.allocator == "bootmem"]
    if not any(abs(line - injected.line) <= NEAR for line in loud):
        return "missed"
    return "found" if len(loud) == 1 else "found, with others"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_faults_are_found_once_at_their_line(
    fault: Callable[[Lines, random.Random], Injected | None], tmp_path: Path
) -> None:
    rng, counts = random.Random(7), Counter[str]()
    for log in LOGS:
        lines = log.read_text(errors="replace").splitlines()
        for _ in range(PLACES):
            injected = fault(lines, rng)
            if injected is not None:
                counts[near(played("\n".join(injected.lines), tmp_path), injected)] += 1
    assert counts["found"] >= 0.97 * counts.total() > 0, counts


def test_the_page_size_is_read_from_the_requests(tmp_path: Path) -> None:
    text = HEAD.replace("end=100 mapsize=20", "end=40 mapsize=8").replace("100", "40")
    text = text.replace("start=f0 end=f1", "start=3c end=3d").replace("map=f0", "map=3c")
    text += "bootmem::alloc_bootmem_bdata nid=0 size=8000 [2 pages] align=20 goal=0 limit=0\n"
    text += "bootmem::__reserve nid=0 start=0 end=2 flags=1\n"
    found = played(text, tmp_path)
    assert ledger(found).state["page_size"] == 16384
    assert ledger(found).checks["address"].matched == 1


def test_the_word_size_is_read_from_the_bitmap_where_the_machine_is_not_known(
    tmp_path: Path,
) -> None:
    text = HEAD.replace("Machine: ARM-Versatile PB\n", "")
    text = text.replace("end=100 mapsize=20", "end=108 mapsize=28").replace("end=100", "end=108")
    assert ledger(played(text, tmp_path)).checks["node"].matched == 1
