"""Rows whose numbers no page allocator can have: an order or a migrate type out of range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.mm.page_alloc_rules import Fallback, Rules
from tracekit.replay.page_alloc.account import DRAIN, FALLBACK, LEGAL, PFN, REFILL
from tracekit.replay.page_alloc.stream import (
    ALLOC,
    EXTFRAG,
    FREE,
    IMPOSSIBLE,
    PCPU_DRAIN,
    ZONE_LOCKED,
    Stream,
)

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.account import Account

KINDS = {ALLOC: PFN, FREE: LEGAL, ZONE_LOCKED: REFILL, PCPU_DRAIN: DRAIN, EXTFRAG: FALLBACK}

# rows looked at for the right order of a misaligned block, and how many blocks are so mended
NEAR = 50_000
MENDED = 8


def mark_impossible(stream: Stream, rules: Rules, account: Account) -> None:
    """Report rows with an order or migrate type out of range, and take them out of the replay."""
    orders, types = rules.max_order, len(rules.types)
    if max(stream.order, default=0) <= orders and max(stream.migratetype, default=0) < types:
        large = (row for row, order in enumerate(stream.order) if order)
        bad = (row for row in large if stream.pfn[row] & ((1 << stream.order[row]) - 1))
        rows = sorted({*stream.rows(EXTFRAG), *bad})
    else:
        rows = list(range(len(stream)))
    mended = 0
    for row in rows:
        kind = KINDS.get(stream.kind[row])
        known = types
        if kind == DRAIN and rules.fallback is Fallback.REMOVE:
            # up to v3.6 free_pcppages_bulk() shows page_private() after the merge: an order
            known = max(types, orders + 1)
        if kind is None or _possible(stream, row, orders, known):
            continue
        account.diverged(
            kind,
            "PA109",
            row,
            f"order {stream.order[row]}, migrate type {stream.migratetype[row]}",
            logged=f"order {stream.order[row]}, migrate type {stream.migratetype[row]}",
            simulated=f"orders up to {orders}, {types} migrate types",
        )
        right = _right_order(stream, row) if mended < MENDED else None
        if right is None:
            stream.kind[row] = IMPOSSIBLE
        else:
            # the row is replayed at that order, and must not count twice
            mended += 1
            stream.order[row] = right
            account.matched[kind] -= 1


def _right_order(stream: Stream, row: int) -> int | None:
    """Return the order at which the nearest other row about a misaligned block shows it."""
    pfn, kind = stream.pfn[row], stream.kind[row]
    if kind == EXTFRAG or not 0 <= stream.order[row] < pfn.bit_length():
        return None
    near = (
        other
        for step in range(1, NEAR)
        for other in (row - step, row + step)
        if 0 <= other < len(stream.pfn) and stream.pfn[other] == pfn
    )
    found = next((r for r in near if stream.kind[r] in KINDS and stream.kind[r] != EXTFRAG), None)
    if found is None:
        return None
    order = stream.order[found]
    return order if order >= 0 and not pfn & ((1 << order) - 1) else None


def _possible(stream: Stream, row: int, orders: int, types: int) -> bool:
    numbers = [stream.order[row]]
    kinds = [stream.migratetype[row]]
    if stream.kind[row] == EXTFRAG:
        order, migratetype, _ = stream.fallback(row)
        numbers.append(order)
        kinds.append(migratetype)
    if stream.pfn[row] >= 0 and stream.pfn[row] & ((1 << stream.order[row]) - 1):
        return False
    return all(0 <= n <= orders for n in numbers) and all(0 <= k < types for k in kinds)
