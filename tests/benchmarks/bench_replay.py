"""Print the CPU time of ``tracekit replay`` as a whole process.

Run it as ``python -m tests.benchmarks.bench_replay``.

The tables must be built (``python -m tracekit.syntax.build``) and byte code kept, as an
installed package has them. The empty interpreter is measured beside, because its start is part
of the figures and differs from machine to machine.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.logs import large_log, ordinary_log

RUNS = 5
# log, its text, most seconds of CPU time
LOGS = (("1,000 lines", ordinary_log, 0.4), ("60,000 lines", large_log, 3.0))


def cpu_time(*arguments: str) -> float:
    """Return the least user and system time in seconds that Python took with these arguments."""
    return min(_once(arguments) for _ in range(RUNS))


def _once(arguments: tuple[str, ...]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """Measure and print one line per log."""
    print(f"python -c pass   {cpu_time('-c', 'pass'):.3f} s")
    with TemporaryDirectory() as folder:
        for name, text, most in LOGS:
            log = Path(folder, "dmesg.log")
            log.write_text(text())
            took = cpu_time("-m", "tracekit", "replay", str(log))
            print(f"{name:15}  {took:.3f} s  (at most {most} s)")


if __name__ == "__main__":
    main()
