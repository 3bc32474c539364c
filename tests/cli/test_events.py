from __future__ import annotations

import csv
import io
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.events.test_rows import TEXT
from tracekit.cli.events import command


@pytest.fixture
def trace(tmp_path: Path) -> str:
    path = tmp_path / "trace.txt"
    path.write_bytes(b"# tracer: nop\n" + TEXT)
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_csv_has_a_column_for_every_field(trace: str) -> None:
    rows = list(csv.DictReader(io.StringIO(run(trace).stdout)))
    assert [row["event"] for row in rows] == ["kfree", "mm_page_alloc"]
    assert (rows[0]["ptr"], rows[0]["order"], rows[1]["order"]) == ("0xffff888005df1ec0", "", "2")


def test_json_is_one_list(trace: str, tmp_path: Path) -> None:
    output = tmp_path / "events.json"
    assert run(trace, "--format", "json", "-o", str(output), "--event", "kfree").exit_code == 0
    assert [row["comm"] for row in json.loads(output.read_text())] == ["a b"]
    assert json.loads(run(trace, "--format", "json", "--where", "cpu==9").stdout) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--where", "cpu is 1"), "is no condition"),
        (("--event", "kmaloc"), "not a kind of event"),
        (("--format", "parquet"), "-o"),
        (("-o", "/no/such/folder/x"), "cannot be written"),
    ],
)
def test_wrong_arguments_are_trouble(trace: str, arguments: tuple[str, ...], words: str) -> None:
    result = run(trace, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_parquet_is_written_or_its_package_named(trace: str, tmp_path: Path) -> None:
    output = tmp_path / "events.parquet"
    result = run(trace, "--format", "parquet", "-o", str(output))
    if find_spec("pyarrow") or find_spec("fastparquet"):
        assert output.stat().st_size
    else:
        assert result.exit_code == 2
        assert "pyarrow" in result.stderr
