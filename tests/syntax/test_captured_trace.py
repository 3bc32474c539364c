from __future__ import annotations

from pathlib import Path

from tests.boots import boot
from tracekit.capture import open_capture
from tracekit.syntax.captured_trace import CLOCK_SWITCHED, read_captured

EVENT = " init-1 [000] .... 7.600000: kfree: call_site=f+0x1/0x2 ptr=ffff888005df1ec0\n"


def folder(tmp_path: Path, *log: str) -> Path:
    lines = ["[    0.000000] Linux version 6.1.0 (gcc) #1 SMP", *log]
    (tmp_path / "dmesg.log").write_text("\n".join(lines) + "\n")
    (tmp_path / "trace.txt").write_text("# tracer: nop\n" + EVENT * 3)
    return tmp_path


def test_a_switched_clock_is_known_from_the_log(tmp_path: Path) -> None:
    log = f'[    7.000000] {CLOCK_SWITCHED} to "global"'
    trace = read_captured(open_capture([folder(tmp_path, log)]))
    assert trace is not None
    assert trace.clock_switched
    assert trace.gaps[0].first == -1


def test_a_clock_that_ran_back_hides_no_event(tmp_path: Path) -> None:
    log = "[    0.011224] Ring buffer clock went backwards: 16000000 -> 10010483"
    path = folder(tmp_path, log)
    later = EVENT.replace("7.600000", "7.500000")
    (path / "trace.txt").write_text("# tracer: nop\n" + EVENT + later + EVENT)
    trace = read_captured(open_capture([path]))
    assert trace is not None
    assert trace.gaps == []
    # without that line of the log nobody knows
    trace.clock_ran_back = False
    assert [(gap.first, gap.last) for gap in trace.gaps] == [(0, 1)]


def test_a_cpu_that_never_came_up_is_told_of(tmp_path: Path) -> None:
    log = "[    0.369304] failed to allocate ring buffer on CPU {}"
    trace = read_captured(open_capture([folder(tmp_path, log.format(1), log.format(0))]))
    assert trace is not None
    # CPU 0 has events all the same
    (remark,) = trace.remarks
    assert remark.startswith("CPU 1 never came up")
    assert trace.gaps == []


def test_a_boot_traced_from_its_start_must_begin_at_its_start(tmp_path: Path) -> None:
    log = "[    0.000000] Kernel command line: trace_event=kmem:*"
    trace = read_captured(open_capture([folder(tmp_path, log)]))
    assert trace is not None
    assert trace.headless
    assert "beginning is missing" in trace.gaps[0].reason


def test_a_trace_that_was_switched_on_later_lacks_nothing(tmp_path: Path) -> None:
    trace = read_captured(open_capture([folder(tmp_path)]))
    assert trace is not None
    assert trace.gaps == []


def test_a_captured_boot_misses_nothing_but_the_usual_window() -> None:
    trace = read_captured(open_capture([boot("arm64-6.1-virt-dt")]))
    assert trace is not None
    assert [gap.usual for gap in trace.gaps] == [True]


def test_a_trace_beside_others_is_not_the_whole_one(tmp_path: Path) -> None:
    path = folder(tmp_path)
    (path / "trace.txt").rename(path / "cpu0.txt")
    (path / "cpu1.txt").write_text("# tracer: nop\n" + EVENT.replace("[000]", "[001]"))
    trace = read_captured(open_capture([path]))
    assert trace is not None
    assert [(gap.first, gap.last, gap.usual) for gap in trace.gaps] == [(-1, 3, False)]
    (remark,) = trace.remarks
    assert remark.startswith(f"Only {path / 'cpu0.txt'} was read, not {path / 'cpu1.txt'}.")
