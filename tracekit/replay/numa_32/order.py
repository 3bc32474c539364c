"""The order in which 2.6.27 to 2.6.39 print the remap allocator's lines; what is missing.

initmem_init() runs straight through: a size for each node, the total, the start, then for
each node its addresses, then the mappings. A gap in that order is a lost line. Most of the
lines are debug messages: a log that shows none of them lacks nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tracekit.events.base import Event
from tracekit.events.numa_32 import (
    AllocatePgdat,
    KvaReserve,
    KvaShrink,
    KvaStart,
    KvaTotal,
    NodePfn,
    RemapNode,
    RemapPage,
    WillRemap,
)
from tracekit.replay.ledger import Ledger
from tracekit.replay.numa_32.worlds import KIND

Expected = tuple[str, int]
ORDERED = (
    AllocatePgdat,
    KvaReserve,
    KvaShrink,
    KvaStart,
    KvaTotal,
    NodePfn,
    RemapNode,
    RemapPage,
    WillRemap,
)


@dataclass(slots=True)
class LineOrder:
    """What was seen so far, the last line of these, and the node that announced an area."""

    ledger: Ledger
    seen: set[Expected] = field(default_factory=set)
    last: Event | None = None
    promised: NodePfn | None = None

    def promise(self, event: NodePfn, ram_end: int | None) -> None:
        """A `node N pfn:` line announces an area unless the node lies above the end of RAM."""
        if event.end_pfn and (ram_end is None or event.start_pfn <= ram_end):
            self.promised = event

    def missing(self, event: Event, nids: Sequence[int], ordered: bool) -> Iterator[Expected]:
        """Report and yield what must have stood before this event and did not."""
        if self.promised is not None and isinstance(event, (NodePfn, KvaTotal, KvaStart)):
            nid, self.promised = self.promised.nid, None
            self.report(f"remap area of node {nid}", "Reserving")
            yield "reserve", nid
        if not ordered:
            return
        for what, subject, words in self._wanted(event, nids):
            if what not in self.seen:
                self.seen.add(what)
                before = what[0] in ("total", "start")
                self.report(subject, words, None if before else event)
                yield what

    def _wanted(self, event: Event, nids: Sequence[int]) -> Iterator[tuple[Expected, str, str]]:
        match event:
            case KvaStart():
                yield ("total", 0), "all nodes", "Reserving total of"
            case WillRemap():
                yield ("start", 0), "KVA area", "kva_start_pfn"
                for nid in _before(event.nid, nids):
                    yield ("pgdat", nid), f"node {nid}", f"allocate_pgdat: node {nid}"
            case AllocatePgdat():
                for nid in [*_before(event.nid, nids), event.nid]:
                    yield ("remap", nid), f"node {nid}", f"node {nid} will remap"
            case RemapNode():
                for nid in nids:
                    yield ("remap", nid), f"node {nid}", f"node {nid} will remap"
                    yield ("pgdat", nid), f"node {nid}", f"allocate_pgdat: node {nid}"

    def see(self, event: Event) -> None:
        """Remember a line."""
        match event:
            case KvaReserve():
                self.promised = None
            case KvaTotal():
                self.seen.add(("total", 0))
            case KvaStart():
                self.seen.add(("start", 0))
            case WillRemap():
                self.seen.add(("remap", event.nid))
            case AllocatePgdat():
                self.seen.add(("pgdat", event.nid))
        if isinstance(event, ORDERED):
            self.last = event

    def report(self, subject: str, words: str, instead: Event | None = None) -> None:
        """Report a missing line at the one that came instead, else at the last before it."""
        line = instead or self.last
        if line is None:
            return
        self.ledger.diverged(
            KIND,
            "NR109",
            line.source,
            subject,
            logged="no such line",
            simulated=f"a line that begins with {words}",
        )


def _before(nid: int, nids: Sequence[int]) -> list[int]:
    """The nodes that come before a node."""
    return [*nids[: nids.index(nid)]] if nid in nids else []
