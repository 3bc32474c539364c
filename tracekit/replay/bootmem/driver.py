"""Replays bootmem: every allocation predicted, every reserve and free judged, the hand-off.

bootmem prints its lines in pairs: what is asked (a request, mark_bootmem_node) and what was
done (__reserve, __free). A request without its answer failed, which is right only where the
simulation finds no room either; any other line without its partner is a lost line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tracekit.boot import Boot
from tracekit.events.base import Event
from tracekit.events.bootmem import (
    BootmemAlloc,
    BootmemDouble,
    BootmemFree,
    BootmemFreeAll,
    BootmemInit,
    BootmemMark,
    BootmemReleased,
    BootmemReserve,
)
from tracekit.kernel.arch import ARCHES
from tracekit.kernel.kernel import Kernel
from tracekit.mm.bootmem import BOOTMEM_EXCLUSIVE, bitmap_bytes
from tracekit.mm.bootmem_handoff import Releases
from tracekit.mm.memblock import Memblock
from tracekit.replay.bootmem import early, early_subtract, release
from tracekit.replay.bootmem.marks import Marks
from tracekit.replay.bootmem.nodes import Nodes
from tracekit.replay.bootmem.promises import PROMISES, Promises, active_ranges, early_lists
from tracekit.replay.bootmem.requests import Requests
from tracekit.replay.context import Context

DEBUG_EVENTS = (
    BootmemInit,
    BootmemMark,
    BootmemFree,
    BootmemReserve,
    BootmemDouble,
    BootmemAlloc,
    BootmemFreeAll,
    BootmemReleased,
)
Question = BootmemAlloc | BootmemMark | BootmemFreeAll


def run(context: Context) -> None:
    """Replay the bootmem lines of a boot, the early reservations before them, and complaints."""
    boot = context.boot
    early_subtract.check(context)
    wanted = DEBUG_EVENTS + early.EARLY_EVENTS
    count = sum(isinstance(event, wanted) for event in boot.events)
    if not count:
        return
    ledger = context.ledger("bootmem")
    ledger.events = count
    events = debug_events(boot)
    nodes = Nodes(ledger, page_shift(boot.kernel, events), word_bits(boot.kernel, events))
    nodes.spans = {
        event.nid: (event.start_pfn, event.end_pfn)
        for event in events
        if isinstance(event, BootmemFreeAll)
    }
    wrong_rows = early.check_listings(boot, ledger)
    lists = early_lists(boot, context.take(Memblock), nodes.page_shift)
    promises = Promises(nodes, active_ranges(boot), lists, wrong_rows)
    Driver(nodes, boot.kernel, promises).replay(events)
    early.check(boot, ledger)
    ledger.state = state(nodes)
    # An ordinary log shows that bootmem ran, and nothing of what it released.
    shown = sum(isinstance(event, BootmemReleased) for event in events)
    if shown and len(nodes.releases) == shown:
        context.hand_over(Releases(nodes.releases))


def debug_events(boot: Boot) -> list[Event]:
    """bootmem's debug lines, and those that announce them, from the log with most of them."""
    debug = [event for event in boot.events if isinstance(event, DEBUG_EVENTS)]
    files = Counter(event.source.file for event in debug).most_common(1)
    return [
        event
        for event in boot.events
        if files and event.source.file == files[0][0]
        if isinstance(event, DEBUG_EVENTS + PROMISES)
    ]


def page_shift(kernel: Kernel, events: Sequence[Event]) -> int:
    """log2 of the page size: as the requests print it, else as the kernel has it."""
    for event in events:
        if isinstance(event, BootmemAlloc) and event.pages > 1:
            for shift in range(12, 17):
                if -(-event.size >> shift) == event.pages:
                    return shift
    return (kernel.page_size or 4096).bit_length() - 1


def word_bits(kernel: Kernel, events: Sequence[Event]) -> int:
    """Bits of a long: as the architecture has it, else as the bitmaps' sizes show."""
    arch = ARCHES.get(kernel.arch or "")
    if arch is not None:
        return arch.bits
    inits = [event for event in events if isinstance(event, BootmemInit)]
    sizes = [(bitmap_bytes(e.end_pfn - e.start_pfn, 64), e.map_bytes) for e in inits]
    return 64 if inits and all(needed == logged for needed, logged in sizes) else 32


def state(nodes: Nodes) -> dict[str, object]:
    """What the report shows: each node's pages and how many of them are free."""
    return {
        "page_size": 1 << nodes.page_shift,
        "nodes": [
            {
                "nid": nid,
                "start_pfn": belief.node.min_pfn,
                "end_pfn": belief.node.low_pfn,
                "free_pages": belief.node.bits.count(0),
            }
            for nid, belief in sorted(nodes.beliefs.items())
        ],
    }


@dataclass(slots=True)
class Driver:
    """Walks bootmem's lines. `pending` is the line whose answer must come next."""

    nodes: Nodes
    kernel: Kernel
    promises: Promises
    pending: Question | None = None

    def replay(self, events: Sequence[Event]) -> None:
        """Read all lines."""
        requests, marks = Requests(self.nodes, events), Marks(self.nodes)
        for index, event in enumerate(events):
            requests.position = index
            if isinstance(event, BootmemDouble):
                marks.double(event)
                continue
            marks.end_of_doubles()
            question = self._take_question(event)
            if self.pending is not None:
                self._unanswered(requests, marks, event)
            self.promises.see(event)
            match event:
                case BootmemInit():
                    self.nodes.set_up(event)
                    self.promises.node_set_up(event)
                case BootmemMark() | BootmemAlloc() | BootmemFreeAll():
                    self.pending = event
                case BootmemReserve() if isinstance(question, BootmemAlloc):
                    requests.answered(question, event)
                case BootmemReserve() if question is None and event.flags & BOOTMEM_EXCLUSIVE:
                    requests.orphan(event)
                case BootmemReserve() | BootmemFree():
                    marks.done(event, question if isinstance(question, BootmemMark) else None)
                case BootmemReleased():
                    begun = question if isinstance(question, BootmemFreeAll) else None
                    release.released(self.nodes, self.kernel, event, begun)
        marks.end_of_doubles()
        self._unanswered(requests, marks, None)

    def _take_question(self, event: Event) -> Question | None:
        """The pending line, if this event can be its answer; then it is no longer pending."""
        pending = self.pending
        match event:
            case BootmemReserve():
                answers = (
                    isinstance(pending, BootmemAlloc) and bool(event.flags & BOOTMEM_EXCLUSIVE)
                ) or (isinstance(pending, BootmemMark) and bool(pending.reserve))
            case BootmemFree():
                answers = isinstance(pending, BootmemMark) and not pending.reserve
            case BootmemReleased():
                answers = isinstance(pending, BootmemFreeAll)
            case _:
                answers = False
        if pending is None or not answers or pending.nid != getattr(event, "nid", None):
            return None
        self.pending = None
        return pending

    def _unanswered(self, requests: Requests, marks: Marks, instead: Event | None) -> None:
        """The pending line has no answer: a failed request, or a lost line."""
        pending, self.pending = self.pending, None
        match pending:
            case BootmemAlloc():
                requests.unanswered(pending, instead)
            case BootmemMark():
                marks.unanswered(pending)
            case BootmemFreeAll():
                release.unanswered(self.nodes, pending)
