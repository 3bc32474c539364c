"""Small traces made by hand, and their replay over one zone of free pages."""

from __future__ import annotations

from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_rules import Rules
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.ledger import Ledger
from tracekit.replay.page_alloc.account import Account
from tracekit.replay.page_alloc.stream import (
    FREE,
    FREE_BATCHED,
    MARKER,
    VFREE,
    ZONE_LOCKED,
    Stream,
)
from tracekit.replay.page_alloc.twin import Twin

USER = "GFP_HIGHUSER_MOVABLE"
MOVABLE = 1


class Trace:
    """A trace in the making: one task on cpu 0, unless a call says otherwise."""

    def __init__(self) -> None:
        self.stream = Stream(file="trace", gfps=[USER, "GFP_KERNEL"])

    def add(self, kind: int, pfn: int, order: int = 0, **more: int) -> None:
        """Add one row with the next line number."""
        more.setdefault("migratetype", 0 if kind in (FREE, FREE_BATCHED, VFREE) else MOVABLE)
        self.stream.append(kind, len(self.stream) + 1, pfn=pfn, order=order, **more)

    def refill(self, *pfns: int, order: int = 0, **more: int) -> None:
        """Add a refill of the per-cpu list with these blocks."""
        for pfn in pfns:
            self.add(ZONE_LOCKED, pfn, order, extra=1, **more)

    def mark(self, text: str) -> None:
        """Add a marker."""
        self.stream.labels.append(text)
        self.add(MARKER, 0, extra=len(self.stream.labels) - 1)


def play(
    trace: Trace,
    rules: Rules | None = None,
    migratetype: int = MOVABLE,
    zone_pages: int = 2048,
) -> tuple[Twin, Ledger]:
    """Replay a trace over one zone, whose first 2,048 pages are free; return twin and ledger."""
    rules = rules or Rules()
    zone = Zone("Normal", 0, 0, zone_pages, rules)
    for pfn in (0, 1024):
        zone.insert(pfn, 10, migratetype, tail=True)
    ledger = Ledger("page_alloc")
    account = Account(trace.stream, ledger)
    twin = Twin(PageAllocator([zone], rules), trace.stream, account, {})
    twin.run(0, len(trace.stream))
    account.close()
    return twin, ledger


def codes(ledger: Ledger) -> list[tuple[str, int]]:
    """Return code and line of every divergence."""
    return [(found.code, found.line.line) for found in ledger.divergences]
