"""The table printed for setup_data bears out the firmware's, or contradicts one of its rows."""

from __future__ import annotations

from pathlib import Path

from tracekit.boot import load
from tracekit.replay.maps.setup_data import setup_data_edges

LOG = """\
[    0.000000] Linux version 6.1.0 (builder@host) #1 SMP
[    0.000000] BIOS-provided physical RAM map:
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009ffff] usable
[    0.000000] BIOS-e820: [mem 0x0000000000100000-0x000000003fffffff] usable
[    0.000000] e820: update [mem 0x00200000-0x00200fff] usable ==> usable
[    0.000000] extended physical RAM map:
[    0.000000] reserve setup_data: [mem 0x0000000000000000-0x000000000009ffff] usable
[    0.000000] reserve setup_data: [mem 0x0000000000100000-0x00000000001fffff] usable
[    0.000000] reserve setup_data: [mem 0x0000000000200000-0x0000000000200fff] usable
[    0.000000] reserve setup_data: [mem 0x0000000000201000-0x000000003fffffff] usable
"""


def edges(folder: Path, text: str) -> list[tuple[int, str, int]]:
    (folder / "dmesg.log").write_text(text)
    found = setup_data_edges(load(folder / "dmesg.log"))
    return [(entry.row.line, edge, against[0].line) for entry, edge, against in found]


def test_the_same_ram_is_no_finding(tmp_path: Path) -> None:
    assert edges(tmp_path, LOG) == []


def test_a_row_that_ends_too_early_is_found(tmp_path: Path) -> None:
    assert edges(tmp_path, LOG.replace("-0x000000003fffffff] usable\n[    0.000000] e820",
                                       "-0x000000003fffefff] usable\n[    0.000000] e820")) == [
        (4, "end", 10)
    ]  # fmt: skip
