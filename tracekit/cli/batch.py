"""``tracekit replay --jobs N DIR...``: many boots, one summary line each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracekit.cli.output import TROUBLE, trouble

if TYPE_CHECKING:
    from tracekit.batch import Row, Tally
    from tracekit.batch_table import Table


def replay_many(paths: Sequence[str], jobs: int, output: str | None) -> int:
    """Replay all boots at or below ``paths`` and print the summary; return the exit status.

    ``output`` is a .csv or .parquet file, to which rows are added: boots that it already holds
    are left out, so that a run can be taken up again.
    """
    from tracekit.batch import Tally, find_boots, run_batch

    table = _open(output) if output else None
    known = table.known() if table else set()
    boots = [path for path in map(str, find_boots(map(Path, paths))) if path not in known]
    if not boots and not known:
        trouble(f"{' '.join(paths)}: no boot log at or below; give folders that hold logs")
    tally = Tally()
    for row in run_batch(boots, jobs):
        tally.add(row)
        _tell(row)
        if table:
            _append(table, row)
    if table:
        table.close()
    _summary(tally, len(known))
    return _status(tally)


def _open(output: str) -> Table:
    from tracekit.batch_table import ParquetTable, Table, TableError

    try:
        return (ParquetTable if output.endswith(".parquet") else Table)(Path(output))
    except TableError as error:
        trouble(str(error))
    except OSError as error:
        trouble(f"{output}: {error.strerror}")


def _append(table: Table, row: Row) -> None:
    try:
        table.append(row)
    except OSError as error:
        trouble(f"{table.path}: cannot be written ({error.strerror}); the rows so far are kept")


def _tell(row: Row) -> None:
    facts = row.trouble or f"{row.kernel} {row.arch} {row.matched}/{row.checked} matched"
    first = row.signatures.split()
    more = f"; {', '.join(first[:2])}{', ...' if len(first) > 2 else ''}" if first else ""
    click.echo(f"{row.verdict or 'trouble':10} {row.path}  {facts}{more}")


def _summary(tally: Tally, known: int) -> None:
    counts = ", ".join(f"{count} {verdict}" for verdict, count in tally.verdicts.most_common())
    earlier = f"; {known} were in the table already" if known else ""
    click.echo(f"{tally.boots} boots: {counts or 'nothing new'}{earlier}")
    for signature, count in tally.signatures.most_common():
        click.echo(f"    {count} x {signature}  (as in {tally.examples[signature]})")


def _status(tally: Tally) -> int:
    if tally.verdicts["diverges"]:
        return 1
    return TROUBLE if tally.boots and tally.verdicts["trouble"] == tally.boots else 0
