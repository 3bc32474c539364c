"""What is missing from a log, and what only seems to be."""

from __future__ import annotations

import pytest

from tests import boots
from tests.capture.fragments import DMESG
from tracekit.capture.completeness import missing
from tracekit.capture.log import read_log
from tracekit.capture.prefixes import strip
from tracekit.capture.streams import file_source

LINES = DMESG.splitlines()
BANNER, COMMAND = 0, next(n for n, line in enumerate(LINES) if "Kernel command line" in line)


def problems(lines: list[str], ends: bool = True) -> list[str]:
    messages, _ = strip(lines, range(1, len(lines) + 1))
    return missing(messages, range(len(lines)), ends)


def test_a_whole_log_has_no_problem() -> None:
    assert problems(LINES) == []
    assert problems(LINES, ends=False) == []


def test_head() -> None:
    (problem,) = problems(LINES[5:])
    assert "The beginning is missing" in problem
    assert "log_buf_len" in problem


def test_tail() -> None:
    (problem,) = problems(LINES[:COMMAND])
    assert problem.startswith(f"The end is missing: line {COMMAND} is the last")
    assert problems([*LINES[:COMMAND], "[    0.000000] Kernel panic - not syncing: x"]) == []


@pytest.mark.parametrize(
    "cut",
    [
        "[    0.0",
        "[    0.000000] memblock_reserve: [0x00000000",
        "[    0.000000] memblock_alloc_try_nid: 152 bytes align=0x40 nid=-1",
        "[    0.000000]  memory[0x0]\t[0x0000000000001000-0x00",
    ],
)
def test_cut_in_the_middle_of_a_line(cut: str) -> None:
    lines = [*LINES[:20], cut]
    assert "The file is cut in the middle of line 21." in problems(lines, ends=False)
    assert not any("middle of" in problem for problem in problems(lines))


@pytest.mark.parametrize(
    "text",
    [
        "** 17 printk messages dropped **",
        "printk: dropped 17 messages",
        "17 messages dropped",
        "systemd-journald[1]: Missed 17 kernel messages",
    ],
)
def test_kernels_own_words_for_lost_lines(text: str) -> None:
    (problem,) = problems([*LINES[:9], f"[    0.100000] {text}", *LINES[9:]])
    assert problem == "17 messages are missing before line 10, which says so."


@pytest.mark.parametrize("mark", ["...", "[...]", "[snip]", "<cut>", "----->%----", " ...", "…"])
def test_lines_that_somebody_left_out(mark: str) -> None:
    (problem,) = problems([*LINES[:9], mark, *LINES[9:]])
    assert "at line 10: somebody left them out" in problem


@pytest.mark.parametrize(
    "line",
    [
        "[    1.000000]         ...",
        "[    1.000000] rcu: 5 callbacks suppressed, messages follow",
        "[    9.000000] a device took eight seconds",
        "[    0.000000] time ran back a little",
        "[    1.000000] early log buf free: 128(0%)",
    ],
)
def test_what_proves_nothing(line: str) -> None:
    assert problems([*LINES[:-6], line, *LINES[-6:]]) == []


def test_hole_in_the_middle() -> None:
    (problem,) = problems([*LINES[: COMMAND - 2], *LINES[COMMAND + 2 :]])
    assert "every kernel prints 'Kernel command line' and 'Dentry cache hash table" in problem
    assert problems([*LINES[:COMMAND], *LINES[COMMAND + 1 :]]) == []


def test_captured_boots_are_whole_but_the_one_whose_head_was_lost() -> None:
    folders = boots.boot_folders()
    for folder in folders:
        log = read_log(file_source(folder / "dmesg.log"))
        assert log.complete == ("headlost" not in folder.name), (folder.name, log.problems)
