"""Judges bootmem's requests: each is predicted before its __reserve line is looked at."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.events.bootmem import BootmemAlloc, BootmemReserve
from tracekit.replay.bootmem_belief import Belief, PfnRange
from tracekit.replay.bootmem_nodes import Nodes, text

KIND = "address"


def _subject(request: BootmemAlloc) -> str:
    return f"bootmem request of {request.size:#x} bytes on node {request.nid}"


@dataclass(slots=True)
class Requests:
    """The requests of all nodes."""

    nodes: Nodes

    def unanswered(self, request: BootmemAlloc) -> None:
        """A request without a __reserve line: right only if the simulation finds no room."""
        belief = self.nodes.known(KIND, request.nid)
        if belief is None or not self._legal(request):
            return
        outcomes = belief.predict(request)
        if any(outcome.pages is None for outcome in outcomes):
            self._agreed(len(outcomes))
            return
        expected = outcomes[0].pages
        assert expected is not None
        self.nodes.ledger.diverged(
            KIND,
            "BM103",
            request.source,
            _subject(request),
            logged="no __reserve line after the request",
            simulated=text(expected),
            alternatives=("the __reserve line is lost", "the kernel found no room"),
        )
        belief.accept(request, expected)

    def answered(self, request: BootmemAlloc, event: BootmemReserve) -> None:
        """Compare the pages that an allocation took with those that it should take."""
        belief = self.nodes.known(KIND, request.nid)
        if belief is None:
            return
        pages = (event.start_pfn, event.end_pfn)
        if not self._legal(request):
            belief.diverge(None, None, pages)
            return
        outcomes = belief.predict(request)
        if any(outcome.pages == pages for outcome in outcomes):
            self._agreed(len(outcomes))
            belief.accept(request, pages)
            return
        self._report(belief, request, event, outcomes[0].pages)
        belief.diverge(request, outcomes[0], pages)

    def orphan(self, event: BootmemReserve) -> None:
        """An allocation's __reserve line without the request before it."""
        belief = self.nodes.known(KIND, event.nid)
        if belief is None:
            return
        pages = (event.start_pfn, event.end_pfn)
        self.nodes.ledger.diverged(
            KIND,
            "BM105",
            event.source,
            f"bootmem node {event.nid}",
            logged=text(pages),
            simulated="a request on the line before",
        )
        belief.diverge(None, None, pages)

    def _agreed(self, outcomes: int) -> None:
        """The log shows a predicted outcome; it decides between several after a divergence."""
        if outcomes == 1:
            self.nodes.ledger.matched(KIND)
        else:
            self.nodes.ledger.inferred(KIND)

    def _report(
        self,
        belief: Belief,
        request: BootmemAlloc,
        event: BootmemReserve,
        expected: PfnRange | None,
    ) -> None:
        pages = (event.start_pfn, event.end_pfn)
        code, alternatives = "BM101", ["the __reserve line is wrong"]
        if expected is None:
            code = "BM104"
        elif pages[0] == expected[0]:
            code = "BM102"
        if belief.node.pfns_in_state(*pages, reserved=True):
            alternatives.append("the lines that freed these pages are lost")
        elif expected is not None and pages[0] > expected[0]:
            alternatives.append("the lines of an allocation before this one are lost")
        self.nodes.ledger.diverged(
            KIND,
            code,
            event.source,
            _subject(request),
            logged=text(pages),
            simulated=text(expected),
            alternatives=alternatives,
            related=[request.source],
        )

    def _legal(self, request: BootmemAlloc) -> bool:
        """Whether alloc_bootmem_core() would take the request; it is reported if not."""
        pages = -(-request.size >> self.nodes.page_shift)
        if pages != request.pages:
            problem = f"{request.size:#x} bytes are {pages} pages"
        elif not request.size or request.align & (request.align - 1):
            problem = "a size, and an alignment that is a power of two"
        elif request.limit and request.goal + request.size > request.limit:
            problem = "a goal from which the size ends below the limit"
        else:
            return True
        self.nodes.ledger.diverged(
            KIND,
            "BM114",
            request.source,
            _subject(request),
            logged=f"size={request.size:#x} [{request.pages} pages] align={request.align:#x} "
            f"goal={request.goal:#x} limit={request.limit:#x}",
            simulated=problem,
        )
        return False
