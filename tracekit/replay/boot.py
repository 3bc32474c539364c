"""The order in which the allocators hand over to one another; nothing else knows it.

start_kernel() first has memblock (or bootmem, with the remap allocator beside it on 32-bit
NUMA machines), then zones and the percpu first chunk, then mm_init() hands all free memory
to the page allocator, and slab and percpu build upon that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tracekit.boot import Boot
from tracekit.divergence import Divergence, Inference, Severity
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger

if TYPE_CHECKING:
    import pandas

ALLOCATORS = ("memblock", "bootmem", "numa_32", "mm_init", "page_alloc", "slub", "percpu")

# Driver modules in boot order; a driver module exposes ``run(context)``. Those of allocators
# that few kernels have are imported only where the log has events of their module.
DRIVERS = (
    "memblock.driver",
    "maps.driver",
    "bootmem.driver",
    "numa_32.driver",
    "mm_init.driver",
    "percpu.first_chunk",
    "cut",
    "complaints.driver",
)
RARE = {
    "bootmem.driver": "tracekit.events.bootmem",
    "numa_32.driver": "tracekit.events.numa_32",
}
SETTLING = "trust"
TRACE_DRIVERS = ("page_alloc.driver", "slub.driver", "percpu.driver", SETTLING)


@dataclass(slots=True)
class Replay:
    """What the replay of a boot found.

    ``allocators`` are the ledgers in boot order, ``divergences`` and ``inferences`` those of
    all of them in order of their lines.
    """

    boot: Boot
    context: Context

    @property
    def allocators(self) -> list[Ledger]:
        """The ledgers of the allocators that the input shows, in boot order."""
        found = self.context.ledgers
        return [found[name] for name in ALLOCATORS if name in found]

    @property
    def divergences(self) -> list[Divergence]:
        """All divergences and notes, the most severe of a line first, in order of lines."""
        every = [d for ledger in self.allocators for d in ledger.divergences]
        order, ranks = self._order(), list(Severity)
        return sorted(every, key=lambda d: (_position(d, order), ranks.index(d.severity)))

    @property
    def inferences(self) -> list[Inference]:
        """All inferences in order of lines."""
        every = [i for ledger in self.allocators for i in ledger.inferences]
        order = self._order()
        return sorted(every, key=lambda inference: _position(inference, order))

    @property
    def loud(self) -> list[Divergence]:
        """The divergences that decide the verdict: errors and warnings."""
        return [d for d in self.divergences if d.severity is not Severity.NOTE]

    @property
    def verdict(self) -> str:
        """``diverges``, ``incomplete`` or ``agrees`` as the contract defines them."""
        if self.loud:
            return "diverges"
        return "agrees" if self.boot.complete else "incomplete"

    def _order(self) -> dict[str, int]:
        return {source.path: index for index, source in enumerate(self.boot.sources)}

    def to_dataframe(self) -> pandas.DataFrame:
        """Return one row per allocator and kind of check: events, checked, matched, ..."""
        import pandas

        return pandas.DataFrame(check_rows(self.allocators))


def _position(item: Divergence | Inference, order: dict[str, int]) -> tuple[int, int]:
    return order.get(item.line.file, len(order)), item.line.line


def check_rows(ledgers: list[Ledger]) -> list[dict[str, Any]]:
    """Return one row per allocator and kind of check."""
    return [
        {
            "allocator": ledger.name,
            "kind": kind,
            "events": checks.events,
            "checked": checks.checked,
            "matched": checks.matched,
            "inferred": checks.inferred,
            "diverged": checks.diverged,
            "unchecked": checks.unchecked.total(),
        }
        for ledger in ledgers
        for kind, checks in ledger.checks.items()
    ]


def replay(
    boot: Boot,
    *,
    stages: tuple[str, ...] = (),
    wanted: tuple[str, ...] = (),
    watches: Sequence[object] = (),
) -> Replay:
    """Replay a boot through the simulated allocators and return what was found.

    ``stages`` narrows the result to these allocators (those before them run all the same,
    because the later ones start from their end state, those after them do not);
    ``wanted`` names the moments whose free lists the report shall show: ``handoff``,
    ``snapshot`` or a line number; ``watches`` look on while drivers that know them run, and
    hold afterwards what they saw (see page_alloc.watch).
    """
    context = Context(boot, wanted)
    for watch in watches:
        context.hand_over(watch)
    for name in _needed(_drivers(boot), stages):
        _driver(name)(context)
    if stages:
        context.ledgers = {k: v for k, v in context.ledgers.items() if k in stages}
    return Replay(boot, context)


def _drivers(boot: Boot) -> list[str]:
    names = DRIVERS + TRACE_DRIVERS if boot.has_trace else DRIVERS
    shown = {type(event).__module__ for event in boot.events}
    return [name for name in names if RARE.get(name) in shown | {None}]


def _needed(drivers: list[str], stages: tuple[str, ...]) -> list[str]:
    """Return the drivers up to the last that one of the stages asks for, all without stages.

    What settles the twins' trains of failures judges those of any stage.
    """
    if not stages:
        return drivers
    last = max((i for i, name in enumerate(drivers) if name.startswith(stages)), default=-1)
    return drivers[: last + 1] + [name for name in drivers[last + 1 :] if name == SETTLING]


def _driver(name: str) -> Callable[[Context], None]:
    run: Callable[[Context], None] = import_module(f"tracekit.replay.{name}").run
    return run
