"""The table of a batch on disk: rows are added one by one, so that a run can be taken up again.

A CSV file grows by itself. Parquet files cannot grow: rows gather in a CSV file beside them,
which becomes the Parquet file when the run is over.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tracekit.batch import COLUMNS, Row


class TableError(Exception):
    """The table cannot be used; the message says why and what to do."""


class Table:
    """A CSV file that grows row by row, and says which boots it already holds.

    Raises TableError where the file is there and is no such table.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if self._begun() and self._header() != list(COLUMNS):
            raise TableError(
                f"{path}: not a table of this version of tracekit replay; name another file"
            )
        self._cut_half_row()

    def known(self) -> set[str]:
        """Return the paths of the boots in the table, none where there is no file."""
        return {row["path"] for row in self._rows()}

    def append(self, row: Row) -> None:
        """Write one row; the file is whole after each. Raises OSError where it cannot."""
        begun = self._begun()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            if not begun:
                writer.writeheader()
            writer.writerow(asdict(row))

    def close(self) -> None:
        """Finish the table: nothing to do for CSV."""

    def _begun(self) -> bool:
        return self.path.exists() and os.path.getsize(self.path) > 0

    def _header(self) -> list[str]:
        with self.path.open(newline="", encoding="utf-8", errors="replace") as file:
            return next(csv.reader(file), [])

    def _rows(self) -> Iterator[dict[str, str]]:
        if self._begun():
            with self.path.open(newline="", encoding="utf-8") as file:
                yield from csv.DictReader(file)

    def _cut_half_row(self) -> None:
        """Drop what a run that was killed left of a row: that boot is replayed again."""
        if not self._begun():
            return
        with self.path.open("rb+") as file:
            text = file.read()
            if not text.endswith(b"\n"):
                file.truncate(text.rfind(b"\n") + 1)


class ParquetTable(Table):
    """A Parquet file, made from the CSV file beside it when the run is over.

    Raises TableError where pandas has no engine for Parquet.
    """

    def __init__(self, path: Path) -> None:
        self.target = path
        super().__init__(path.with_name(f"{path.name}.rows.csv"))
        _check_engine(path)

    def known(self) -> set[str]:
        """Return the paths of the boots in the Parquet file and in the rows beside it."""
        found = super().known()
        if self.target.exists():
            import pandas

            found |= set(pandas.read_parquet(self.target, columns=["path"])["path"])
        return found

    def close(self) -> None:
        """Write the Parquet file anew with all rows, and remove the rows beside it."""
        import pandas

        if not self._begun():
            return
        texts = {"path", "verdict", "kernel", "arch", "signatures", "trouble", "detail"}
        types = {name: "str" if name in texts else "int64" for name in COLUMNS}
        frame = pandas.read_csv(self.path, dtype=types, keep_default_na=False)
        if self.target.exists():
            frame = pandas.concat([pandas.read_parquet(self.target), frame], ignore_index=True)
        frame.to_parquet(self.target, index=False)
        self.path.unlink()


def _check_engine(path: Path) -> None:
    from importlib.util import find_spec

    if not any(find_spec(name) for name in ("pyarrow", "fastparquet")):
        raise TableError(
            f"{path}: Parquet needs pyarrow (pip install pyarrow), or name a .csv file"
        )
