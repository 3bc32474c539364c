"""Print what a whole ``tracekit replay`` of a captured boot costs, beside tools that read text.

Run it as ``python -m tests.benchmarks.bench_twins BOOT...``: events a second and bytes an event of
the whole process with all twins, and in the same run the ratio to ``mawk '{print $5}'`` on the
unpacked trace, and to ``trace-cmd report`` where it is installed and the boot has a trace.dat.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.traces import text_of
from tracekit.compiled import in_use

RUNS = 3


def cost(*command: str | Path) -> tuple[float, int]:
    """Return the least CPU seconds of several runs of a process, and its peak memory in bytes."""
    return min(_once(command) for _ in range(RUNS))


def _once(command: tuple[str | Path, ...]) -> tuple[float, int]:
    child = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    _, _, used = os.wait4(child.pid, 0)
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def events_of(boot: Path) -> int:
    """Return the number of events in a boot's trace.

    Another process reads it: a child's peak of memory counts what its parent held when it began.
    """
    code = "import sys; from tracekit.boot import load; print(len(load(sys.argv[1]).trace or ()))"
    command = [sys.executable, "-c", code, str(boot)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def replay(boot: Path) -> float:
    """Print the figures of one boot's replay; return its CPU seconds."""
    took, peak = cost(sys.executable, "-m", "tracekit", "replay", "--format", "json", boot)
    events = events_of(boot)
    speed = f"{events / took:,.0f} a second, {peak / events:.0f} bytes an event"
    print(f"{boot.name}: {events:,} events in {took:.2f} s, {speed}")
    return took


def compare(boot: Path, took: float, folder: Path) -> None:
    """Print how much longer a replay takes than tools that read the same text."""
    text = folder / "trace.txt"
    text.write_bytes(text_of(boot))
    if shutil.which("mawk"):
        mawk, _ = cost("mawk", "{print $5}", text)
        print(f"{boot.name}: mawk '{{print $5}}' {mawk:.2f} s, ratio {took / mawk:.2f}")
    if shutil.which("trace-cmd") and (boot / "trace.dat").exists():
        report, _ = cost("trace-cmd", "report", boot / "trace.dat")
        print(f"{boot.name}: trace-cmd report {report:.2f} s, ratio {took / report:.2f}")


def main() -> None:
    """Measure the boots that are named; texts, which take memory here, come after all replays."""
    print(f"the inner loops are {'compiled' if in_use() else 'plain Python'}")
    boots = [Path(name) for name in sys.argv[1:]]
    taken = [replay(boot) for boot in boots]
    with TemporaryDirectory() as folder:
        for boot, took in zip(boots, taken, strict=True):
            compare(boot, took, Path(folder))


if __name__ == "__main__":
    main()
