"""Memblock's replay: estimate the state before the first line, run, enter what came of it."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from tracekit.events.base import Source
from tracekit.mm.ranges import subtract
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger
from tracekit.replay.memblock.dumps_apart import differing_dumps
from tracekit.replay.memblock.end import cut_head, cut_off
from tracekit.replay.memblock.estimate import TRAIN, estimate
from tracekit.replay.memblock.findings import findings
from tracekit.replay.memblock.known import known_reserved
from tracekit.replay.memblock.log import read_log
from tracekit.replay.memblock.machine import describe
from tracekit.replay.memblock.outcome import (
    DIVERGED,
    INFERRED,
    MATCHED,
    UNCHECKED,
    Outcome,
    Parting,
    span,
)
from tracekit.replay.memblock.panic import panics
from tracekit.replay.memblock.regions import history
from tracekit.replay.memblock.run import Run
from tracekit.replay.memblock.unmapped import unmapped_memory

RAM_FROM_DUMP = "RAM known only from the first dump"
EARLY = "in the first dump, and no line reserved it: reserved before memblock=debug was parsed"
RULES_DO_NOT_FIT = "the rules known for this kernel do not explain its choices"


def run(context: Context) -> None:
    """Replay memblock; without a line of its own only a panic can tell of it."""
    boot = context.boot
    exclusive = boot.kernel.has("memblock_end_exclusive")
    log = read_log(boot.events, exclusive, 64)
    for panic in panics(boot.events):
        report(panic, context.ledger("memblock"))
    if log.empty:
        return
    apart = list(differing_dumps(log))
    cut = [*cut_head(log), *cut_off(log, boot.logs)]
    machine = describe(boot.kernel, boot.events)
    best = estimate(log, machine, known_reserved(boot.events, machine))
    ledger = context.ledger("memblock")
    ledger.events = sum(1 for event in boot.events if type(event).__module__.endswith(".memblock"))
    enter(best, ledger)
    for check in cut:
        ledger.unchecked(check.kind, check.reason)
    context.hand_over(best.memblock)
    context.hand_over(best.machine)
    context.hand_over(best.moments)
    past = history(best, boot)
    context.hand_over(past)
    for parting in (*apart, *unmapped_memory(boot, past)):
        report(parting, ledger)


def enter(run: Run, ledger: Ledger) -> None:
    """Enter the outcomes of the chosen run and list what it took for true."""
    found = findings(run)
    # A finding that names the cause of a wrong address stands for the divergence as well.
    explained = {finding.line for finding in found if finding.code == "MB204"}
    for check in _believed(run, ledger):
        _enter_check(check, ledger, explained)
    for finding in found:
        report(finding, ledger)
    _list_assumptions(run, ledger)
    _list_from_dump(run, ledger)


def _list_from_dump(run: Run, ledger: Ledger) -> None:
    """List what only the first dump shows, each range at the row that shows it."""
    dump = run.start.dump
    if dump is None:
        return
    for start, end in subtract(run.start.memory, run.known_ram):
        line = dump.source_of("memory", start)
        ledger.infer("ram-from-dump", span(start, end), RAM_FROM_DUMP, line)
    for start, end in subtract(run.start.pieces, run.known):
        line = dump.source_of("reserved", start)
        ledger.infer("early-reservation", span(start, end), EARLY, line)


def _list_assumptions(run: Run, ledger: Ledger) -> None:
    """List what was taken for true and stands in no row of a dump."""
    source = run.log.steps[0].source if run.log.steps else None
    if source is None:
        return
    assumed: list[tuple[str, str, str]] = []
    dump = run.start.dump
    if run.start.hotplug:
        text = ", ".join(span(*part) for part in run.start.hotplug)
        why = "movable_node, and no allocation lies there until the nodes are set up"
        assumed.append(("hotplug-marked", text, why))
    if run.start.limit is not None:
        why = "no allocation lies above it, although RAM above is free"
        assumed.append(("current-limit", f"{run.start.limit:#x}", why))
    if run.start.kernel_end is not None:
        why = "every upward search begins above it, as before v5.11"
        assumed.append(("kernel-end", f"{run.start.kernel_end:#x}", why))
    if run.machine.orders in run.machine.other_orders:
        why = "the CMA area is aligned to a page block of so many orders (ARCH_FORCE_MAX_ORDER)"
        assumed.append(("orders", f"{run.machine.orders} orders of free blocks", why))
    for kind, subject, evidence in assumed:
        ledger.infer(kind, subject, evidence, dump.source if dump is not None else source)


def _believed(run: Run, ledger: Ledger) -> list[Outcome]:
    """The checks, without those of a kind whose predictions fail one after the other.

    Then not the log is wrong but what is known of the kernel, or too many lines are missing.
    """
    checks = run.outcomes.checks
    failing = {kind for kind in {check.kind for check in checks} if _fails(checks, kind)}
    for kind in sorted(failing):
        wrong = [check.parting for check in checks if check.kind == kind and check.parting]
        report(_rules_do_not_fit(kind, wrong), ledger)
    return [
        Outcome(check.kind, UNCHECKED, RULES_DO_NOT_FIT)
        if check.kind in failing and check.status == DIVERGED
        else check
        for check in checks
    ]


def _fails(checks: list[Outcome], kind: str) -> bool:
    """Whether the kind's divergences are no set of faults: a quarter of all, or a train."""
    wrong = [c.status == DIVERGED for c in checks if c.kind == kind and c.status != UNCHECKED]
    train = max((len(list(run)) for differs, run in groupby(wrong) if differs), default=0)
    return train > TRAIN or (sum(wrong) > TRAIN and sum(wrong) * 4 > len(wrong))


def _rules_do_not_fit(kind: str, wrong: list[Parting]) -> Parting:
    first = wrong[0]
    return Parting(
        "MB110",
        first.line,
        f"{kind} checks",
        f"{len(wrong)} results, the first {first.logged}",
        f"the rules give {first.simulated} there",
    )


def _enter_check(check: Outcome, ledger: Ledger, explained: set[Source]) -> None:
    if check.status == MATCHED:
        ledger.matched(check.kind)
    elif check.status == INFERRED:
        ledger.inferred(check.kind)
    elif check.status == DIVERGED and check.parting is not None:
        parting = check.parting
        if parting.line in explained:
            ledger.kind(check.kind).diverged += 1
        else:
            place = (parting.code, parting.line, parting.subject)
            ledger.diverged(check.kind, *place, **_facts(parting))
    else:
        ledger.unchecked(check.kind, check.reason)


def report(parting: Parting, ledger: Ledger) -> None:
    """List a divergence or note that belongs to no counted check."""
    ledger.report(parting.code, parting.line, parting.subject, **_facts(parting))


def _facts(parting: Parting) -> dict[str, Any]:
    return {
        "logged": parting.logged,
        "simulated": parting.simulated,
        "explanation": parting.explanation,
        "alternatives": parting.alternatives,
        "related": parting.related,
    }
