"""Who took the pages: the cache whose slab they became, or the request's flags and its task.

A trace without call chains does not say who called alloc_pages(). A slab event that puts an
object on the pages does say it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tracekit.events.table import Trace
from tracekit.replay.page_alloc.stream import ALLOC, FREE
from tracekit.replay.slub.slab_pages import SlabPages

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.twin import Twin

UNLOGGED = "taken without an event of its own (vmalloc in bulk)"


@dataclass(slots=True)
class Owner:
    """Who holds pages: blocks and pages in all, and which callers or tasks took how many."""

    name: str
    blocks: int = 0
    pages: int = 0
    takers: Counter[str] = field(default_factory=Counter)

    def add(self, pages: int, taker: str) -> None:
        """Add one block of pages."""
        self.blocks += 1
        self.pages += pages
        if taker:
            self.takers[taker] += pages


@dataclass(slots=True)
class Owners:
    """``by_row`` names who was given the pages of each ALLOC row; ``living`` sums up those that
    the simulation holds for allocated at the end, the largest first.
    """

    by_row: dict[int, str]
    living: list[Owner]


def owners(twin: Twin, trace: Trace, slabs: list[SlabPages]) -> Owners:
    """Return who took pages in the trace, and who still has them when it ends."""
    stream = twin.stream
    made = {(slab.made, slab.pfn): slab for slab in slabs}
    names: dict[int, str] = {}
    last: dict[int, int] = {}
    for row, kind in enumerate(stream.kind):
        if kind == ALLOC and stream.pfn[row] >= 0:
            slab = made.get((stream.event[row], stream.pfn[row]))
            names[row] = slab_name(slab) if slab else stream.gfps[stream.extra[row]]
            last[stream.pfn[row]] = row
        elif kind == FREE:
            last.pop(stream.pfn[row], None)
    found: dict[str, Owner] = {}
    for pfn, order in twin.in_use.items():
        row = last.get(pfn, -1)
        name = UNLOGGED if row < 0 else names[row]
        slab = None if row < 0 else made.get((stream.event[row], pfn))
        taker = slab.caller if slab else "" if row < 0 else task(trace, stream.event[row])
        found.setdefault(name, Owner(name)).add(1 << order, taker)
    return Owners(names, sorted(found.values(), key=lambda owner: (-owner.pages, owner.name)))


def slab_name(slab: SlabPages) -> str:
    """Return what a slab is called in reports."""
    return f"slab {slab.cache}" if slab.made_by_cache else slab.cache


def task(trace: Trace, event: int) -> str:
    """Return the task of an event, ``comm-pid``."""
    comm, pid = trace.prefixes["comm"], trace.prefixes["pid"]
    prefix = trace["prefix"][event]
    return f"{trace.text(comm[prefix])}-{pid[prefix]}"
