from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path

import pytest

from tracekit.batch import Row
from tracekit.batch_table import ParquetTable, Table, TableError

ROWS = [Row("one", "agrees", "6.1.0", "x86_64", checked=7), Row("two", trouble="no log, sorry")]


def test_a_table_remembers_what_it_holds(tmp_path: Path) -> None:
    table = Table(tmp_path / "rows.csv")
    assert table.known() == set()
    for row in ROWS:
        table.append(row)
    assert Table(table.path).known() == {"one", "two"}
    with table.path.open(newline="") as file:
        assert [row["trouble"] for row in csv.DictReader(file)] == ["", "no log, sorry"]


def test_half_a_row_of_a_run_that_was_killed_does_not_count(tmp_path: Path) -> None:
    table = Table(tmp_path / "rows.csv")
    for row in ROWS:
        table.append(row)
    table.path.write_text(table.path.read_text()[:-30])
    again = Table(table.path)
    assert again.known() == {"one"}
    again.append(ROWS[1])
    assert Table(table.path).known() == {"one", "two"}


def test_another_file_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("name,size\nx,1\n")
    with pytest.raises(TableError, match="name another file"):
        Table(tmp_path / "rows.csv")


def test_parquet_without_an_engine_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(TableError, match="pyarrow"):
        ParquetTable(tmp_path / "rows.parquet")


@pytest.mark.skipif(find_spec("pyarrow") is None, reason="pandas needs pyarrow for Parquet")
def test_a_parquet_file_takes_up_where_it_ended(tmp_path: Path) -> None:
    for row in ROWS:
        table = ParquetTable(tmp_path / "rows.parquet")
        assert row.path not in table.known()
        table.append(row)
        table.close()
    assert ParquetTable(tmp_path / "rows.parquet").known() == {"one", "two"}
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]
