"""How fast a trace is read, beside what other tools need for the same text in the same run.

The figures are printed (``pytest -s``); a ratio is asserted only where it is far from what
would be a defect, for machines differ and are shared.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.boots import boot_folders
from tests.traces import boots_with_trace, text_of

ROOT = Path(__file__).parents[2]
FAR_TOO_SLOW = 20


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The largest trace at hand, unpacked."""
    boots = list(boots_with_trace(boot_folders()))
    largest = max(boots, key=lambda boot: sum(p.stat().st_size for p in boot.glob("trace.txt*")))
    path = tmp_path_factory.mktemp("speed") / "trace.txt"
    path.write_bytes(text_of(largest))
    return path


def cpu_time(*command: str | Path, **environment: str) -> float:
    """Return the CPU time, in seconds, of a whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def stat_time(path: Path) -> float:
    return cpu_time(sys.executable, "-m", "tracekit", "stat", "--format", "json", path)


def test_stat_beside_mawk(trace: Path) -> None:
    lines = trace.read_bytes().count(b"\n")
    ours = stat_time(trace)
    print(f"\ntracekit stat: {lines:,} lines in {ours:.2f} s, {lines / ours:,.0f} a second")
    if shutil.which("mawk") is None:
        pytest.skip("mawk is not installed, there is nothing to compare with")
    mawk = cpu_time("mawk", "{print $5}", trace)
    print(f"mawk '{{print $5}}': {mawk:.2f} s, ratio {ours / mawk:.2f}")
    assert ours < FAR_TOO_SLOW * max(mawk, 0.05)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is told by /proc")
def test_memory_of_an_event(trace: Path) -> None:
    # the high-water mark of a child counts its parent's memory, so the present size is taken
    code = (
        "import resource, sys\n"
        "from tracekit.syntax.trace import read_trace\n"
        "def used():\n"
        "    pages = int(open('/proc/self/statm').read().split()[1])\n"
        "    return pages * resource.getpagesize()\n"
        "file = open(sys.argv[1], 'rb')\n"
        "before = used()\n"
        "trace = read_trace('t', iter(lambda: file.read(1 << 20), b''))\n"
        "print((used() - before) / len(trace))\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, str(trace)]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout
    print(f"\nmemory: {float(shown):.0f} bytes an event")
    assert 0 < float(shown) < 300


def test_stat_beside_trace_cmd(trace: Path) -> None:
    if shutil.which("trace-cmd") is None:
        pytest.skip("trace-cmd is not installed, there is nothing to compare with")
    data = next(
        (boot / "trace.dat" for boot in boot_folders() if (boot / "trace.dat").exists()), None
    )
    if data is None:
        pytest.skip("trace-cmd reads trace.dat files only, and no captured boot has one")
    report = cpu_time("trace-cmd", "report", data)
    print(f"\ntrace-cmd report: {report:.2f} s, tracekit stat: {stat_time(trace):.2f} s")
