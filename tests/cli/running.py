"""Run the command line in this process."""

from __future__ import annotations

from click.testing import CliRunner, Result

from tests.boots import SAMPLES
from tracekit.cli import main

HEALTHY = SAMPLES / "arm64-6.1-virt-dt" / "dmesg.log"


def run(*arguments: object, stdin: str | bytes | None = None, **environment: str) -> Result:
    """Return what a command said; an exception inside it is one of the test."""
    runner = CliRunner(env={"NO_COLOR": None, "FORCE_COLOR": None, **environment})
    words = [str(argument) for argument in arguments]
    return runner.invoke(main, words, input=stdin, catch_exceptions=False)


def diverging() -> str:
    """Return a healthy log in which one answer of memblock is moved up by a page."""
    lines = HEALTHY.read_text().splitlines()
    at = next(
        index + 1
        for index, line in enumerate(lines)
        if "memblock_phys_alloc_range: 4096 bytes" in line and "early_pgtable" in line
    )
    start = lines[at].index("[0x") + 1
    first, last = lines[at][start : lines[at].index("]", start)].split("-")
    moved = f"0x{int(first, 16) - 0x1000:016x}-0x{int(last, 16) - 0x1000:016x}"
    lines[at] = lines[at].replace(f"{first}-{last}", moved)
    return "\n".join(lines) + "\n"
