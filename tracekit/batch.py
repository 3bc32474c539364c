"""Many boots at once: one row each, in several processes, resumable, in bounded memory."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tracekit.boot import load
from tracekit.capture import CaptureError
from tracekit.divergence import Severity
from tracekit.events.mm_init import MemoryLine
from tracekit.replay.boot import Replay, replay

LOG_NAMES = ("dmesg.log",)
AHEAD = 4  # tasks per process that are handed out at a time


@dataclass(frozen=True, slots=True)
class Row:
    """The summary of one boot; ``trouble`` says why it could not be replayed.

    ``ram`` and ``available`` are KiB by the kernel's Memory: line, 0 where it is missing.
    """

    path: str
    verdict: str = ""
    kernel: str = ""
    arch: str = ""
    errors: int = 0
    warnings: int = 0
    notes: int = 0
    inferences: int = 0
    checked: int = 0
    matched: int = 0
    ram: int = 0
    available: int = 0
    signatures: str = ""
    trouble: str = ""


COLUMNS = tuple(field.name for field in fields(Row))


def find_boots(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the boots at or below ``paths``: folders with a dmesg.log, and single files."""
    for path in paths:
        if not path.is_dir() or any((path / name).exists() for name in LOG_NAMES):
            yield path
        else:
            below = sorted(path.iterdir(), key=lambda entry: entry.name)
            yield from find_boots(entry for entry in below if not entry.name.startswith("."))


def summarise(path: str) -> Row:
    """Replay one boot and return its row; what cannot be read gives a row with ``trouble``."""
    try:
        boot = load(path)
        if boot.is_empty:
            return Row(path, trouble="no line of a Linux boot log or kmem trace found")
        return _row(path, replay(boot))
    except CaptureError as error:
        return Row(path, trouble=str(error))


def _row(path: str, result: Replay) -> Row:
    kernel = result.boot.kernel
    line = next(iter(result.boot.of(MemoryLine)), None)
    severities = [divergence.severity for divergence in result.divergences]
    checks = [check for ledger in result.allocators for check in ledger.checks.values()]
    return Row(
        path=path,
        verdict=result.verdict,
        kernel=kernel.release or "",
        arch=kernel.arch or "",
        errors=severities.count(Severity.ERROR),
        warnings=severities.count(Severity.WARNING),
        notes=severities.count(Severity.NOTE),
        inferences=len(result.inferences),
        checked=sum(check.checked for check in checks),
        matched=sum(check.matched for check in checks),
        ram=line.total if line else 0,
        available=line.available if line else 0,
        signatures=" ".join(sorted({_joined(d.signature) for d in result.loud})),
    )


def _joined(signature: str) -> str:
    return signature.replace(" ", "_")


def run_batch(paths: Sequence[str], jobs: int) -> Iterator[Row]:
    """Yield the rows as they are done; a bounded number of boots is in work at a time."""
    if jobs == 1:
        yield from map(summarise, paths)
        return
    waiting = iter(paths)
    with ProcessPoolExecutor(min(jobs, len(paths) or 1)) as pool:
        running: set[Future[Row]] = set()
        while True:
            for path in _take(waiting, jobs * AHEAD - len(running)):
                running.add(pool.submit(summarise, path))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()


def _take(paths: Iterator[str], count: int) -> Iterator[str]:
    for _ in range(count):
        path = next(paths, None)
        if path is None:
            return
        yield path


class Table:
    """A CSV file that grows row by row, and says which boots it already holds."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def known(self) -> set[str]:
        """Return the paths of the boots in the file, none where there is no file."""
        if not self.path.exists():
            return set()
        with self.path.open(newline="", encoding="utf-8") as file:
            return {row["path"] for row in csv.DictReader(file) if row.get("path")}

    def append(self, row: Row) -> None:
        """Write one row; the file is whole after each."""
        new = not self.path.exists() or not os.path.getsize(self.path)
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            if new:
                writer.writeheader()
            writer.writerow(asdict(row))


def write_parquet(rows: Sequence[Row], path: Path) -> None:
    """Write all rows as a Parquet file. Raises ImportError where pandas lacks an engine."""
    import pandas

    pandas.DataFrame([asdict(row) for row in rows], columns=COLUMNS).to_parquet(path)
