"""Three or more boots side by side: bytes by cause, and at which boot each of them changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tracekit.compare.compare import slug
from tracekit.compare.memory import AREAS
from tracekit.compare.side import Side
from tracekit.replay.budget.tree import Budget

KIB = 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One cause with its bytes in each boot, None where a boot's log does not tell.

    ``state`` marks what moves from boot to boot of one machine, and decides nothing.
    """

    name: str
    values: tuple[int | None, ...]
    state: bool = False

    @property
    def spread(self) -> int:
        """Bytes between the boots that have least and most of it."""
        known = [value for value in self.values if value is not None]
        return max(known) - min(known) if known else 0

    @property
    def steps(self) -> list[int]:
        """Return the places of the boots that differ from the one before them."""
        return [
            place
            for place in range(1, len(self.values))
            if self.values[place] != self.values[place - 1]
        ]


@dataclass(frozen=True, slots=True)
class Table:
    """The boots (name and kernel) and their rows: causes by how much they differ, then totals.

    ``coarse`` says that some logs lack memblock=debug, so that all are taken apart coarsely.
    """

    boots: tuple[tuple[str, str], ...]
    causes: tuple[Row, ...]
    totals: tuple[Row, ...]
    coarse: bool = False

    @property
    def same(self) -> bool:
        """Whether no row differs anywhere but in what moves from boot to boot."""
        return not any(row.steps for row in (*self.causes, *self.totals) if not row.state)


def make_table(sides: Sequence[Side], only: Collection[str] = ()) -> Table:
    """Return the table of these boots in their order; ``only`` narrows to areas or kinds."""
    coarse = len({side.budget.detail for side in sides if side.budget}) > 1
    kinds = [_kinds(side.coarse() if coarse else side.budget) for side in sides]
    names = {name for found in kinds for name in found if not only or _wanted(name, only)}
    rows = [Row(name, tuple(found[name] for found in kinds)) for name in names]
    causes = tuple(sorted(rows, key=lambda row: (-row.spread, row.name)))
    boots = tuple((side.name, side.boot.kernel.release or "unknown release") for side in sides)
    return Table(boots, causes, () if only else _totals(sides), coarse)


def _wanted(kind: str, only: Collection[str]) -> bool:
    return slug(kind) in only or AREAS.get(kind, "memblock") in only


def _kinds(budget: Budget | None) -> Counter[str]:
    sums: Counter[str] = Counter()
    for leaf in budget.root.leaves() if budget else ():
        sums[leaf.kind or leaf.name] += leaf.bytes
    return sums


def _totals(sides: Sequence[Side]) -> tuple[Row, ...]:
    lines = [side.memory_line for side in sides]
    budgets = [side.budget for side in sides]
    rows = (
        Row("RAM of the kernel", tuple(b.ram if b else None for b in budgets)),
        Row(
            "Memory: available", tuple(x.available * KIB if x else None for x in lines), state=True
        ),
        Row("MemTotal", tuple(b.mem_total if b else None for b in budgets)),
    )
    return tuple(row for row in rows if any(value is not None for value in row.values))
