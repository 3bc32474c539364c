"""Whatever a log has been through, the replay ends with a report or one sentence."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.boots import SAMPLES
from tests.cli.mutations import damage
from tests.report.test_json import check_arithmetic, validator
from tracekit.boot import load
from tracekit.capture import CaptureError
from tracekit.replay.boot import replay
from tracekit.report import json as json_report
from tracekit.report import table

LOGS = sorted(SAMPLES.glob("*/dmesg.log"))
# lines that tracekit reads; damage to driver chatter shows nothing
TELLING = re.compile(
    r"mem|e820|[Zz]one|node|Node|pcpu|percpu|hash|HASH|cache|BIOS|efi|NUMA|RAM|Linux|ommand|cma|CMA"
)
FUZZED = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@cache
def lines_of(log: Path) -> tuple[str, ...]:
    """Return the telling lines of a sample, few enough to replay hundreds of times."""
    lines = log.read_text(errors="replace").splitlines()
    return tuple(line for line in lines if TELLING.search(line))[:500]


def survive(lines: list[str], path: Path) -> None:
    """Replay and render; the report must keep its contract."""
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    try:
        result = replay(load(path))
    except CaptureError:
        return
    report = json_report.as_dict(result)
    validator().validate(report)
    check_arithmetic(report)
    assert table.render(result, notes=True)


@FUZZED
@given(log=st.sampled_from(LOGS), choices=damage)
def test_damaged_lines(log: Path, choices: list[tuple[float, Any, int]], tmp_path: Path) -> None:
    lines = list(lines_of(log))
    for share, mutate, which in choices:
        lines = mutate(lines, int(share * len(lines)), which) or [""]
    survive(lines, tmp_path / "dmesg.log")


@settings(FUZZED, max_examples=20)
@given(st.sampled_from(LOGS), st.sampled_from(LOGS), st.integers(0, 400))
def test_two_logs_in_one_file(tmp_path: Path, first: Path, second: Path, at: int) -> None:
    survive([*lines_of(first)[:at], *lines_of(second)], tmp_path / "dmesg.log")


@settings(FUZZED, max_examples=20)
@given(st.sampled_from(LOGS), st.sampled_from(LOGS))
def test_two_logs_line_by_line(tmp_path: Path, first: Path, second: Path) -> None:
    pairs = zip(lines_of(first), lines_of(second), strict=False)
    survive([line for pair in pairs for line in pair], tmp_path / "dmesg.log")


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.parent.name)
def test_a_log_backwards(log: Path, tmp_path: Path) -> None:
    survive([*reversed(lines_of(log))], tmp_path / "dmesg.log")
