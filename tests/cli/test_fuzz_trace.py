"""Whatever a trace has been through, the replay of its boot ends with a report and says so."""

from __future__ import annotations

import lzma
import random
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.boots import SAMPLES
from tests.cli.mutations import damage
from tests.report.test_json import check_arithmetic
from tracekit.boot import load
from tracekit.capture import CaptureError
from tracekit.replay.boot import replay
from tracekit.report import json as json_report

SAMPLE = SAMPLES / "x86_72_256M_1cpu"
HEAD = 12
MOST_LINES = 1500
FUZZED = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@cache
def trace_lines() -> tuple[str, ...]:
    """Return the beginning of a sample's trace, its events moved to two CPUs."""
    text = lzma.decompress((SAMPLE / "trace.txt.xz").read_bytes()).decode()
    lines = text.splitlines()[:MOST_LINES]
    head = [line.replace("#P:1", "#P:2") for line in lines[:HEAD]]
    rest = [line.replace("[000]", "[001]") if i % 3 else line for i, line in enumerate(lines)]
    return (*head, *rest[HEAD:])


def survive(path: Path, lines: list[str], cut: int = 0) -> None:
    """Replay the boot with this trace, its last bytes cut off; what is uncertain must be said."""
    text = "\n".join([*lines, ""])
    path.mkdir(exist_ok=True)
    (path / "trace.txt").write_text(text[: max(len(text) - cut, 0)], errors="replace")
    (path / "dmesg.log").write_bytes((SAMPLE / "dmesg.log").read_bytes())
    try:
        boot = load(path)
    except CaptureError:
        return
    report = json_report.as_dict(replay(boot))
    check_arithmetic(report)
    if boot.trace is not None:
        assert boot.trace.counts.total == boot.trace.counts.lines
        assert boot.trace.gaps


@FUZZED
@given(choices=damage, cut=st.integers(0, 200_000))
def test_lines_lost_cut_or_corrupt(
    choices: list[tuple[float, Any, int]], cut: int, tmp_path: Path
) -> None:
    head, lines = trace_lines()[:HEAD], list(trace_lines()[HEAD:])
    for share, mutate, which in choices:
        lines = mutate(lines, int(share * len(lines)), which) or [""]
    # the head promises more events than these, and that much is always noticed
    survive(tmp_path / "boot", [*head, *lines], cut)


@FUZZED
@given(seed=st.integers(0, 1 << 32), reach=st.integers(1, 400))
def test_cpus_shuffled(seed: int, reach: int, tmp_path: Path) -> None:
    lines, rng = trace_lines(), random.Random(seed)
    order = sorted(range(HEAD, len(lines)), key=lambda at: at + rng.random() * reach)
    survive(tmp_path / "boot", [*lines[:HEAD], *(lines[at] for at in order)])


@pytest.mark.parametrize("event", ["mm_page_alloc", "kmem_cache_alloc", "kfree"])
def test_one_line_that_cannot_be_read_accuses_nobody(event: str, tmp_path: Path) -> None:
    text = lzma.decompress((SAMPLE / "trace.txt.xz").read_bytes()).decode()
    lines = text.splitlines()[: 2 * MOST_LINES]
    there = f"{len(lines) - HEAD}/{len(lines) - HEAD} "
    lines = [re.sub(r"\d+/\d+ ", there, line) if "entries-in" in line else line for line in lines]
    place = [number for number, line in enumerate(lines) if f": {event}: " in line][5]
    lines[place] = lines[place].replace("=", "#")
    (tmp_path / "trace.txt").write_text("\n".join([*lines, ""]))
    (tmp_path / "dmesg.log").write_bytes((SAMPLE / "dmesg.log").read_bytes())
    report = json_report.as_dict(replay(load(tmp_path)))
    assert report["verdict"] == "incomplete"
    (problem,) = [
        text for text in report["boot"]["sources"][1]["problems"] if "not be read" in text
    ]
    assert problem.startswith("a line with an event could not be read after event")
