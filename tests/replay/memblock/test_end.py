"""What the end of a log cuts off is unchecked; the same gap inside a log is a fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.boots import SAMPLES
from tracekit.boot import load
from tracekit.replay.boot import Replay, replay
from tracekit.replay.memblock.end import ENDS_INSIDE, NO_ANSWER

LINES = (SAMPLES / "x86_61_256M_1cpu" / "dmesg.log").read_text().splitlines(keepends=True)


def played(lines: list[str], folder: Path) -> Replay:
    path = folder / "dmesg.log"
    path.write_text("".join(lines))
    return replay(load(path))


def reasons(result: Replay, kind: str) -> list[str]:
    ledger = next(ledger for ledger in result.allocators if ledger.name == "memblock")
    return list(ledger.checks[kind].unchecked)


def index_of(text: str, after: int = 0) -> int:
    return next(i for i, line in enumerate(LINES) if text in line and i >= after)


@pytest.mark.parametrize("rest", ["", "[    0.000000] memblock_reser", "[    0.0000"])
def test_a_last_request_may_lack_its_answer(rest: str, tmp_path: Path) -> None:
    end = index_of("memblock_alloc_try_nid:") + 1
    result = played([*LINES[:end], rest], tmp_path)
    assert result.verdict == "incomplete"
    assert reasons(result, "address") == [NO_ANSWER]


def test_the_same_request_inside_the_log_is_a_lost_answer(tmp_path: Path) -> None:
    at = index_of("memblock_alloc_try_nid:") + 1
    result = played([*LINES[:at], *LINES[at + 1 :]], tmp_path)
    assert [(d.code, d.line.line) for d in result.loud] == [("MB102", at)]


@pytest.mark.parametrize("rows", range(9))
def test_a_dump_that_the_end_cuts_is_not_judged(rows: int, tmp_path: Path) -> None:
    end = index_of("MEMBLOCK configuration:") + 1 + rows
    result = played(LINES[:end], tmp_path)
    assert result.verdict == "incomplete"
    if rows > 2:
        assert reasons(result, "first_dump") == [ENDS_INSIDE]


def test_a_second_dump_that_the_end_cuts(tmp_path: Path) -> None:
    first = index_of("MEMBLOCK configuration:")
    end = index_of("MEMBLOCK configuration:", first + 1) + 6
    result = played(LINES[:end], tmp_path)
    assert result.verdict == "incomplete"
    assert reasons(result, "dump") == [ENDS_INSIDE]


def test_a_row_missing_inside_the_log_is_a_fault(tmp_path: Path) -> None:
    first = index_of("MEMBLOCK configuration:")
    at = index_of("reserved[0x2]", index_of("MEMBLOCK configuration:", first + 1))
    result = played([*LINES[:at], *LINES[at + 1 :]], tmp_path)
    assert len(result.loud) == 1


def test_a_single_request_is_no_crash(tmp_path: Path) -> None:
    only = [LINES[index_of("memblock_alloc_try_nid:")]]
    assert played(only, tmp_path).verdict == "incomplete"
