"""The percpu driver from the text of a dmesg and a trace."""

from __future__ import annotations

from pathlib import Path

from tracekit.boot import load
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger
from tracekit.replay.percpu.driver import ALLOC, NO_SIZES, run

DMESG = """\
[    0.000000] Linux version 6.1.0 (builder@host) (gcc-12 (Debian 12.2.0) 12.2.0) #1 SMP
[    0.000000] Command line: quiet
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
[    0.000000] percpu: Embedded 62 pages/cpu s217088 r8192 d28672 u2097152
[    0.000000] pcpu-alloc: s217088 r8192 d28672 u2097152 alloc=1*2097152
[    0.000000] pcpu-alloc: [0] 0
"""
BASE = 0xFF1100000F237000


def alloc(number: int, off: int, size: int = 16) -> str:
    return (
        f"          task-1       [000] .....     {number}.000000: {ALLOC}: "
        f"call_site=maker+0x1/0x2 reserved=0 is_atomic=0 size={size} align=8 "
        f"base_addr={BASE:016x} off={off} ptr={0x37000 + off:016x} bytes_alloc={size} "
        "gfp_flags=GFP_KERNEL"
    )


def free(number: int, off: int) -> str:
    return (
        f"          task-1       [000] .....     {number}.000000: percpu_free_percpu: "
        f"base_addr={BASE:016x} off={off} ptr={0x37000 + off:016x}"
    )


def replay(folder: Path, lines: list[str], dmesg: str = DMESG) -> Ledger:
    (folder / "dmesg.log").write_text(dmesg)
    (folder / "trace.txt").write_text("# tracer: nop\n" + "\n".join(lines) + "\n")
    context = Context(load(folder))
    run(context)
    return context.ledger("percpu")


def test_offsets_and_frees_are_predicted(tmp_path: Path) -> None:
    lines = [alloc(n, 2208 + 16 * n) for n in range(6)]
    ledger = replay(tmp_path, [*lines, free(6, 2224), alloc(7, 2224), free(8, 2224)])
    assert not ledger.divergences
    assert (ledger.kind("offset").matched, ledger.kind("offset").inferred) == (6, 1)
    assert ledger.kind("free").matched == 2
    assert ledger.state["chunks"][0]["areas"] == 5


def test_a_fault_names_its_line(tmp_path: Path) -> None:
    lines = [alloc(n, 2208 + 16 * n) for n in range(6)]
    ledger = replay(tmp_path, [*lines, free(6, 2224), free(7, 2224)])
    assert [(d.code, d.line.line) for d in ledger.divergences] == [("PC103", 9)]


def test_without_the_first_chunk_nothing_is_guessed(tmp_path: Path) -> None:
    dmesg = "".join(line for line in DMESG.splitlines(True) if "pcpu-alloc" not in line)
    ledger = replay(tmp_path, [alloc(0, 2208), free(1, 2208)], dmesg)
    assert ledger.kind("offset").unchecked == {NO_SIZES: 1}
    assert ledger.kind("free").unchecked == {NO_SIZES: 1}
