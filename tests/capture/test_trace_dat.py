from __future__ import annotations

from pathlib import Path

import pytest

from tracekit.capture import CaptureError, open_capture
from tracekit.capture.trace_dat import MAGIC

REPORT = "cpus=1\n a-1 [000]  1.000001: kfree:  call_site=f+0x1 ptr=0x1\n"


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "trace.dat"
    path.write_bytes(MAGIC + b"6\0" + bytes(range(256)))
    return path


def install(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a stand-in for trace-cmd on the path, and nothing else."""
    program = folder / "trace-cmd"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")


def test_without_trace_cmd_the_message_says_what_to_do(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(recorded.parent))
    with pytest.raises(CaptureError, match="Install it, or give the output of 'trace-cmd report'"):
        open_capture([recorded])


def test_trace_cmd_turns_it_into_text(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = recorded.with_name("report.txt")
    report.write_text(REPORT)
    install(recorded.parent, f'test "$1 $3" = "report {recorded}" && cat {report}\n', monkeypatch)
    (trace,) = open_capture([recorded]).traces
    assert b"".join(trace.chunks()).decode() == REPORT
    assert b"".join(trace.chunks()).decode() == REPORT


def test_what_trace_cmd_complains_of_is_told(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(recorded.parent, "echo 'unknown file version' >&2; exit 1\n", monkeypatch)
    with pytest.raises(CaptureError, match="unknown file version"):
        open_capture([recorded])
