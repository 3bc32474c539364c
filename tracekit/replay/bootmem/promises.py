"""Lines that announce what bootmem must do next.

On x86, once a node's bitmap is placed its RAM is freed range by range (the ranges are those of
early_node_map, free_bootmem_with_active_regions()), and each early reservation with a part in
the node is reserved right after its row (early_res_to_bootmem()). ARM frees memblock's memory
and reserves its reserved list (arm_bootmem_init(), 2.6.36 to 3.13). Where what was announced
does not come, lines are lost, and the replay goes on as if they were there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.boot import Boot
from tracekit.events.base import Event, Source
from tracekit.events.bootmem import (
    BootmemFree,
    BootmemInit,
    BootmemMapPages,
    BootmemMark,
    BootmemNodeMap,
    BootmemReserve,
    BootmemSetupNode,
    EarlyResRow,
)
from tracekit.events.memblock import MemblockCall
from tracekit.events.mm_init import NodeRangeLine
from tracekit.mm.memblock import Memblock
from tracekit.replay.bootmem.belief import PfnRange
from tracekit.replay.bootmem.nodes import Nodes, text

Step = tuple[bool, PfnRange]
"""A range to be reserved (True) or freed (False)."""

PROMISES = (BootmemNodeMap, BootmemMapPages, BootmemSetupNode, EarlyResRow)


@dataclass(slots=True)
class Promises:
    """What is announced and has not come yet.

    `ram` are the pages of each node's active ranges, `early` what memblock hands over on ARM;
    `wrong` are the numbers of rows that are known to be wrong already. `steps` are announced
    frees and reservations in their order, `place` the last line before the next of them.
    `announced` counts all of them. `row` is announced by itself; `mark` is a range that was
    asked for instead of the row's.
    """

    nodes: Nodes
    ram: dict[int, list[PfnRange]]
    early: list[Step]
    wrong: frozenset[int]
    steps: list[Step] = field(default_factory=list)
    announced: int = 0
    place: Source | None = None
    nid: int = 0
    row: EarlyResRow | None = None
    mark: PfnRange | None = None

    def see(self, event: Event) -> None:
        """Look at the next line before it is judged."""
        match event:
            case BootmemMark() | BootmemFree() | BootmemReserve():
                self._row_answered(event)
                self._step_taken(event)
            case _:
                self._broken()
        match event:
            case BootmemSetupNode():
                self.nid = event.nid
            case BootmemNodeMap():
                self.nid = event.nid
                self._announce(event, [(False, pages) for pages in self.ram.get(event.nid, ())])
            case BootmemMapPages():
                self._announce(event, [(False, pages) for pages in self.ram.get(self.nid, ())])
            case EarlyResRow() if event.part_start is not None and self.nid in self.nodes.beliefs:
                self.row, self.mark = event, None

    def node_set_up(self, event: BootmemInit) -> None:
        """ARM goes through memblock's lists once its node is set up (arm_bootmem_init())."""
        if self.early:
            self.nid = event.nid
            self._announce(event, self.early)

    def _announce(self, event: Event, steps: list[Step]) -> None:
        """Ranges are freed or reserved next, as far as they lie below the node's end."""
        belief = self.nodes.beliefs.get(self.nid)
        if belief is None:
            return
        low, high = belief.node.min_pfn, belief.node.low_pfn
        clipped = [(kind, (max(a, low), min(b, high))) for kind, (a, b) in steps]
        self.steps = [step for step in clipped if step[1][0] < step[1][1]]
        self.announced = len(self.steps)
        self.place = event.source

    def _step_taken(self, event: BootmemMark | BootmemFree | BootmemReserve) -> None:
        """One announced range is marked; the ranges before it should have been."""
        reserves = isinstance(event, BootmemReserve) or (
            isinstance(event, BootmemMark) and bool(event.reserve)
        )
        step = (reserves, (event.start_pfn, event.end_pfn))
        if step in self.steps:
            at = self.steps.index(step)
            self._missing(self.steps[:at])
            self.steps = self.steps[at + 1 :]
        if self.steps:
            self.place = event.source

    def _missing(self, steps: list[Step]) -> None:
        """Report a gap among the announced ranges, and mark what it left out."""
        if not steps or self.place is None:
            return
        reserves, pages = steps[0]
        more = f" and {len(steps) - 1} more ranges" if len(steps) > 1 else ""
        self.nodes.ledger.diverged(
            "reserve" if reserves else "free",
            "BM144",
            self.place,
            f"bootmem node {self.nid}",
            logged=f"no lines that {'reserve' if reserves else 'free'} these pages",
            simulated=text(pages) + more,
        )
        belief = self.nodes.beliefs[self.nid]
        for reserves, pages in steps:
            carry_out = belief.reserve if reserves else belief.free
            carry_out(*pages)

    def _row_answered(self, event: BootmemMark | BootmemFree | BootmemReserve) -> None:
        if self.row is None or isinstance(event, BootmemFree):
            return
        if isinstance(event, BootmemReserve):
            self._reserved((event.start_pfn, event.end_pfn))
        elif event.reserve and self.mark is None:
            self.mark = (event.start_pfn, event.end_pfn)

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
        steps, self.steps = self.steps, []
        # A kernel that sets its nodes up in another way takes none of these steps.
        if 2 * len(steps) <= self.announced:
            self._missing(steps)

    def _report_row(self, row: EarlyResRow, logged: str) -> None:
        self.nodes.ledger.report(
            "BM142",
            row.source,
            f"early reservation of {row.owner}",
            logged=logged,
            simulated=text(self._expected(row)),
        )


def early_lists(boot: Boot, memblock: Memblock | None, page_shift: int) -> list[Step]:
    """What ARM frees and reserves from memblock's lists, in pfns; nothing elsewhere.

    Nor where memblock's state at that moment is not known for sure: where it changes later.
    """
    if boot.kernel.arch != "arm" or memblock is None or _used_after_bootmem(boot):
        return []
    size = 1 << page_shift
    ram = [(-(-region.base // size), region.end // size) for region in memblock.memory]
    taken = [(region.base // size, -(-region.end // size)) for region in memblock.reserved]
    return [*((False, pages) for pages in ram), *((True, pages) for pages in taken)]


def _used_after_bootmem(boot: Boot) -> bool:
    """Whether memblock is called once bootmem has been set up."""
    begun = False
    for event in boot.events:
        begun = begun or isinstance(event, BootmemInit)
        if begun and isinstance(event, MemblockCall):
            return True
    return False


def active_ranges(boot: Boot) -> dict[int, list[PfnRange]]:
    """Each node's active ranges in pfns, as early_node_map shows them later in the log."""
    ranges: dict[int, list[PfnRange]] = {}
    for event in boot.of(NodeRangeLine):
        if event.in_pfn:
            ranges.setdefault(event.nid, []).append((event.start, event.end))
    return ranges
