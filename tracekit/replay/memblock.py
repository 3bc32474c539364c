"""Memblock's replay: estimate the state before the first line, run, enter what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tracekit.events.memblock import MemblockRequest
from tracekit.mm.memblock import Memblock
from tracekit.mm.ranges import Ranges, intersect, subtract
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger
from tracekit.replay.memblock_log import MemblockLog, read_log
from tracekit.replay.memblock_machine import Machine, describe
from tracekit.replay.memblock_outcome import DIVERGED, INFERRED, MATCHED, Outcome, span
from tracekit.replay.memblock_run import Run
from tracekit.replay.memblock_start import Start, project_back

# The price list (documented in docs/): what taking a thing for true costs against one
# divergence at one line.
PRICE_PIECE = 0.25
PRICE_PARTING = 1.0


def run(context: Context) -> None:
    """Replay memblock; without a line of its own there is nothing to do."""
    boot = context.boot
    exclusive = boot.kernel.has("memblock_end_exclusive")
    log = read_log(boot.events, exclusive, 64)
    if log.empty:
        return
    machine = describe(boot.kernel, boot.events)
    best = estimate(log, machine)
    ledger = context.ledger("memblock")
    ledger.events = sum(1 for event in boot.events if type(event).__module__.endswith(".memblock"))
    enter(best, ledger)
    context.hand_over(best.memblock)


def estimate(log: MemblockLog, machine: Machine) -> Run:
    """Find the start that explains the log at the lowest price, and return its run."""
    start = project_back(log)
    best = Run(log, start, machine).go()
    if not price(best):
        return best
    for candidate in _machines(log, machine):
        best = min(best, Run(log, start, candidate).go(), key=price)
    for piece in list(best.start.pieces):
        without = Run(log, best.start.without(piece), best.machine).go()
        best = min(best, without, key=price)
    return best


def price(run: Run) -> float:
    """What the run's assumptions and divergences cost together."""
    return PRICE_PARTING * len(run.outcomes.partings) + PRICE_PIECE * len(run.start.pieces)


def _machines(log: MemblockLog, machine: Machine) -> list[Machine]:
    """Other machines that the log does not rule out: cache lines of another length."""
    if not any(alloc.request and not alloc.request.align for alloc in log.allocs):
        return []
    lines = {32, 64, 128} - {machine.smp_cache_bytes}
    return [machine.with_cache_line(line) for line in sorted(lines)]


def enter(run: Run, ledger: Ledger) -> None:
    """Enter the outcomes of the chosen run and list what it took for true."""
    for check in run.outcomes.checks:
        _enter_check(check, ledger)
    dump = run.start.dump
    for start, end in run.start.pieces:
        if dump is not None:
            ledger.infer(
                "early-reservation",
                span(start, end),
                "in the first dump, and no line reserved it: reserved before memblock=debug "
                "was parsed",
                dump.source,
            )


def _enter_check(check: Outcome, ledger: Ledger) -> None:
    if check.status == MATCHED:
        ledger.matched(check.kind)
    elif check.status == INFERRED:
        ledger.inferred(check.kind)
    elif check.status == DIVERGED and check.parting is not None:
        parting = check.parting
        ledger.diverged(
            check.kind,
            parting.code,
            parting.line,
            parting.subject,
            logged=parting.logged,
            simulated=parting.simulated,
            explanation=parting.explanation,
            alternatives=parting.alternatives,
            related=parting.related,
        )
    else:
        ledger.unchecked(check.kind, check.reason)
