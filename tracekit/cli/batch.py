"""``tracekit replay --jobs N DIR...``: many boots, one summary line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracekit.cli.output import TROUBLE, trouble

if TYPE_CHECKING:
    from tracekit.batch import Row


def replay_many(paths: Sequence[str], jobs: int, output: str | None) -> int:
    """Replay all boots at or below ``paths`` and print the summary; return the exit status.

    ``output`` is a .csv file, to which rows are added (boots that it already holds are left
    out, so that a run can be taken up again), or a .parquet file.
    """
    from tracekit.batch import Table, find_boots, run_batch, write_parquet

    parquet = output is not None and output.endswith(".parquet")
    table = Table(Path(output)) if output and not parquet else None
    known = table.known() if table else set()
    boots = [str(path) for path in find_boots(map(Path, paths)) if str(path) not in known]
    if not boots and not known:
        trouble(f"{' '.join(paths)}: no boot log at or below; give folders that hold logs")
    rows = []
    for row in _told(run_batch(boots, jobs)):
        rows.append(row)
        if table:
            table.append(row)
    if parquet and output:
        try:
            write_parquet(rows, Path(output))
        except ImportError as error:
            trouble(f"{output}: {error}; install pyarrow, or write a .csv file")
    _summary(rows, len(known))
    return _status(rows)


def _told(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        facts = row.trouble or f"{row.kernel} {row.arch} {row.matched}/{row.checked} matched"
        click.echo(f"{row.verdict or 'trouble':10} {row.path}  {facts}")
        yield row


def _summary(rows: Sequence[Row], known: int) -> None:
    verdicts = Counter(row.verdict or "trouble" for row in rows)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
    earlier = f"; {known} were in the table already" if known else ""
    click.echo(f"{len(rows)} boots: {counts or 'nothing new'}{earlier}")
    signatures = Counter(name for row in rows for name in row.signatures.split())
    for signature, count in signatures.most_common():
        click.echo(f"    {count} x {signature}")


def _status(rows: Sequence[Row]) -> int:
    if any(row.verdict == "diverges" for row in rows):
        return 1
    return TROUBLE if rows and all(row.trouble for row in rows) else 0
