"""What simulated percpu chunks hold at the end of a trace."""

from __future__ import annotations

from pathlib import Path

from tracekit.boot import load
from tracekit.replay.percpu.holdings import NO_TRACE, percpu_holdings

DMESG = """[    0.000000] Linux version 6.1.0-50-amd64 (x) (y) #1 SMP
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
[    0.000000] pcpu-alloc: s0 r0 d8192 u65536 alloc=1*65536
[    0.000000] pcpu-alloc: [0] 0
"""
LINE = (
    "  task-1 [000] .....     0.{0:06}: percpu_alloc_percpu: call_site=f+0x1/0x2 reserved=0 "
    "is_atomic=0 size={1} align=8 base_addr=ffff888000100000 off={2} ptr={2:016x} bytes_alloc={1} "
    "gfp_flags=GFP_KERNEL"
)


def test_a_chunk_tells_its_free_bytes_and_its_largest_hole(tmp_path: Path) -> None:
    (tmp_path / "dmesg.log").write_text(DMESG)
    lines = [LINE.format(1, 64, 1024), LINE.format(2, 128, 1088)]
    (tmp_path / "trace.txt").write_text("\n".join(["# tracer: nop", *lines]) + "\n")
    found = percpu_holdings(load(tmp_path))
    assert not isinstance(found, str)
    (chunk,) = found
    assert (chunk.size, chunk.areas) == (8192, 2)
    assert chunk.free == chunk.largest == 8192 - 1024 - 64 - 128
    assert chunk.unusable == 0


def test_without_percpu_events_there_is_nothing_to_tell(tmp_path: Path) -> None:
    (tmp_path / "dmesg.log").write_text(DMESG)
    assert percpu_holdings(load(tmp_path)) == NO_TRACE
