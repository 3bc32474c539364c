"""What mail, diff and paste sites add."""

from __future__ import annotations

import pytest

from tracekit.capture.paste import undo


def undone(text: str) -> tuple[list[str], list[str], list[str]]:
    lines = text.splitlines()
    pasted = undo(lines, list(range(1, len(lines) + 1)))
    assert len(pasted.lines) == len(pasted.numbers)
    return pasted.lines, pasted.names, pasted.problems


@pytest.mark.parametrize(
    "text",
    [
        "Linux version 6.1\n BIOS-e820: x\n  node   0: [mem 0x0-0x1]\n>ffff8880: fc fc\n",
        "[    0.000000] memory\n  continued\n+more\n",
        "cr=10c5387d\nLinux version 3.3\nx=18c5387d\n",
        "",
    ],
)
def test_an_ordinary_log_is_left_alone(text: str) -> None:
    assert undone(text) == (text.splitlines(), [], [])


def test_quotes_of_mixed_depth() -> None:
    lines, names, _ = undone(
        "> > [    0.000000] Linux version 6.1\n>> [    0.1] x\n> max_addr=0x0\n>  memory\nprose"
    )
    assert lines == [
        "[    0.000000] Linux version 6.1",
        "[    0.1] x",
        "max_addr=0x0",
        " memory",
        "prose",
    ]
    assert names == ["mail"]


def test_quoted_printable_with_soft_breaks_and_numbers() -> None:
    lines = ["align=3D0x40 nid=3D-1 fr=", "om=3D0x0", "Linux version 6.1=20", "K=C3=B6ln"]
    pasted = undo(lines, [1, 2, 3, 4])
    assert pasted.lines == ["align=0x40 nid=-1 from=0x0", "Linux version 6.1 ", "Köln"]
    assert pasted.numbers == [1, 3, 4]
    assert pasted.names == ["quoted-printable"]


def test_diff_of_one_log_with_debug_lines_added() -> None:
    lines, names, problems = undone(
        "@@ -1,2 +1,3 @@ context\n Zone ranges:\n+memblock_add: [0x0-0x1] f\n"
        "max_addr=0x0\n- signature\n"
    )
    assert lines == ["Zone ranges:", "memblock_add: [0x0-0x1] f", "max_addr=0x0", " signature"]
    assert names == ["diff"]
    assert len(problems) == 1
    assert "1 hunks" in problems[0]


def test_diff_of_two_logs_takes_the_new_one() -> None:
    lines, _, problems = undone(
        "--- a\n+++ b\n-[    0.000000] old\n+[    0.000000] new\n [    0.000000] both\n"
    )
    assert lines == ["[    0.000000] new", "[    0.000000] both"]
    assert "the 1 lines of the other one were left out" in problems[-1]


def test_indented_blocks_lose_their_own_indentation_only() -> None:
    lines, names, _ = undone(
        "On v5.19:\n  Zone ranges:\n    DMA [mem 0x0-0x1]\n  Memory: 1K/2K\n"
        "and then\n    Memory: 2K/3K\n"
    )
    assert lines == [
        "On v5.19:",
        "Zone ranges:",
        "  DMA [mem 0x0-0x1]",
        "Memory: 1K/2K",
        "and then",
        "Memory: 2K/3K",
    ]
    assert names == ["indented"]


def test_bars() -> None:
    assert undone("| [    0.000000] a\n| [    0.000000] b\n")[:2] == (
        ["[    0.000000] a", "[    0.000000] b"],
        ["bars"],
    )
