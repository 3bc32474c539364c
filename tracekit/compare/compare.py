"""Compare two boots: by cause, largest first, with accounts that add up."""

from __future__ import annotations

from collections.abc import Collection

from tracekit.compare.change import Change, Comparison
from tracekit.compare.ignore import IgnoreList
from tracekit.compare.memory import accounts, budget_changes, budgets
from tracekit.compare.moves import move_changes
from tracekit.compare.other import (
    divergence_changes,
    not_comparable,
    setting_changes,
    slab_changes,
    zone_changes,
)
from tracekit.compare.side import Side

AREAS = ("firmware", "memblock", "free", "zones", "slab", "moves", "divergences", "setting")


def compare(
    a: Side, b: Side, only: Collection[str] = (), ignore: IgnoreList | None = None
) -> Comparison:
    """Return all that differs between two boots.

    ``only`` narrows to these areas; changes that ``ignore`` excuses are set apart with the
    reason.
    """
    result = Comparison(a.name, b.name, reasons=not_comparable(a, b))
    found = [*setting_changes(a, b), *_changes(a, b)]
    for change in found:
        if only and change.area not in only:
            continue
        reason = ignore.reason(change) if ignore else None
        if reason is not None:
            result.ignored.append((change, reason))
        else:
            (result.setting if change.area == "setting" else result.changes).append(change)
    both = budgets(a, b)
    if both is not None:
        result.accounts = accounts(a, b, *both)
    result.changes.sort(key=lambda change: (-abs(change.delta), change.key))
    if ignore:
        result.warnings = ignore.warnings()
    return result


def _changes(a: Side, b: Side) -> list[Change]:
    both = budgets(a, b)
    changes = budget_changes(*both) if both is not None else []
    changes += zone_changes(a, b)
    changes += slab_changes(a, b)
    changes += move_changes(a, b)
    changes += divergence_changes(a, b)
    return changes
