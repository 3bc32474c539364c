"""Many boots at once: one row each, in several processes, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tracekit.boot import load
from tracekit.capture import CaptureError
from tracekit.divergence import Severity
from tracekit.events.mm_init import MemoryLine
from tracekit.replay.boot import Replay, replay
from tracekit.replay.budget.build import build_budget
from tracekit.replay.budget.kinds import CMA, HASH, KERNEL, LOG, MEMMAP, PERCPU
from tracekit.replay.budget.tree import Budget
from tracekit.workers import pool

LOG_NAMES = ("dmesg.log",)
AHEAD = 4  # tasks per process that are handed out at a time
FAILED = "tracekit itself failed here, please report it with the log"
KILLED = "the process that replayed it was killed (out of memory?); replay it alone"


@dataclass(frozen=True, slots=True)
class Row:
    """The summary of one boot; ``trouble`` says why it could not be replayed.

    ``ram`` and ``available`` are KiB by the kernel's Memory: line, 0 where it is missing. From
    ``free`` on, sizes are bytes of the memory budget at the hand-off; ``detail`` says whether
    it was made from memblock's lines or, coarsely, from the Memory: line.
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
    detail: str = ""
    free: int = 0
    reserved: int = 0
    kernel_image: int = 0
    memory_map: int = 0
    percpu: int = 0
    hash_tables: int = 0
    log_buffer: int = 0
    cma: int = 0


COLUMNS = tuple(field.name for field in fields(Row))
KINDS = {
    "kernel_image": KERNEL,
    "memory_map": MEMMAP,
    "percpu": PERCPU,
    "hash_tables": HASH,
    "log_buffer": LOG,
    "cma": CMA,
}


def find_boots(paths: Iterable[Path], inside: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """Yield the boots at or below ``paths``: folders with a dmesg.log, and single files.

    ``inside`` are the folders around them, so that a link back to one of these ends there.
    """
    for path in paths:
        if not path.is_dir() or any((path / name).exists() for name in LOG_NAMES):
            yield path
        elif (real := path.resolve()) not in inside:
            below = sorted(path.iterdir(), key=lambda entry: entry.name)
            shown = (entry for entry in below if not entry.name.startswith("."))
            yield from find_boots(shown, inside | {real})


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
        **_figures(build_budget(result.context)),
    )


def _joined(signature: str) -> str:
    return signature.replace(" ", "_")


def _figures(budget: Budget | None) -> dict[str, Any]:
    """Return the columns that come from the budget, none where the log has no sizes."""
    if budget is None:
        return {}
    sizes: Counter[str] = Counter()
    for leaf in budget.root.leaves():
        sizes[leaf.kind] += leaf.bytes
    free = budget.free or 0
    known = {column: sizes[kind] for column, kind in KINDS.items()}
    return {"detail": budget.detail, "free": free, "reserved": budget.ram - free, **known}


# -- running --------------------------------------------------------------------------------


def run_batch(paths: Iterable[str], jobs: int) -> Iterator[Row]:
    """Yield the rows as they are done; a bounded number of boots is in work at a time.

    A boot whose process is killed, or whose replay fails, gives a row that says so, and the
    others go on.
    """
    waiting = iter(paths)
    suspects: list[str] = []
    while True:
        yield from _run(waiting, jobs, suspects)
        if not suspects:
            return
        for path in suspects:
            yield _alone(path)
        suspects.clear()


def _run(waiting: Iterator[str], jobs: int, suspects: list[str]) -> Iterator[Row]:
    """Yield rows until no path waits, or a process dies: what was in work is then suspect."""
    with pool(jobs) as workers:
        running: dict[Future[Row], str] = {}
        while not suspects:
            for path in _take(waiting, jobs * AHEAD - len(running)):
                running[workers.submit(summarise, path)] = path
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                path = running.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    suspects.append(path)
                else:
                    yield _row_of(future, path)
        suspects.extend(running.values())


def _alone(path: str) -> Row:
    with pool(1) as workers:
        try:
            return _row_of(workers.submit(summarise, path), path)
        except BrokenProcessPool:
            return Row(path, trouble=KILLED)


def _row_of(future: Future[Row], path: str) -> Row:
    """Return the row, or one that says how the replay itself failed; a dead process raises."""
    error = future.exception()
    if error is None or isinstance(error, BrokenProcessPool):
        return future.result()
    return Row(path, trouble=f"{FAILED} ({type(error).__name__}: {error})")


def _take(paths: Iterator[str], count: int) -> Iterator[str]:
    for _ in range(count):
        path = next(paths, None)
        if path is None:
            return
        yield path


@dataclass(slots=True)
class Tally:
    """What a run comes to: verdicts, and each signature with its boots counted and one named."""

    boots: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    signatures: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Count one boot."""
        self.boots += 1
        self.verdicts[row.verdict or "trouble"] += 1
        for signature in row.signatures.split():
            self.signatures[signature] += 1
            self.examples.setdefault(signature, row.path)
