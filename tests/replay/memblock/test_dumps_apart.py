"""Dumps without a call between them."""

from __future__ import annotations

from pathlib import Path

from tests.replay.memblock_text import played, reserve

DUMP = """\
MEMBLOCK configuration:
 memory size = {size:#x} reserved size = 0x1000
 memory.cnt  = {count:#x}
{rows} reserved.cnt  = 0x1
 reserved[0x0]\t[0x00100000-0x00100fff], 0x1000 bytes flags: 0x0
"""
ROW = " memory[{:#x}]\t[{:#010x}-{:#010x}], {:#x} bytes on node {} flags: {:#x}\n"


def dump(*rows: tuple[int, int, int, int]) -> str:
    text = "".join(ROW.format(i, a, b - 1, b - a, n, f) for i, (a, b, n, f) in enumerate(rows))
    return DUMP.format(size=sum(b - a for a, b, _, _ in rows), count=len(rows), rows=text)


def test_the_difference_is_told_with_the_end_of_the_node(tmp_path: Path) -> None:
    low, middle, high = (0, 1 << 24, 0, 0), (1 << 25, 1 << 26, 0, 0), (1 << 26, 1 << 27, 1, 0)
    ledger = played(dump(low, middle, high) + dump(low, high), tmp_path, head="")
    note = next(d for d in ledger.divergences if d.code == "MB217")
    assert note.line.line == 9
    assert "lost [0x2000000-0x3ffffff], 0x2000000 bytes" in note.logged
    assert "node 0 ends at 0x1000000 instead of 0x4000000" in note.logged
    assert ledger.kind("dump").events == 3
    assert not ledger.kind("dump").checked


def test_ram_that_is_not_mapped_is_named(tmp_path: Path) -> None:
    low, aside = (0, 1 << 24, 0, 0), (1 << 24, 1 << 25, 0, 4)
    ledger = played(dump(low) + dump(low, aside), tmp_path, head="")
    note = next(d for d in ledger.divergences if d.code == "MB217")
    assert "gained [0x1000000-0x1ffffff], 0x1000000 bytes NOMAP (no System RAM" in note.logged


def test_with_calls_in_the_log_dumps_are_checked(tmp_path: Path) -> None:
    low, high = (0, 1 << 24, 0, 0), (1 << 25, 1 << 26, 0, 0)
    text = dump(low) + reserve(0x200000, 64, "x") + dump(low, high)
    codes = {d.code for d in played(text, tmp_path, head="").divergences}
    assert "MB217" not in codes
    assert "MB106" in codes
