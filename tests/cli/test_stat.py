from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.report.test_stat import LINES
from tracekit.cli.stat import command


@pytest.fixture
def trace(tmp_path: Path) -> str:
    path = tmp_path / "trace.txt"
    path.write_text("# tracer: nop\n#\n# entries-in-buffer/entries-written: 9/20   #P:2\n" + LINES)
    return str(path)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_what_is_missing_is_said_first(trace: str) -> None:
    text = run(trace)
    assert text.startswith("INCOMPLETE: the ring buffer overwrote the oldest events (11 events)")
    assert "SUMMARY (SLAB allocator)" in text
    assert "Internal fragmentation: " in text
    assert "Total allocation failures     :              1" in text


def test_json_is_whole_and_machine_readable(trace: str) -> None:
    report = json.loads(run(trace, "--format", "json"))
    assert report["schema"] == "tracekit.stat/1"
    assert report["trace"]["complete"] is False
    assert report["slab"]["failed"] == 1
    assert report["slab"]["by"]["caller"][0]["caller"] == "f+0x1/0x2"
    assert report["page"]["by_order"] == [
        {"order": 2, "migratetype": 1, "hit": 1},
        {"order": 9, "migratetype": 1, "hit": 1},
    ]


def test_csv_has_one_row_for_each_group(trace: str) -> None:
    table = list(csv.DictReader(io.StringIO(run(trace, "--slab", "--caller", "--format", "csv"))))
    assert [row["key"] for row in table if row["by"] == "caller"] == ["f+0x1/0x2", "g+0x1/0x2"]


def test_options_choose_allocator_grouping_order_and_length(trace: str) -> None:
    text = run(trace, "--slab", "--caller", "--alloc", "-s", "frag,hit", "-l", "1")
    assert "page allocator" not in text
    assert "Callsite" in text
    assert "Alloc " in text
    assert "g+0x1/0x2" in text
    assert "f+0x1/0x2" not in text
    assert "2 more, see -l" in text
    assert "KB" in run(trace, "--page", "--page-size", "4096")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("-s", "weight"), "there is no such thing"), (("--by", "colour"), "there is no such thing")],
)
def test_wrong_arguments_are_trouble(trace: str, arguments: tuple[str, ...], words: str) -> None:
    result = CliRunner().invoke(command, [trace, *arguments])
    assert result.exit_code == 2
    assert words in result.stderr


def test_input_without_a_trace_is_trouble(tmp_path: Path) -> None:
    path = tmp_path / "dmesg.log"
    path.write_text("[    0.000000] Linux version 6.1.0 (gcc) #1 SMP\n" * 3)
    result = CliRunner().invoke(command, [str(path), "--format", "json"])
    assert result.exit_code == 2
    assert "error" in json.loads(result.stdout)
    assert "no trace found" in result.stderr
    missing = CliRunner().invoke(command, [str(tmp_path / "none")])
    assert missing.exit_code == 2
