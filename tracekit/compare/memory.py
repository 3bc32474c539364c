"""The difference of two memory budgets by cause.

The leaves of a budget add up to its root, so the differences of the leaves add up to the
difference of the roots: nothing can go missing between them.
"""

from __future__ import annotations

from collections import Counter

from tracekit.compare.change import Change
from tracekit.compare.side import Side
from tracekit.replay.budget.tree import Budget

Key = tuple[str, str]
AREAS = {"firmware": "firmware", "left out": "firmware", "hole": "firmware", "free": "free"}


def budgets(a: Side, b: Side) -> tuple[Budget, Budget] | None:
    """Return both budgets in the same detail, None where one side has none.

    A log that was cut before its Memory: line tells some sizes and not others: it has none.
    """
    if a.memory_line is None or b.memory_line is None:
        return None
    one, two = a.budget, b.budget
    if one is not None and two is not None and one.detail != two.detail:
        one, two = a.coarse(), b.coarse()
    return None if one is None or two is None else (one, two)


def budget_changes(one: Budget, two: Budget) -> list[Change]:
    """Return what grew, shrank, came or went: by what it is for and who took it."""
    before, after = _leaves(one), _leaves(two)
    return [
        Change(AREAS.get(kind, "memblock"), kind, owner, before.get(key), after.get(key))
        for key in before.keys() | after.keys()
        if before.get(key) != after.get(key)
        for kind, owner in [key]
    ]


def later_changes(one: Budget, two: Budget) -> list[Change]:
    """Return what the kernel gave to the page allocator after the hand-off, where it differs."""
    before, after = _returned(one), _returned(two)
    return [
        Change("later", "freed later", name, before.get(name), after.get(name))
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    ]


def _returned(budget: Budget) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for item in budget.returned:
        sums[item.name] += item.bytes
    return dict(sums)


def _leaves(budget: Budget) -> dict[Key, int]:
    sums: Counter[Key] = Counter()
    for leaf in budget.root.leaves():
        sums[leaf.kind, leaf.owner or leaf.name] += leaf.bytes
    return dict(sums)
