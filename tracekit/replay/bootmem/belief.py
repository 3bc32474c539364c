"""What is believed of one bootmem node while its log is read.

As long as the log agrees there is one bitmap and one scan state, and every prediction is
exact. After a divergence it is not known whether the log's line is right or the rule: both
scan states are kept, and the pages they disagree on are in doubt, until a later line shows
which of them is true.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tracekit.events.bootmem import BootmemAlloc
from tracekit.mm.bootmem import BootmemNode, HintScan, Placement

PfnRange = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One possible outcome of a request: the pages __reserve() marks, None for no room."""

    pages: PfnRange | None
    placement: Placement | None
    scan: HintScan


@dataclass(slots=True)
class Belief:
    """A node's bitmap, the scan states that may be true, and the pages that are in doubt.

    `taken` are the ranges that were reserved, in order: a page in doubt brings the rest of
    its range into doubt, because what freed it may have freed all of it. `shown_free` is the
    lowest page that the log showed to be free although it was believed reserved.
    """

    node: BootmemNode
    scans: list[HintScan] = field(default_factory=lambda: [HintScan()])
    doubtful: set[int] = field(default_factory=set)
    taken: list[PfnRange] = field(default_factory=list)
    shown_free: int = 0
    unknown: bytearray | None = None

    @classmethod
    def set_up_unseen(cls, node: BootmemNode) -> Belief:
        """What is believed of a node whose first lines are not in the log."""
        node.mark(node.min_pfn, node.low_pfn, reserved=False)
        return cls(node, scans=[], unknown=bytearray([1]) * (node.low_pfn - node.min_pfn))

    def unknown_in(self, start: int, end: int) -> set[int]:
        """The pfns in [start, end) that nothing in the log tells of."""
        if self.unknown is None:
            return set()
        low = self.node.min_pfn
        window = self.unknown[start - low : end - low]
        return {start + i for i, byte in enumerate(window) if byte}

    def forget(self, first: int, end: int) -> None:
        """The pages with these indexes are unknown from here on."""
        low, pages = self.node.min_pfn, self.node.low_pfn - self.node.min_pfn
        end = min(end, pages)
        if self.unknown is None:
            self.unknown = bytearray(pages)
        self.node.mark(low + first, low + end, reserved=False)
        self.unknown[first:end] = bytes([1]) * max(end - first, 0)

    def skip(self, start: int, end: int) -> None:
        """Pages that an allocation passed over were reserved before the log begins."""
        self._mark((start, end), reserved=True)

    @property
    def certain(self) -> bool:
        """Whether a prediction can have only one outcome."""
        return len(self.scans) == 1 and not self.doubtful

    def predict(self, request: BootmemAlloc) -> list[Prediction]:
        """The possible outcomes of a request, no two with the same pages; the likeliest first."""
        found: dict[PfnRange | None, Prediction] = {}
        for spot, scan in self._placements(request):
            pages = self.node.reserved_by(spot) if spot else None
            found.setdefault(pages, Prediction(pages, spot, scan))
        return list(found.values())

    def _placements(self, request: BootmemAlloc) -> Iterator[tuple[Placement | None, HintScan]]:
        """Where each scan state puts a request, on each bitmap that may be true."""
        wanted = (request.size, max(request.align, 1), request.goal, request.limit)
        for bits in self._bitmaps():
            self.node.bits, kept = bits, self.node.bits
            blocks: dict[int, int | None] = {}
            for scan in self.scans:
                if scan.hint_idx not in blocks:
                    blocks[scan.hint_idx] = scan.find_block(self.node, *wanted)
                block = blocks[scan.hint_idx]
                if block is None:
                    yield None, scan
                else:
                    yield scan.merge(self.node, block, request.size, wanted[1]), scan
            self.node.bits = kept

    def _bitmaps(self) -> Iterator[bytearray]:
        """The bitmap as believed, then with doubtful pages free, or reserved.

        Free from where the log shows the first of them on, and all of them.
        """
        yield self.node.bits
        if not self.doubtful:
            return
        onwards = {pfn for pfn in self.doubtful if pfn >= self.shown_free}
        for pfns, value in ((onwards, 0), (self.doubtful, 0), (self.doubtful, 1)):
            bits = self.node.bits.copy()
            for pfn in pfns:
                bits[pfn - self.node.min_pfn] = value
            yield bits

    def accept(self, request: BootmemAlloc, pages: PfnRange | None) -> None:
        """Take a predicted outcome for true; scan states that do not lead to it go."""
        if pages is None:
            return
        kept: dict[tuple[int, int], HintScan] = {}
        for spot, _ in list(self._placements(request)):
            if spot is not None and self.node.reserved_by(spot) == pages:
                after = HintScan()
                after.taken(self.node, spot)
                kept[after.hint_idx, after.last_end_off] = after
        self.scans = list(kept.values())
        self._mark(pages, reserved=True)

    def begin(self, request: BootmemAlloc | None, pages: PfnRange) -> None:
        """The first allocation of a node set up unseen: from here on the scan is known."""
        self.scans = self._scans_after(request, pages)
        self._mark(pages, reserved=True)

    def diverge(
        self, request: BootmemAlloc | None, predicted: Prediction | None, pages: PfnRange
    ) -> None:
        """Go on after an outcome that was not predicted: it, or the prediction, may be true."""
        scans = self._scans_after(request, pages)
        if predicted is not None and predicted.placement is not None and predicted.pages:
            after = HintScan()
            after.taken(self.node, predicted.placement)
            scans.append(after)
            self._doubt(set(range(*predicted.pages)) ^ set(range(*pages)))
            self._doubt_gap(predicted.pages, pages)
        self._doubt_owner(pages)
        self.scans = scans or [HintScan(pages[1] - self.node.min_pfn)]
        self._mark(pages, reserved=True, settled=False)

    def _scans_after(self, request: BootmemAlloc | None, pages: PfnRange) -> list[HintScan]:
        """The scan states that an allocation of these pages may leave behind.

        Where the request does not fit the pages, its end may lie anywhere in the last page.
        """
        node, shift = self.node, self.node.page_shift
        first, end = pages[0] - node.min_pfn, pages[1] - node.min_pfn
        offsets: list[int] = []
        if request is not None:
            offsets = [start + request.size for start in self._starts(request, first)]
            offsets = [off for off in offsets if node.pages(off) == end]
        if not offsets:
            offsets = list(range(end << shift, end - 1 << shift, -4))
        return [HintScan(end, off) for off in offsets]

    def _starts(self, request: BootmemAlloc, first: int) -> Iterator[int]:
        """Where an allocation whose block begins at index first may start, in bytes."""
        shift, base = self.node.page_shift, self.node.min_pfn << self.node.page_shift
        yield first << shift
        step = max(request.align, 4)
        lowest = max(first - 1 << shift, 0) + base
        for address in range(-(-lowest // step) * step, base + (first << shift), step):
            if address > lowest:
                yield address - base

    def _doubt(self, pfns: set[int]) -> None:
        self.doubtful |= {p for p in pfns if self.node.min_pfn <= p < self.node.low_pfn}

    def _doubt_gap(self, predicted: PfnRange, pages: PfnRange) -> None:
        """Pages that the allocation passed over may belong to one whose lines are lost."""
        if predicted[0] < pages[0]:
            self._doubt(set(range(predicted[0], pages[0])))

    def _doubt_owner(self, pages: PfnRange) -> None:
        """If the pages were believed taken, whatever took them may have been freed whole."""
        node = self.node
        if not node.pfns_in_state(*pages, reserved=True):
            return
        self.shown_free = pages[0]
        owner = (node.min_pfn, node.low_pfn)
        for start, end in reversed(self.taken):
            if start < pages[1] and pages[0] < end:
                owner = (start, end)
                break
        self._doubt(set(node.pfns_in_state(*owner, reserved=True)) - set(range(*pages)))

    def doubt_reserved(self, pages: PfnRange) -> None:
        """The log shows that pages believed reserved were free before they were reserved."""
        if self.taken and self.taken[-1] == pages:
            own = self.taken.pop()
            self._doubt_owner(pages)
            self.taken.append(own)

    def reserve(self, start: int, end: int) -> list[int]:
        """Reserve pages; the pfns that are known to have been reserved before."""
        doubled = self.node.pfns_in_state(start, end, reserved=True)
        known = [pfn for pfn in doubled if pfn not in self.doubtful]
        self._mark((start, end), reserved=True)
        return known

    def free(self, start: int, end: int) -> list[int]:
        """Free pages; the pfns that are known to have been free before."""
        free = self.node.pfns_in_state(start, end, reserved=False)
        unsure = self.doubtful | self.unknown_in(start, end)
        known = [pfn for pfn in free if pfn not in unsure]
        for scan in self.scans:
            scan.freed(start - self.node.min_pfn, start << self.node.page_shift)
        self._mark((start, end), reserved=False)
        return known

    def _mark(self, pages: PfnRange, *, reserved: bool, settled: bool = True) -> None:
        self.node.mark(*pages, reserved=reserved)
        if self.unknown is not None and pages[0] < pages[1]:
            low = self.node.min_pfn
            self.unknown[pages[0] - low : pages[1] - low] = bytes(pages[1] - pages[0])
        if settled and self.doubtful:
            self.doubtful.difference_update(range(*pages))
        if reserved and pages[0] < pages[1]:
            self.taken.append(pages)
