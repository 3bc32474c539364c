"""The nodes that bootmem was set up with, shared by the parts of its replay."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.events.bootmem import BootmemInit
from tracekit.mm.bootmem import BootmemNode
from tracekit.replay.bootmem_belief import Belief, PfnRange
from tracekit.replay.ledger import Ledger

NO_NODE = "bootmem_debug was parsed after the node was set up, so its bitmap is not known"


def text(pages: PfnRange | None) -> str:
    """A range of pfns in words."""
    return "no room" if pages is None else f"pages [{pages[0]:#x}-{pages[1]:#x})"


@dataclass(slots=True)
class Nodes:
    """What is believed of each node, by its number, and the lines that set them up.

    `spans` are the nodes' pages as the hand-off shows them, for nodes without such a line.
    """

    ledger: Ledger
    page_shift: int
    word_bits: int
    beliefs: dict[int, Belief] = field(default_factory=dict)
    spans: dict[int, PfnRange] = field(default_factory=dict)
    inits: dict[int, BootmemInit] = field(default_factory=dict)

    def set_up(self, event: BootmemInit) -> None:
        """Register a node and judge its bitmap (init_bootmem_core())."""
        node = BootmemNode(
            event.nid,
            event.start_pfn,
            event.end_pfn,
            event.map_pfn,
            self.page_shift,
            self.word_bits,
        )
        if node.bitmap_bytes == event.map_bytes:
            self.ledger.matched("node")
        else:
            self.ledger.diverged(
                "node",
                "BM120",
                event.source,
                f"node {event.nid}",
                logged=f"a bitmap of {event.map_bytes:#x} bytes",
                simulated=f"{node.bitmap_bytes:#x} bytes for {node.low_pfn - node.min_pfn} pages",
            )
        self._check_bitmaps(event, node)
        self.beliefs[event.nid] = Belief(node)
        self.inits[event.nid] = event

    def _check_bitmaps(self, event: BootmemInit, node: BootmemNode) -> None:
        """Two nodes' bitmaps must not share bytes; x86-32 places them back to back."""
        start = event.map_pfn << self.page_shift
        for other in self.inits.values():
            low = other.map_pfn << self.page_shift
            high = low + other.map_bytes
            if other.nid != event.nid and low < start + node.bitmap_bytes and start < high:
                self.ledger.report(
                    "BM121",
                    event.source,
                    f"bitmaps of nodes {other.nid} and {event.nid}",
                    logged=f"node {event.nid}'s bitmap at {start:#x}",
                    simulated=f"node {other.nid}'s bitmap ends at {high:#x}",
                    related=[other.source],
                )

    def known(self, kind: str, nid: int) -> Belief | None:
        """What is believed of a node; an unknown node makes the event unchecked."""
        found = self.beliefs.get(nid)
        if found is None and nid in self.spans:
            node = BootmemNode(nid, *self.spans[nid], None, self.page_shift, self.word_bits)
            found = self.beliefs[nid] = Belief.set_up_unseen(node)
        if found is None:
            self.ledger.unchecked(kind, NO_NODE)
        return found
