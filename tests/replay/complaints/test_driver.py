from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from tests.replay.complaints.complaint_text import LINUX, notes
from tracekit.cli import main

CACHE = "which belongs to the cache kmalloc-64 of size 64\n"
PANIC = "Kernel panic - not syncing: Fatal exception in interrupt\n"


def test_complaints_are_notes_of_the_allocator_that_they_are_about(tmp_path: Path) -> None:
    text = LINUX + "BUG: Bad page state in process a  pfn:00001\n" + PANIC
    found = [(d.code, d.allocator, d.severity) for d in notes(tmp_path, text)]
    assert found == [("KR101", "page_alloc", "note"), ("KR106", "mm_init", "note")]


def test_the_report_spells_them_out_unasked(tmp_path: Path) -> None:
    path = tmp_path / "dmesg.log"
    path.write_text(LINUX + PANIC)
    result = CliRunner().invoke(main, ["replay", str(path)])
    assert result.exit_code == 0
    assert "note KR106 line 2 the boot ended in a panic" in result.output


def test_what_the_replay_knows_is_not_called_expected(tmp_path: Path) -> None:
    path = tmp_path / "dmesg.log"
    path.write_text(LINUX + "BUG: KASAN: slab-out-of-bounds in f+0x1/0x2\n" + CACHE)
    output = CliRunner().invoke(main, ["replay", str(path)]).output
    assert "    known     an object of kmalloc-64 (64 bytes)" in output
    assert "    expected" not in output
