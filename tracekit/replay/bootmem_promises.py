"""Lines that announce what bootmem must do next, on x86.

After a node's bitmap is placed, its RAM is freed range by range (the ranges are those of
early_node_map, free_bootmem_with_active_regions()); each early reservation with a part in the
node is reserved right after its row (early_res_to_bootmem()). Where what was announced does
not come, lines are lost, and the replay goes on as if they were there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.boot import Boot
from tracekit.events.base import Event
from tracekit.events.bootmem import (
    BootmemFree,
    BootmemMapPages,
    BootmemMark,
    BootmemNodeMap,
    BootmemReserve,
    BootmemSetupNode,
    EarlyResRow,
)
from tracekit.events.mm_init import NodeRangeLine
from tracekit.replay.bootmem_belief import PfnRange
from tracekit.replay.bootmem_nodes import Nodes, text

PROMISES = (BootmemNodeMap, BootmemMapPages, BootmemSetupNode, EarlyResRow)


@dataclass(slots=True)
class Promises:
    """What is announced and has not come yet.

    `ram` are the pages of each node's active ranges; `wrong` are the numbers of rows that
    are known to be wrong already. `frees` and `row` are announced by `free_line` and the row
    itself; `mark` is a range that was asked for instead of the row's.
    """

    nodes: Nodes
    ram: dict[int, list[PfnRange]]
    wrong: frozenset[int]
    frees: list[PfnRange] = field(default_factory=list)
    free_line: BootmemNodeMap | BootmemMapPages | None = None
    nid: int = 0
    row: EarlyResRow | None = None
    mark: PfnRange | None = None

    def see(self, event: Event) -> None:
        """Look at the next line before it is judged."""
        match event:
            case BootmemMark() | BootmemFree() if self._frees(event):
                self._freed((event.start_pfn, event.end_pfn))
            case BootmemMark() if event.reserve and self.row is not None and self.mark is None:
                self.mark = (event.start_pfn, event.end_pfn)
            case BootmemReserve() if self.row is not None:
                self._reserved((event.start_pfn, event.end_pfn))
            case BootmemFree() | BootmemReserve():
                pass
            case _:
                self._broken()
        match event:
            case BootmemSetupNode():
                self.nid = event.nid
            case BootmemNodeMap() | BootmemMapPages():
                self.nid = event.nid if isinstance(event, BootmemNodeMap) else self.nid
                self._announce_frees(event)
            case EarlyResRow() if event.part_start is not None and self.nid in self.nodes.beliefs:
                self.row, self.mark = event, None

    def _frees(self, event: BootmemMark | BootmemFree) -> bool:
        return bool(self.frees) and (isinstance(event, BootmemFree) or not event.reserve)

    def _announce_frees(self, event: BootmemNodeMap | BootmemMapPages) -> None:
        """The node's active ranges below its end are freed next."""
        belief = self.nodes.beliefs.get(self.nid)
        if belief is None:
            return
        low, high = belief.node.min_pfn, belief.node.low_pfn
        clipped = [(max(a, low), min(b, high)) for a, b in self.ram.get(self.nid, ())]
        self.frees = [(a, b) for a, b in clipped if a < b]
        self.free_line = event

    def _freed(self, pages: PfnRange) -> None:
        """One announced range is freed; the ranges before it should have been."""
        if pages not in self.frees:
            return
        while self.frees[0] != pages:
            self._free_missing()
        self.frees.pop(0)

    def _free_missing(self) -> None:
        pages = self.frees.pop(0)
        assert self.free_line is not None
        self.nodes.ledger.diverged(
            "free",
            "BM144",
            self.free_line.source,
            f"bootmem node {self.nid}",
            logged="no lines that free these pages",
            simulated=text(pages) + ", RAM of the node",
        )
        self.nodes.beliefs[self.nid].free(*pages)

    def _expected(self, row: EarlyResRow) -> PfnRange:
        """The whole pages of a row's part, inside the node."""
        node, shift = self.nodes.beliefs[self.nid].node, self.nodes.page_shift
        assert row.part_start is not None
        assert row.part_end is not None
        end = min(-(-row.part_end >> shift), node.low_pfn)
        return max(row.part_start >> shift, node.min_pfn), end

    def _reserved(self, pages: PfnRange) -> None:
        """Something is reserved after a row: it must be the row's part."""
        row, mark = self.row, self.mark
        self.row = self.mark = None
        if row is None or row.source.line in self.wrong:
            return
        expected = self._expected(row)
        if expected not in (pages, mark):
            self._report_row(row, text(pages))

    def _broken(self) -> None:
        """Something else comes: what was announced will not come any more."""
        row, mark = self.row, self.mark
        self.row = self.mark = None
        if row is not None and mark is None and row.source.line not in self.wrong:
            self._report_row(row, "no lines that reserve them")
            self.nodes.beliefs[self.nid].reserve(*self._expected(row))
        while self.frees:
            self._free_missing()

    def _report_row(self, row: EarlyResRow, logged: str) -> None:
        self.nodes.ledger.report(
            "BM142",
            row.source,
            f"early reservation of {row.owner}",
            logged=logged,
            simulated=text(self._expected(row)),
        )


def active_ranges(boot: Boot) -> dict[int, list[PfnRange]]:
    """Each node's active ranges in pfns, as early_node_map shows them later in the log."""
    ranges: dict[int, list[PfnRange]] = {}
    for event in boot.of(NodeRangeLine):
        if event.in_pfn:
            ranges.setdefault(event.nid, []).append((event.start, event.end))
    return ranges
