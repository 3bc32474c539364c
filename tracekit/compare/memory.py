"""The difference of two memory budgets by cause, and the accounts that it explains.

The leaves of a budget add up to its root, so the differences of the leaves add up to the
difference of the roots: nothing can go missing between them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tracekit.compare.change import Account, Change
from tracekit.compare.side import Side
from tracekit.replay.budget.tree import Budget

Key = tuple[str, str]
AREAS = {"firmware": "firmware", "left out": "firmware", "hole": "firmware", "free": "free"}


def budgets(a: Side, b: Side) -> tuple[Budget, Budget] | None:
    """Return both budgets in the same detail, None where one side has none."""
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


def _leaves(budget: Budget) -> dict[Key, int]:
    sums: Counter[Key] = Counter()
    for leaf in budget.root.leaves():
        sums[leaf.kind, leaf.owner or leaf.name] += leaf.bytes
    return dict(sums)


def accounts(a: Side, b: Side, one: Budget, two: Budget) -> list[Account]:
    """Return the Memory: line's numbers and MemTotal, with what the changes explain of each."""
    changes = budget_changes(one, two)
    held = sum(change.delta for change in changes if change.area == "memblock")
    firmware = sum(change.delta for change in changes if change.area == "firmware")
    root = two.root.bytes - one.root.bytes
    found = [Account("RAM", one.ram, two.ram, root - firmware, "not in the budget")]
    free = root - firmware - held
    if one.free is not None and two.free is not None:
        found.append(Account("free at the hand-off", one.free, two.free, free, "not in the budget"))
    found += _memory_line(a, b, free)
    if one.mem_total is not None and two.mem_total is not None:
        explained = free + _returned(two) - _returned(one)
        name = "given back or taken without a line after the hand-off"
        found.append(Account("MemTotal", one.mem_total, two.mem_total, explained, name))
    return found


def _memory_line(a: Side, b: Side, free: int) -> Iterator[Account]:
    one, two = a.memory_line, b.memory_line
    if one is None or two is None:
        return
    name = "taken between the hand-off and the line, or counted in whole KiB"
    yield Account("Memory: available", one.available << 10, two.available << 10, free, name)


def _returned(budget: Budget) -> int:
    return sum(item.bytes for item in budget.returned)
