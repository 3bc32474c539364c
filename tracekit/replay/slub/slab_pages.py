"""Which pages are slabs, of which cache, from when to when, as the trace's objects tell."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from tracekit.boot import Boot
from tracekit.events.lifetimes import SLAB
from tracekit.events.table import Trace
from tracekit.replay.ledger import Ledger
from tracekit.replay.slub.driver import debugs_all, has_events, make_twin
from tracekit.replay.slub.stream import ALLOC, PAGE_ALLOC, PAGE_FREE, read_stream
from tracekit.replay.slub.twin import SlubTwin

NO_TRACE = "there is no trace of slab events"
LARGE = "kmalloc of whole pages"
OLDER = -1


@dataclass(slots=True)
class SlabPages:
    """A slab of 2^order pages, or such a block that kmalloc() gave out whole.

    ``made`` is the index in the trace of the event that handed the pages out (OLDER for what
    was there before), ``freed`` of the one that gave them back, None where none did.
    ``caller`` is the call site of the first object.
    """

    pfn: int
    order: int
    cache: str
    caller: str
    made: int = OLDER
    freed: int | None = None

    @property
    def pages(self) -> int:
        """The number of pages."""
        return 1 << self.order

    @property
    def made_by_cache(self) -> bool:
        """Whether a cache owns the pages; not those that kmalloc() gave out whole."""
        return self.cache != LARGE

    def lives_before(self, event: int) -> bool:
        """Return whether the slab exists just before an event of the trace."""
        return self.made < event and (self.freed is None or self.freed >= event)


def slab_pages(boot: Boot) -> list[SlabPages] | str:
    """Return all slabs that the trace shows objects of, or why they cannot be told.

    A slab that is older than the trace, and full or untouched throughout, is not among them.
    """
    trace, debug = boot.trace, debugs_all(boot)
    stream = read_stream(trace, debug=debug) if trace is not None else None
    if stream is None or not has_events(stream):
        return NO_TRACE
    twin = make_twin(Ledger("slub"), boot, stream)
    return twin if isinstance(twin, str) else _find(twin)


def _find(twin: SlubTwin) -> list[SlabPages]:
    stream = twin.desk.stream
    reading = _Reading(twin)
    steps: dict[int, Callable[[int], None]] = {
        ALLOC: reading.object_made,
        PAGE_ALLOC: reading.pages_out,
        PAGE_FREE: reading.pages_back,
    }
    for row, op in enumerate(stream.op):
        step = steps.get(op)
        if step is not None:
            step(row)
    return reading.found


class _Reading:
    """One pass over the events: ``fresh`` are blocks handed out, ``slabs`` those with objects."""

    def __init__(self, twin: SlubTwin) -> None:
        self.stream = twin.desk.stream
        self.linear = twin.desk.linear
        self.identity = twin.world.identity
        self.caches = twin.world.caches
        self.fresh: dict[int, int] = {}
        self.slabs: dict[int, SlabPages] = {}
        self.found: list[SlabPages] = []

    def pages_out(self, row: int) -> None:
        """Note a block of pages that was handed out."""
        head = self.stream.where[row]
        self._end(head, self.stream.index[row])
        self.fresh[head] = row

    def pages_back(self, row: int) -> None:
        """Note a block of pages that was given back."""
        head = self.stream.where[row]
        self._end(head, self.stream.index[row])
        self.fresh.pop(head, None)

    def object_made(self, row: int) -> None:
        """Note the slab that an object lies on, where this is its first."""
        stream, key = self.stream, self.stream.what[row]
        number = self.identity.cache_of[key]
        pfn = self.linear.pfn(stream.where[row])
        order = self.identity.orders[key]
        head = pfn if number < 0 else pfn >> order << order
        if head in self.slabs:
            return
        made = self.fresh.get(head)
        if number < 0:
            if made is not None:
                self._begin(row, head, stream.what[made], LARGE, made)
        elif made is None or stream.what[made] == order:
            self._begin(row, head, order, self.caches[number].name, made)

    def _begin(self, row: int, head: int, order: int, cache: str, made: int | None) -> None:
        index = OLDER if made is None else self.stream.index[made]
        slab = SlabPages(head, order, cache, self._caller(row), index)
        self.slabs[head] = slab
        self.found.append(slab)

    def _end(self, head: int, index: int) -> None:
        slab = self.slabs.pop(head, None)
        if slab is not None:
            slab.freed = index

    def _caller(self, row: int) -> str:
        return call_site(self.stream.trace, self.stream.index[row])


def call_site(trace: Trace, index: int) -> str:
    """Return the function that a slab event names as its caller, "" where none does."""
    for name in SLAB.makes:
        table = trace.table(name)
        place = bisect_left(table.index, index)
        if place < len(table) and table.index[place] == index and "call_site" in table:
            return trace.text(table["call_site"][place]).partition("+")[0]
    return ""
