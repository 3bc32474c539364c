"""A healthy log that is cut anywhere, at its end or its head, gives no error and no warning."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.boots import SAMPLES
from tests.faults import FAULTS
from tracekit.boot import load
from tracekit.replay.boot import replay
from tracekit.replay.cut import REASON

LOGS = sorted(SAMPLES.glob("*/dmesg.log"))
CUTS = 4


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.parent.name)
def test_a_cut_log_is_not_loud(log: Path, tmp_path: Path) -> None:
    lines = log.read_text(errors="replace").split("\n")
    rng = random.Random(len(lines))
    path = tmp_path / "dmesg.log"
    for _ in range(CUTS):
        path.write_text("\n".join(lines[: rng.randint(5, len(lines))]))
        assert replay(load(path)).loud == []


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.parent.name)
def test_a_log_that_lost_its_head_is_not_loud(log: Path, tmp_path: Path) -> None:
    lines = log.read_text(errors="replace").split("\n")
    rng = random.Random(len(lines))
    path = tmp_path / "dmesg.log"
    banner = next(i for i, line in enumerate(lines) if "Linux version" in line)
    for _ in range(CUTS):
        path.write_text("\n".join(lines[rng.randint(banner + 1, len(lines) - 5) :]))
        assert replay(load(path)).loud == []


def test_a_row_that_lost_lines_explain_is_listed_at_its_line(tmp_path: Path) -> None:
    lines = (SAMPLES / "x86_61_256M_1cpu" / "dmesg.log").read_text().split("\n")
    head = next(i for i, line in enumerate(lines) if "NODE_DATA(0) allocated" in line)
    lines = lines[head - 3 :]
    row = next(i for i, line in enumerate(lines) if "reserved[0x2]" in line)
    injected = FAULTS["dump row"](lines[: row + 1], random.Random(1))
    assert injected is not None
    path = tmp_path / "dmesg.log"
    path.write_text("\n".join([*injected.lines, *lines[row + 1 :]]))
    result = replay(load(path))
    assert result.loud == []
    listed = {inference.line.line for inference in result.inferences}
    assert injected.line in listed


@pytest.mark.parametrize("kind", ["moved", "lost reserve"])
def test_a_fault_after_the_first_dump_of_a_headless_log_is_found(tmp_path: Path, kind: str) -> None:
    lines = (SAMPLES / "x86_61_256M_1cpu" / "dmesg.log").read_text().split("\n")
    dump = next(i for i, line in enumerate(lines) if "MEMBLOCK configuration" in line)
    tail = next(i for i, line in enumerate(lines) if i > dump and "reserved[0x4]" in line)
    injected = FAULTS[kind](lines[tail + 1 :], random.Random(5))
    assert injected is not None
    path = tmp_path / "dmesg.log"
    path.write_text("\n".join([*lines[dump - 3 : tail + 1], *injected.lines]))
    assert [d.line.line for d in replay(load(path)).loud] == [injected.line + tail - dump + 4]


@pytest.mark.parametrize("end", ["Initmem setup node 0", "MEMBLOCK configuration:", " memory[0x0]"])
def test_ram_may_be_known_only_from_the_dump_that_is_cut(tmp_path: Path, end: str) -> None:
    lines = (SAMPLES / "arm64-6.1-virt-rsvmem" / "dmesg.log").read_text().split("\n")
    path = tmp_path / "dmesg.log"
    path.write_text("\n".join(lines[: next(i for i, line in enumerate(lines) if end in line) + 1]))
    assert replay(load(path)).loud == []


def test_a_fault_in_a_log_cut_after_the_hand_off_is_still_found(tmp_path: Path) -> None:
    lines = (SAMPLES / "x86_61_256M_1cpu" / "dmesg.log").read_text().split("\n")
    end = next(i for i, line in enumerate(lines) if "Memory: " in line) + 10
    injected = FAULTS["moved"](lines[:end], random.Random(3))
    assert injected is not None
    path = tmp_path / "dmesg.log"
    path.write_text("\n".join(injected.lines))
    assert [d.line.line for d in replay(load(path)).loud] == [injected.line]


def test_what_the_cut_leaves_open_is_counted_with_its_reason(tmp_path: Path) -> None:
    lines = (SAMPLES / "x86_61_256M_1cpu" / "dmesg.log").read_text().split("\n")
    end = next(i for i, line in enumerate(lines) if "Zone ranges" in line)
    injected = FAULTS["moved"](lines[:end], random.Random(3))
    assert injected is not None
    path = tmp_path / "dmesg.log"
    path.write_text("\n".join(injected.lines))
    result = replay(load(path))
    assert result.loud == []
    assert result.context.ledger("memblock").checks["address"].unchecked[REASON] == 1
