"""The logs that are timed are real work, and what they need is loaded and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.logs import large_log, ordinary_log
from tracekit.boot import load
from tracekit.replay.boot import replay
from tracekit.syntax.rules import build_tables

HEAVY = ("numpy", "pandas", "lark", "jinja2", "tabulate", "importlib.metadata")
# the tables stand apart, so that a checkout without them (or with old ones) is tested as well
REPLAY = """
import json, sys
from pathlib import Path
from tracekit.syntax import rules
rules.TABLES = Path(sys.argv[2])
from tracekit.boot import load
from tracekit.replay.boot import replay
from tracekit.report.table import render
render(replay(load(sys.argv[1])))
print(json.dumps(sorted(sys.modules)))
"""


def test_the_ordinary_log_has_a_thousand_lines_and_agrees(tmp_path: Path) -> None:
    log = tmp_path / "dmesg.log"
    log.write_text(ordinary_log())
    assert len(log.read_text().splitlines()) == 1000
    result = replay(load(log))
    assert not result.loud
    assert result.allocators[0].events > 100


def test_a_large_log_is_checked_line_by_line(tmp_path: Path) -> None:
    log = tmp_path / "dmesg.log"
    log.write_text(large_log(2000))
    result = replay(load(log))
    assert not result.loud
    address = result.allocators[0].checks["address"]
    assert address.checked > 900
    assert address.matched == address.checked


def test_a_dmesg_replay_imports_nothing_heavy(tmp_path: Path) -> None:
    log = tmp_path / "dmesg.log"
    log.write_text(ordinary_log())
    tables = tmp_path / "tables.json"
    tables.write_text(json.dumps(build_tables()))
    words = [sys.executable, "-c", REPLAY, str(log), str(tables)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert not set(HEAVY) & set(json.loads(done.stdout))
