"""The nodes that bootmem was set up with, shared by the parts of its replay."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.events.bootmem import BootmemInit
from tracekit.mm.bootmem import BootmemNode, bitmap_bytes
from tracekit.mm.bootmem_handoff import Release
from tracekit.replay.bootmem.belief import Belief, PfnRange
from tracekit.replay.ledger import Ledger

# A node of 4 TiB with 4 KiB pages; more than any machine had while bootmem was in use.
MOST_PAGES = 1 << 30
NO_NODE = "bootmem_debug was parsed after the node was set up, so its bitmap is not known"


def text(pages: PfnRange | None) -> str:
    """A range of pfns in words."""
    return "no room" if pages is None else f"pages [{pages[0]:#x}-{pages[1]:#x})"


@dataclass(slots=True)
class Nodes:
    """What is believed of each node, by its number, and the lines that set them up.

    `spans` are the nodes' pages as the hand-off shows them, for nodes without such a line.
    `releases` are the nodes that went to the page allocator as the log bears out, in order.
    """

    ledger: Ledger
    page_shift: int
    word_bits: int
    beliefs: dict[int, Belief] = field(default_factory=dict)
    spans: dict[int, PfnRange] = field(default_factory=dict)
    inits: dict[int, BootmemInit] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)

    def set_up(self, event: BootmemInit) -> None:
        """Register a node and judge its bitmap (init_bootmem_core())."""
        pages = (event.start_pfn, event.end_pfn)
        needed = bitmap_bytes(pages[1] - pages[0], self.word_bits)
        if needed == event.map_bytes:
            self.ledger.matched("node")
        else:
            self.ledger.diverged(
                "node",
                "BM120",
                event.source,
                f"node {event.nid}",
                logged=f"a bitmap of {event.map_bytes:#x} bytes",
                simulated=f"{needed:#x} bytes for {pages[1] - pages[0]} pages",
            )
            pages = self.spans.get(event.nid, pages)
        if not 0 < pages[1] - pages[0] <= MOST_PAGES:
            return
        node = BootmemNode(event.nid, *pages, event.map_pfn, self.page_shift, self.word_bits)
        belief = self.beliefs[event.nid] = Belief(node)
        self._check_bitmaps(event, belief)
        self.inits[event.nid] = event

    def _check_bitmaps(self, event: BootmemInit, belief: Belief) -> None:
        """Two nodes' bitmaps must not share bytes; x86-32 places them back to back.

        What is marked in shared bytes is marked for both nodes: those pages are unknown.
        """
        start = event.map_pfn << self.page_shift
        end = start + belief.node.bitmap_bytes
        for other in self.inits.values():
            low = other.map_pfn << self.page_shift
            shared = max(start, low), min(end, low + other.map_bytes)
            if other.nid == event.nid or shared[0] >= shared[1]:
                continue
            self.ledger.report(
                "BM121",
                event.source,
                f"bitmaps of nodes {other.nid} and {event.nid}",
                logged=f"node {event.nid}'s bitmap at {start:#x}",
                simulated=f"node {other.nid}'s bitmap ends at {low + other.map_bytes:#x}",
                related=[other.source],
            )
            belief.forget((shared[0] - start) * 8, (shared[1] - start) * 8)
            self.beliefs[other.nid].forget((shared[0] - low) * 8, (shared[1] - low) * 8)

    def has_no_bitmap(self, nid: int) -> bool:
        """Whether a node was never set up although others were, in plain sight.

        alloc_bootmem_core() finds no room on a node without memory (no bitmap).
        """
        return bool(self.inits) and nid not in self.beliefs and nid not in self.spans

    def _pages_of(self, nid: int) -> int:
        start, end = self.spans.get(nid, (0, 0))
        return end - start

    def known(self, kind: str, nid: int) -> Belief | None:
        """What is believed of a node; an unknown node makes the event unchecked."""
        found = self.beliefs.get(nid)
        if found is None and 0 < self._pages_of(nid) <= MOST_PAGES:
            node = BootmemNode(nid, *self.spans[nid], None, self.page_shift, self.word_bits)
            found = self.beliefs[nid] = Belief.set_up_unseen(node)
        if found is None:
            self.ledger.unchecked(kind, NO_NODE)
        return found
