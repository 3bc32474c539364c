"""Which start explains a log best: candidates, their prices, and the choice.

A start is what memblock's lists held before the first line, with what else no line tells: the
cache line, a limit, the direction. Each thing taken for true has a price, each divergence has
one, and the cheapest explanation is taken. After the first line nothing may be assumed but
what a named function does (silent.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tracekit.events.carveouts import CmaReserved
from tracekit.mm.memblock_search import round_up
from tracekit.mm.ranges import Ranges, subtract
from tracekit.replay.memblock.log import MemblockLog
from tracekit.replay.memblock.machine import Machine
from tracekit.replay.memblock.run import Run
from tracekit.replay.memblock.start import (
    Start,
    before_first_dump,
    by_node_ranges,
    left_over,
    project_back,
)

# The price list, documented in docs/memblock.md.
PRICE_PARTING = 1.0
PRICE_PIECE = 0.25
PRICE_ASSUMPTION = 0.5

# Assumptions about direction and limits are tried only where more than so many results differ.
TRAIN = 3


@dataclass(frozen=True, slots=True)
class Basis:
    """What a run is made from, apart from the start that is to be found."""

    log: MemblockLog
    machine: Machine
    known: Ranges
    known_ram: Ranges

    def run(self, start: Start, machine: Machine | None = None, unseen: bool = False) -> Run:
        """Run the log from one start."""
        run = Run(self.log, start, machine or self.machine, self.known, self.known_ram, unseen)
        return run.go()


def estimate(log: MemblockLog, machine: Machine, known: Ranges) -> Run:
    """Find the start that explains the log at the lowest price, and return its run."""
    basis = Basis(log, machine, known, list(machine.node_ranges))
    start = by_node_ranges(project_back(log), log, machine)
    best = basis.run(start)
    for vary in (_machines, _orders, _kernel_ends, _hotplug, _shorter_ram, _limits, _directions):
        if best.outcomes.partings:
            candidates = [basis.run(*other) for other in vary(best)]
            best = min([best, *candidates], key=price)
    return _with_unseen_changes(basis, _without_doubtful(basis, best))


def _with_unseen_changes(basis: Basis, best: Run) -> Run:
    """Let one unseen change stand for the train of results that it displaced.

    Only after everything else was tried, and where it leaves fewer divergences than a train
    has: what follows an unknown rule of the kernel is no single change.
    """
    if len(best.outcomes.partings) <= 1:
        return best
    other = basis.run(best.start, best.machine, unseen=True)
    partings = len(other.outcomes.partings)
    return other if partings < min(len(best.outcomes.partings), TRAIN) else best


def _without_doubtful(basis: Basis, best: Run) -> Run:
    """Drop pieces of the start that cost more than they explain.

    A piece that begins where a line's reservation ends and that decides no allocation is no
    early reservation but a row of the dump that ends too high. Where the log's head is missing
    it may be what a line reserved that is not there.
    """
    pieces = subtract(best.start.pieces, basis.known)
    doubtful = [] if basis.log.headless else _grown_rows(basis.log, pieces, basis)
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
    start = run.start
    assumed = [
        start.hotplug,
        start.kernel_end is not None,
        start.limit is not None,
        run.machine.orders in run.machine.other_orders,
    ]
    return (
        PRICE_PARTING * len(run.outcomes.partings)
        + PRICE_PIECE * len(pieces)
        + PRICE_ASSUMPTION * sum(map(bool, assumed))
    )


Variation = tuple[Start, Machine]


def _machines(run: Run) -> list[Variation]:
    """Other machines that the log does not rule out: cache lines of another length."""
    if not any(alloc.request and not alloc.request.align for alloc in run.log.allocs):
        return []
    lines = {32, 64, 128} - {run.machine.smp_cache_bytes}
    return [(run.start, run.machine.with_cache_line(line)) for line in sorted(lines)]


def _orders(run: Run) -> list[Variation]:
    """Other numbers of orders, where a CMA area was aligned to a page block."""
    if not any(isinstance(alloc.followed, CmaReserved) for alloc in run.log.allocs):
        return []
    others = run.machine.other_orders
    return [(run.start, run.machine.with_orders(orders)) for orders in others]


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


def _limits(run: Run) -> list[Variation]:
    """A current_limit right above the highest allocation, where no line tells of one."""
    if len(run.outcomes.partings) <= TRAIN:
        return []
    top = max((alloc.base + alloc.size for alloc in run.log.allocs), default=0)
    limit = round_up(top, run.machine.page_size)
    return [(replace(run.start, limit=limit), run.machine)] if limit else []


def _directions(run: Run) -> list[Variation]:
    """The other direction of search."""
    if len(run.outcomes.partings) <= TRAIN:
        return []
    return [(run.start, replace(run.machine, bottom_up=not run.machine.bottom_up))]
