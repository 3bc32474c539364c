from __future__ import annotations

from pathlib import Path

from tests.replay.complaints.complaint_text import note, notes


def test_the_first_panic_is_named(tmp_path: Path) -> None:
    panic = "Kernel panic - not syncing: Fatal exception\n"
    found = note(tmp_path, panic + panic)
    assert (found.code, found.line.line, found.logged) == ("KR106", 1, "Fatal exception")


def test_killed_processes_are_one_note(tmp_path: Path) -> None:
    line = "Out of memory: Killed process {} ({}) total-vm:2048kB, anon-rss:0kB\n"
    found = note(tmp_path, line.format(7, "sh") + line.format(9, "find"))
    assert (found.code, found.logged) == ("KR107", "2 processes killed: sh, find")


def test_warnings_of_memory_code_count_once_each_and_others_not(tmp_path: Path) -> None:
    line = "WARNING: CPU: 0 PID: 0 at {} some_function+0x20/0x40\n"
    places = ["mm/memblock.c:1339", "mm/memblock.c:1339", "arch/x86/kernel/smpboot.c:7"]
    found = notes(tmp_path, "".join(line.format(place) for place in places))
    assert [(d.code, d.subject) for d in found] == [("KR108", "mm/memblock.c")]
