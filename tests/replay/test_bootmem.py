"""bootmem's replay on captured boots: everything predicted, every fault found at its line."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import tracekit
from tests.boots import boot_folders
from tests.bootmem_faults import FAULTS, Lines
from tests.faults import Injected
from tracekit.replay.boot import Replay, replay

NEAR = 3
PLACES = 3
LOGS = [
    folder / "dmesg.log"
    for folder in boot_folders()
    if "bootmem::init_bootmem_core" in (folder / "dmesg.log").read_text(errors="replace")
]


def played(lines: Lines, path: Path) -> Replay:
    path.write_text("\n".join(lines) + "\n")
    return replay(tracekit.load(path))


def test_there_are_boots_to_test_on() -> None:
    assert len(LOGS) >= 3


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.parent.name)
def test_everything_is_predicted(log: Path) -> None:
    ledger = replay(tracekit.load(log)).context.ledgers["bootmem"]
    text = log.read_text(errors="replace")
    assert ledger.checks["address"].matched == text.count("bootmem::alloc_bootmem_")
    assert ledger.checks["handoff"].matched == text.count("released=")
    for checks in ledger.checks.values():
        assert checks.matched == checks.events
    assert ledger.divergences == []


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
                counts[near(played(injected.lines, tmp_path / "dmesg.log"), injected)] += 1
    assert counts["found"] >= 0.97 * counts.total() > 0, counts


HEAD = """\
Linux version 3.10.25 (x@y) #1
Machine: ARM-Versatile PB
bootmem::init_bootmem_core nid=0 start=0 map=f0 end=100 mapsize=20
bootmem::mark_bootmem_node nid=0 start=0 end=100 reserve=0 flags=0
bootmem::__free nid=0 start=0 end=100
bootmem::mark_bootmem_node nid=0 start=f0 end=f1 reserve=1 flags=0
bootmem::__reserve nid=0 start=f0 end=f1 flags=0
"""


def codes(found: Replay) -> list[tuple[str, int]]:
    return [(d.code, d.line.line) for d in found.loud if d.allocator == "bootmem"]


def after_head(tmp_path: Path, text: str) -> Replay:
    return played((HEAD + text).splitlines(), tmp_path / "dmesg.log")


def test_a_request_that_cannot_be_met_may_have_no_result(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::alloc_bootmem_bdata nid=0 size=200000 [512 pages] align=20 goal=0 limit=0\n"
        "bootmem::alloc_bootmem_bdata nid=0 size=1000 [1 pages] align=20 goal=0 limit=0\n"
        "bootmem::__reserve nid=0 start=0 end=1 flags=1\n",
    )
    assert codes(found) == []
    assert found.context.ledgers["bootmem"].checks["address"].matched == 2


def test_a_result_where_there_is_no_room_is_reported(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::alloc_bootmem_bdata nid=0 size=200000 [512 pages] align=20 goal=0 limit=0\n"
        "bootmem::__reserve nid=0 start=0 end=80 flags=1\n",
    )
    assert codes(found) == [("BM104", 9)]


def test_an_exclusive_reservation_is_rolled_back_without_a_word(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::mark_bootmem_node nid=0 start=e0 end=f8 reserve=1 flags=1\n"
        "bootmem::__reserve nid=0 start=e0 end=f8 flags=1\n"
        "bootmem::__free nid=0 start=e0 end=f0\n"
        "bootmem::free_all_bootmem_core nid=0 start=0 end=100\n"
        "bootmem::free_all_bootmem_core nid=0 released=100\n",
    )
    assert codes(found) == []
    assert found.context.ledgers["bootmem"].checks["handoff"].matched == 1


def test_a_second_free_is_a_bug_that_the_kernel_would_not_survive(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::mark_bootmem_node nid=0 start=4 end=6 reserve=0 flags=0\n"
        "bootmem::__free nid=0 start=4 end=6\n",
    )
    assert codes(found) == [("BM110", 9)]


def test_a_range_outside_the_node_is_reported(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::mark_bootmem_node nid=0 start=f8 end=108 reserve=1 flags=0\n"
        "bootmem::__reserve nid=0 start=f8 end=108 flags=0\n",
    )
    assert codes(found) == [("BM112", 9)]


def test_a_request_must_not_contradict_itself(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::alloc_bootmem_bdata nid=0 size=1000 [2 pages] align=20 goal=0 limit=0\n"
        "bootmem::__reserve nid=0 start=0 end=1 flags=1\n",
    )
    assert codes(found) == [("BM114", 8)]


def test_bitmaps_that_share_bytes_are_the_kernels_own_bug(tmp_path: Path) -> None:
    found = after_head(
        tmp_path, "bootmem::init_bootmem_core nid=1 start=100 map=f0 end=200 mapsize=20\n"
    )
    assert codes(found) == [("BM121", 8)]


def test_a_node_that_was_never_set_up_is_unchecked(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::alloc_bootmem_bdata nid=3 size=1000 [1 pages] align=20 goal=0 limit=0\n"
        "bootmem::__reserve nid=3 start=0 end=1 flags=1\n",
    )
    assert codes(found) == []
    assert found.context.ledgers["bootmem"].checks["address"].unchecked.total() == 1


def test_the_page_size_is_read_from_the_requests(tmp_path: Path) -> None:
    text = HEAD.replace("end=100 mapsize=20", "end=40 mapsize=8").replace("100", "40")
    text = text.replace("start=f0 end=f1", "start=3c end=3d").replace("map=f0", "map=3c")
    found = played(
        (
            text
            + "bootmem::alloc_bootmem_bdata nid=0 size=8000 [2 pages] align=20 goal=0 limit=0\n"
            "bootmem::__reserve nid=0 start=0 end=2 flags=1\n"
        ).splitlines(),
        tmp_path / "dmesg.log",
    )
    ledger = found.context.ledgers["bootmem"]
    assert ledger.state["page_size"] == 16384
    assert ledger.checks["address"].matched == 1
