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


def mark_impossible(stream: Stream, rules: Rules, account: Account) -> None:
    """Report rows with an order or migrate type out of range, and take them out of the replay."""
    orders, types = rules.max_order, len(rules.types)
    if max(stream.order, default=0) <= orders and max(stream.migratetype, default=0) < types:
        sizes = zip(stream.kind, stream.pfn, stream.order, strict=True)
        rows = [
            row
            for row, (kind, pfn, order) in enumerate(sizes)
            if kind == EXTFRAG or (order and pfn & ((1 << order) - 1))
        ]
    else:
        rows = list(range(len(stream)))
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
        stream.kind[row] = IMPOSSIBLE


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
