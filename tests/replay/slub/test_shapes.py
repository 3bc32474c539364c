"""slabinfo's geometry from the banner and the object size."""

from __future__ import annotations

from pathlib import Path

from tests.replay.slab_text import codes
from tracekit.boot import load
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger
from tracekit.replay.slub.driver import NO_TRACE, run
from tracekit.replay.slub.shapes import UNKNOWN_RULES

DMESG = """\
[    0.000000] Linux version 6.1.0 (builder@host) (gcc-12 (Debian 12.2.0) 12.2.0) #1 SMP
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
[    0.000000] percpu: Embedded 62 pages/cpu s217088 r8192 d28672 u2097152
[    0.100000] SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=1, Nodes=1
"""
HEAD = "slabinfo - version: 2.1\n# name\n"
TAIL = ": tunables    0    0    0 : slabdata      1      1      0\n"


def check(folder: Path, dmesg: str, *rows: str) -> Ledger:
    (folder / "dmesg.log").write_text(dmesg)
    (folder / "proc").mkdir()
    (folder / "proc" / "slabinfo").write_text(HEAD + "".join(row + TAIL for row in rows))
    context = Context(load(folder))
    run(context)
    return context.ledger("slub")


def test_rows_agree_or_are_reported(tmp_path: Path) -> None:
    ledger = check(tmp_path, DMESG, "RAWv6 13 13 1216 13 4 ", "odd 0 0 1216 6 2 ")
    assert ledger.kind("geometry").matched == 1
    assert codes(ledger) == [("SL401", 4)]
    assert ledger.kind("snapshot").unchecked == {NO_TRACE: 2}


def test_without_a_banner_nothing_is_guessed(tmp_path: Path) -> None:
    ledger = check(tmp_path, DMESG.rpartition("[")[0], "RAWv6 13 13 1216 13 4 ")
    assert ledger.kind("geometry").unchecked == {UNKNOWN_RULES: 1}
