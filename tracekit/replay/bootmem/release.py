"""Judges the hand-off: how many pages bootmem gave to the page allocator."""

from __future__ import annotations

from tracekit.events.bootmem import BootmemFreeAll, BootmemReleased
from tracekit.kernel.kernel import Kernel
from tracekit.mm.bootmem import BootmemNode
from tracekit.mm.bootmem_handoff import ReleaseLoop, release
from tracekit.replay.bootmem.belief import Belief
from tracekit.replay.bootmem.nodes import Nodes, text

KIND = "handoff"
UNSEEN = "what was reserved before bootmem_debug was parsed is not in the log"
ODD_START = "the node's start is odd, and whether this kernel handles that is not known"


def released(
    nodes: Nodes, kernel: Kernel, event: BootmemReleased, begun: BootmemFreeAll | None
) -> None:
    """Compare the count of released pages with the bitmap (free_all_bootmem_core())."""
    belief = nodes.known(KIND, event.nid)
    if belief is None or (begun is not None and not _same_node(nodes, begun, belief.node)):
        return
    if belief.unknown is not None:
        nodes.ledger.unchecked(KIND, UNSEEN)
        return
    loop = _loop(kernel, begun)
    if loop is None and belief.node.min_pfn % nodes.word_bits:
        nodes.ledger.unchecked(KIND, ODD_START)
        return
    handed_over = release(belief.node, loop or ReleaseLoop.SHIFTED)
    expected = handed_over.pages
    low, high = _bounds(belief, expected)
    if not low <= event.released <= high:
        nodes.ledger.diverged(
            KIND,
            "BM130",
            event.source,
            f"node {event.nid}",
            logged=f"{event.released:#x} pages released",
            simulated=f"{expected:#x} pages: the free ones and the bitmap's own",
        )
        return
    if low == high:
        nodes.ledger.matched(KIND)
        nodes.releases.append(handed_over)
    else:
        nodes.ledger.inferred(KIND)


def unanswered(nodes: Nodes, begun: BootmemFreeAll) -> None:
    """A node was handed over but the line with the count is missing."""
    nodes.ledger.diverged(
        KIND,
        "BM131",
        begun.source,
        f"node {begun.nid}",
        logged="no count of released pages",
        simulated="a line with released=",
    )


def _loop(kernel: Kernel, begun: BootmemFreeAll | None) -> ReleaseLoop | None:
    """Which version of the loop freed the pages, where the log or the version tells."""
    if begun is not None and begun.aligned is not None:
        return ReleaseLoop.FLAG
    return ReleaseLoop.SHIFTED if kernel.has("bootmem_odd_start_fixed") else None


def _same_node(nodes: Nodes, begun: BootmemFreeAll, node: BootmemNode) -> bool:
    """Whether the node that is handed over is the one that was set up."""
    aligned = None if begun.aligned is None else int(node.min_pfn % nodes.word_bits == 0)
    logged = (begun.start_pfn, begun.end_pfn, begun.aligned)
    if logged == (node.min_pfn, node.low_pfn, aligned):
        return True
    nodes.ledger.diverged(
        KIND,
        "BM120",
        begun.source,
        f"node {begun.nid}",
        logged=text((begun.start_pfn, begun.end_pfn)) + _aligned_text(begun.aligned),
        simulated=text((node.min_pfn, node.low_pfn)) + _aligned_text(aligned),
        related=[nodes.inits[begun.nid].source] if begun.nid in nodes.inits else [],
    )
    return False


def _aligned_text(aligned: int | None) -> str:
    return "" if aligned is None else f" aligned={aligned}"


def _bounds(belief: Belief, expected: int) -> tuple[int, int]:
    """The least and the most pages that can be released, with pages in doubt either way."""
    node = belief.node
    taken = sum(node.bits[pfn - node.min_pfn] for pfn in belief.doubtful)
    return expected - (len(belief.doubtful) - taken), expected + taken
