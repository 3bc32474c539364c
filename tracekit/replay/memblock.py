"""Memblock's replay: estimate the state before the first line, run, enter what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tracekit.mm.ranges import Ranges, subtract
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger
from tracekit.replay.memblock_findings import findings
from tracekit.replay.memblock_known import known_reserved
from tracekit.replay.memblock_log import MemblockLog, read_log
from tracekit.replay.memblock_machine import Machine, describe
from tracekit.replay.memblock_outcome import DIVERGED, INFERRED, MATCHED, Outcome, Parting, span
from tracekit.replay.memblock_run import Run
from tracekit.replay.memblock_start import (
    Start,
    before_first_dump,
    by_node_ranges,
    left_over,
    project_back,
)
from tracekit.replay.regions import history

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
    best = estimate(log, machine, known_reserved(boot.events, machine))
    ledger = context.ledger("memblock")
    ledger.events = sum(1 for event in boot.events if type(event).__module__.endswith(".memblock"))
    enter(best, ledger)
    context.hand_over(best.memblock)
    context.hand_over(best.moments)
    context.hand_over(history(best, boot))


@dataclass(frozen=True, slots=True)
class Basis:
    """What a run is made from, apart from the start that is to be found."""

    log: MemblockLog
    machine: Machine
    known: Ranges
    known_ram: Ranges

    def run(self, start: Start, machine: Machine | None = None) -> Run:
        """Run the log from one start."""
        chosen = machine or self.machine
        return Run(self.log, start, chosen, known=self.known, known_ram=self.known_ram).go()


def estimate(log: MemblockLog, machine: Machine, known: Ranges) -> Run:
    """Find the start that explains the log at the lowest price, and return its run."""
    basis = Basis(log, machine, known, list(machine.node_ranges))
    start = by_node_ranges(project_back(log), log, machine)
    best = basis.run(start)
    for vary in (_machines, _kernel_ends, _hotplug, _shorter_ram):
        if best.outcomes.partings:
            candidates = [basis.run(*other) for other in vary(best)]
            best = min([best, *candidates], key=price)
    return _without_doubtful(basis, best)


def _without_doubtful(basis: Basis, best: Run) -> Run:
    """Drop pieces of the start that cost more than they explain.

    A piece that begins where a line's reservation ends and that decides no allocation is no
    early reservation but a row of the dump that ends too high.
    """
    pieces = subtract(best.start.pieces, basis.known)
    doubtful = _grown_rows(basis.log, pieces, basis)
    if not best.outcomes.partings:
        pieces = doubtful
    for piece in pieces:
        without = basis.run(best.start.without(piece), best.machine)
        discount = PRICE_PARTING if piece in doubtful else 0.0
        if price(without) - discount < price(best):
            best = without
    return best


def _grown_rows(log: MemblockLog, pieces: Ranges, basis: Basis) -> Ranges:
    steps, _ = before_first_dump(log)
    logged = [*left_over(steps), *basis.known]
    ends = {end for start, end in logged if basis.machine.is_x86 or not _inside(start, pieces)}
    touching = [piece for piece in pieces if piece[0] in ends]
    if touching and len(touching) == len(pieces) and basis.machine.reserves_fdt_early:
        # One of them is the device tree, which may lie right behind the initial RAM disk.
        touching.remove(max(touching, key=lambda piece: piece[1] - piece[0]))
    return touching


def _inside(start: int, pieces: Ranges) -> bool:
    # With unlogged bytes before it as well, a line's range is a part of something larger. x86
    # is apart: it reserves the image and then, with a line, the brk area right behind it.
    return any(end == start for _, end in pieces)


def price(run: Run) -> float:
    """What the run's assumptions and divergences cost together."""
    pieces = subtract(run.start.pieces, run.known)
    return PRICE_PARTING * len(run.outcomes.partings) + PRICE_PIECE * len(pieces)


Variation = tuple[Start, Machine]


def _machines(run: Run) -> list[Variation]:
    """Other machines that the log does not rule out: cache lines of another length."""
    if not any(alloc.request and not alloc.request.align for alloc in run.log.allocs):
        return []
    lines = {32, 64, 128} - {run.machine.smp_cache_bytes}
    return [(run.start, run.machine.with_cache_line(line)) for line in sorted(lines)]


def _kernel_ends(run: Run) -> list[Variation]:
    """Ends of the kernel image below which an upward search did not look before v5.11."""
    if not run.machine.kernel.has("memblock_up_from_kernel", default=True):
        return []
    steps, _ = before_first_dump(run.log)
    ends = {end for _, end in [*left_over(steps), *run.start.pieces]}
    return [(replace(run.start, kernel_end=end), run.machine) for end in sorted(ends)]


def _hotplug(run: Run) -> list[Variation]:
    """RAM that may have been hotpluggable until the nodes were set up: whole nodes, or what
    lies above everything that was allocated until then."""
    memory = run.start.memory
    if run.machine.kernel.option("movable_node") is None or not memory:
        return []
    spans = {node.nid: (node.start, node.end) for node in run.machine.nodes}
    nodes = sorted(spans)
    choices = [[spans[nid] for nid in nodes[first:]] for first in range(1, len(nodes))]
    highest = max((alloc.base + alloc.size for alloc in run.log.allocs[:1]), default=0)
    choices.append([(highest, memory[-1][1])])
    return [(replace(run.start, hotplug=ram), run.machine) for ram in choices]


def _shorter_ram(run: Run) -> list[Variation]:
    """Starts whose RAM ends where the highest allocation does, not where the dump says."""
    start = run.start
    if not start.memory:
        return []
    low, high = start.memory[-1]
    ends = [alloc.base + alloc.size for alloc in run.log.allocs if low <= alloc.base < high]
    if not ends or max(ends) >= high:
        return []
    shorter = replace(start, memory=[*start.memory[:-1], (low, max(ends))])
    return [(shorter, run.machine)]


def enter(run: Run, ledger: Ledger) -> None:
    """Enter the outcomes of the chosen run and list what it took for true."""
    for check in run.outcomes.checks:
        _enter_check(check, ledger)
    for finding in findings(run):
        report(finding, ledger)
    dump = run.start.dump
    for start, end in subtract(run.start.pieces, run.known):
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
        ledger.kind(check.kind).diverged += 1
        report(check.parting, ledger)
    else:
        ledger.unchecked(check.kind, check.reason)


def report(parting: Parting, ledger: Ledger) -> None:
    """List a divergence or note."""
    ledger.report(
        parting.code,
        parting.line,
        parting.subject,
        logged=parting.logged,
        simulated=parting.simulated,
        explanation=parting.explanation,
        alternatives=parting.alternatives,
        related=parting.related,
    )
