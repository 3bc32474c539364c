"""Compare two boots: by cause, largest first, with accounts that add up."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tracekit.compare.accounts import accounts
from tracekit.compare.change import Change, Comparison
from tracekit.compare.ignore import IgnoreList
from tracekit.compare.memory import budget_changes, budgets, later_changes
from tracekit.compare.moves import move_changes
from tracekit.compare.objects import cache_changes, call_changes, shape_changes
from tracekit.compare.other import (
    divergence_changes,
    not_comparable,
    setting_changes,
    zone_changes,
)
from tracekit.compare.side import Side
from tracekit.replay.budget.kinds import KINDS

MEMORY = ("firmware", "memblock", "free")
STATE = ("slab", "calls", "moves")
AREAS = (*MEMORY, "later", "zones", *STATE, "divergences", "setting")


def only_names() -> list[str]:
    """Return what a comparison can be narrowed to: the areas, then the kinds of memory."""
    return [*AREAS, *map(slug, KINDS)]


def slug(kind: str) -> str:
    """Return a kind of memory as one word: ``hash tables`` is ``hash-tables``."""
    return kind.lower().replace("'", "").replace(" ", "-")


def compare(
    a: Side,
    b: Side,
    only: Collection[str] = (),
    ignore: IgnoreList | None = None,
    state: bool = False,
) -> Comparison:
    """Return all that differs between two boots.

    ``only`` narrows to areas or kinds of memory (``percpu``); changes that ``ignore`` excuses
    are set apart with the reason. What was in use when it was read moves from boot to boot: it
    decides the verdict only with ``state``, or where ``only`` names it.
    """
    result = Comparison(a.name, b.name, reasons=not_comparable(a, b))
    result.state_counts = state or bool(set(only) & set(STATE))
    for change in _changes(a, b):
        if only and change.area not in only and slug(change.kind) not in only:
            continue
        reason = ignore.reason(change) if ignore else None
        if reason is not None:
            result.ignored.append((change, reason))
        else:
            _place(change, result).append(change)
    both = budgets(a, b)
    if both is not None and (not only or set(only) & set(MEMORY)):
        result.accounts = accounts(a, b, *both)
    for group in (result.changes, result.state):
        group.sort(key=lambda change: (-abs(change.delta), change.key))
    if ignore:
        result.warnings = ignore.warnings(narrowed=bool(only))
    return result


def _place(change: Change, result: Comparison) -> list[Change]:
    if change.state:
        return result.state
    return result.setting if change.area == "setting" else result.changes


def _changes(a: Side, b: Side) -> Iterator[Change]:
    yield from setting_changes(a, b)
    both = budgets(a, b)
    sizes = budget_changes(*both) if both else []
    yield from sizes
    if both and a.whole and b.whole:
        yield from later_changes(*both)
    yield from zone_changes(a, b)
    yield from shape_changes(a, b)
    yield from cache_changes(a, b)
    yield from call_changes(a, b)
    yield from move_changes(a, b, resized=bool(sizes))
    yield from divergence_changes(a, b)
