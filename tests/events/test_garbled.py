from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tracekit
from tests.events.reading import read_log
from tests.syntax.lines import LINES
from tracekit.replay.maps.driver import map_findings

EVERY = [line for lines in LINES.values() for line in lines]


@st.composite
def garbled(draw: st.DrawFn) -> str:
    """A line of ours with a piece cut out, doubled or overwritten."""
    line = draw(st.sampled_from(EVERY))
    at = draw(st.integers(0, len(line)))
    end = draw(st.integers(at, min(len(line), at + 12)))
    middle = draw(st.sampled_from(["", line[at:end] * 2, "0", "f", "-", "9" * 40, "\x00", "é"]))
    return line[:at] + middle + line[end:]


@settings(max_examples=100, deadline=None)
@given(st.lists(garbled(), min_size=1, max_size=5))
def test_garbled_lines_are_read_or_counted_but_never_lost(lines: list[str]) -> None:
    parsed = read_log(*lines)
    assert parsed.recognised + len(parsed.unparsed) + parsed.other == len(lines)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(lines=st.lists(garbled(), min_size=20, max_size=60))
def test_garbled_maps_are_judged_without_a_traceback(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "dmesg.log"
    head = "[    0.000000] Linux version 6.1.0 (a@b) (gcc) #1\n"
    body = "".join(f"[    0.000000] {line}\n" for line in lines)
    path.write_text(head + body, encoding="utf-8")
    assert all(finding.code for finding in map_findings(tracekit.load(path)))
