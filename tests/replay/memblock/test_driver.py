"""Memblock's replay on captured boots: everything is predicted, and a change is found once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import tracekit
from tests.boots import boot_folders
from tests.faults import FAULTS, injections
from tests.replay.memblock_text import HEAD, allocated, played
from tracekit.mm.memblock import Memblock
from tracekit.replay.boot import Replay, replay
from tracekit.replay.ledger import Ledger
from tracekit.replay.memblock.moments import Moments

LOGS = [
    folder / "dmesg.log"
    for folder in boot_folders()
    if "memblock_" in (folder / "dmesg.log").read_text(errors="replace")
]
# An e820 entry is the map's business, not memblock's.
MEMBLOCK_FAULTS = sorted(set(FAULTS) - {"e820"})
NEAR, SEED = 3, 41


def run(path: Path) -> Replay:
    return replay(tracekit.load(path), stages=("memblock",))


def ledger_of(path: Path) -> Ledger:
    return run(path).context.ledgers["memblock"]


def test_there_are_boots_to_test_on() -> None:
    assert LOGS


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.parent.name)
def test_every_result_and_every_dump_of_a_healthy_boot_matches(log: Path) -> None:
    ledger = ledger_of(log)
    assert [d for d in ledger.divergences if d.severity != "note"] == []
    for kind in ("address", "free", "dump", "first_dump"):
        checks = ledger.kind(kind)
        assert (checks.diverged, checks.unchecked.total()) == (0, 0), kind
        assert kind == "first_dump" or checks.inferred == 0, kind


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Counter[tuple[str, bool]]:
    path = tmp_path_factory.mktemp("memblock") / "dmesg.log"
    counts: Counter[tuple[str, bool]] = Counter()
    for log in LOGS:
        for injected in injections(log.read_text(errors="replace"), SEED):
            if injected.kind in MEMBLOCK_FAULTS:
                path.write_text("\n".join(injected.lines))
                loud = [d for d in ledger_of(path).divergences if d.severity != "note"]
                near = [d for d in loud if abs(d.line.line - injected.line) <= NEAR]
                counts[injected.kind, len(loud) == 1 == len(near)] += 1
    return counts


@pytest.mark.parametrize("kind", MEMBLOCK_FAULTS)
def test_a_fault_is_found_once_at_its_line(verdicts: Counter[tuple[str, bool]], kind: str) -> None:
    found, missed = verdicts[kind, True], verdicts[kind, False]
    assert found
    # A row that only the dump shows can be longer than it was and nothing tells.
    least = 0.85 if kind in ("dump row", "lost free") else 1.0
    assert found >= least * (found + missed)


def test_later_allocators_get_the_lists(tmp_path: Path) -> None:
    path = tmp_path / "dmesg.log"
    path.write_text(
        HEAD + allocated(0xFFF000, 0x1000) + "Zone ranges:\n" + allocated(0xFFE000, 0x1000)
    )
    context = run(path).context
    memblock, moments = context.take(Memblock), context.take(Moments)
    assert memblock is not None
    assert memblock.reserved.covers(0xFFE000, 0x2000)
    assert moments is not None
    assert moments.zones is not None
    assert not moments.zones.reserved.covers(0xFFE000, 0x1000)
    assert moments.zones.reserved.covers(0xFFF000, 0x1000)


def test_a_log_without_memblock_lines_has_no_ledger(tmp_path: Path) -> None:
    path = tmp_path / "dmesg.log"
    path.write_text("Linux version 6.1.0 (x@y) #1\nZone ranges:\n")
    assert run(path).context.take(Memblock) is None


def test_lines_before_anything_is_known_are_unchecked(tmp_path: Path) -> None:
    ledger = played(allocated(0xFFF000, 0x1000), tmp_path, "Linux version 6.1.0-amd64 (x@y) #1\n")
    assert ledger.checks["address"].unchecked.total() == 1
    assert ledger.divergences == []


def test_the_oldest_wording_prints_exclusive_ends(tmp_path: Path) -> None:
    head = HEAD.replace("6.1.0-50-amd64", "3.10.0-327.el7.x86_64")
    line = "memblock_reserve: [0x{:014x}-0x{:014x}] __alloc_memory_core_early+0x76/0x86\n"
    text = line.format(0xFFF000, 0x1000000) + line.format(0xFFEFC0, 0xFFEFE0)
    ledger = played(text, tmp_path, head)
    assert ledger.divergences == []
    assert ledger.checks["address"].matched == 2
