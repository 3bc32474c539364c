"""Judges bootmem's requests: each is predicted before its __reserve line is looked at."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

from tracekit.events.base import Event
from tracekit.events.bootmem import BootmemAlloc, BootmemReserve
from tracekit.replay.bootmem.belief import Belief, PfnRange
from tracekit.replay.bootmem.nodes import Nodes, text

KIND = "address"
FIRST = "the first allocation shows where the search stands; the lines before it are not logged"
LAST = "it passes over pages that may have been reserved before, and no later line decides"
FAILED = "whether there was room depends on reservations that are not logged"


def _subject(request: BootmemAlloc) -> str:
    return f"bootmem request of {request.size:#x} bytes on node {request.nid}"


@dataclass(slots=True)
class Requests:
    """The requests of all nodes; `position` is the present one of the `events`."""

    nodes: Nodes
    events: Sequence[Event]
    position: int = 0

    def unanswered(self, request: BootmemAlloc, instead: Event | None) -> None:
        """A request without a __reserve line: right only if the simulation finds no room.

        `instead` is the line that came in its place.
        """
        if self.nodes.has_no_bitmap(request.nid):
            self.nodes.ledger.matched(KIND)
            return
        belief = self.nodes.known(KIND, request.nid)
        if belief is None or not self._legal(request):
            return
        if belief.unknown is not None and (not belief.scans or _tries_again(request, instead)):
            self.nodes.ledger.unchecked(KIND, FAILED)
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
        if not belief.node.contains(*pages) or pages[0] > pages[1]:
            self._report(belief, request, event, None, "BM112")
            return
        if not self._legal(request):
            belief.diverge(None, None, pages)
            return
        if belief.unknown is not None and not belief.scans:
            self.nodes.ledger.unchecked(KIND, FIRST)
            self._begin(belief, request, event)
            return
        outcomes = belief.predict(request)
        if any(outcome.pages == pages for outcome in outcomes):
            self._agreed(len(outcomes))
            belief.accept(request, pages)
            return
        if self._passed_over(belief, request, event, outcomes[0].pages):
            return
        self._report(belief, request, event, outcomes[0].pages)
        belief.diverge(request, outcomes[0], pages)

    def _passed_over(
        self,
        belief: Belief,
        request: BootmemAlloc,
        event: BootmemReserve,
        expected: PfnRange | None,
    ) -> bool:
        """Whether the allocation passed over pages reserved before the log begins.

        That is taken for true only if the next allocation of the node agrees with it.
        """
        if belief.unknown is None or expected is None or event.start_pfn <= expected[0]:
            return False
        if not belief.unknown_in(expected[0], event.start_pfn):
            return False
        trial = copy.deepcopy(belief)
        trial.skip(expected[0], event.start_pfn)
        pages = (event.start_pfn, event.end_pfn)
        if [outcome.pages for outcome in trial.predict(request)] != [pages]:
            return False
        trial.accept(request, pages)
        borne_out = self._borne_out(trial)
        if borne_out is False:
            return False
        self.nodes.beliefs[request.nid] = trial
        if borne_out is None:
            self.nodes.ledger.unchecked(KIND, LAST)
            return True
        self.nodes.ledger.infer(
            "early-reservation",
            text((expected[0], event.start_pfn)),
            "this allocation and the next pass over pages that no line reserved: reserved "
            "before bootmem_debug was parsed",
            event.source,
        )
        self.nodes.ledger.inferred(KIND)
        return True

    def _borne_out(self, trial: Belief) -> bool | None:
        """Whether the node's next allocation follows from this state; None if there is none."""
        for index in range(self.position + 1, len(self.events) - 1):
            request, answer = self.events[index], self.events[index + 1]
            if isinstance(request, BootmemAlloc) and request.nid == trial.node.nid:
                if not isinstance(answer, BootmemReserve):
                    return None
                pages = (answer.start_pfn, answer.end_pfn)
                return any(outcome.pages == pages for outcome in trial.predict(request))
        return None

    def orphan(self, event: BootmemReserve) -> None:
        """An allocation's __reserve line without the request before it."""
        belief = self.nodes.known(KIND, event.nid)
        if belief is None:
            return
        pages = (event.start_pfn, event.end_pfn)
        first = belief.unknown is not None and not belief.scans
        self.nodes.ledger.diverged(
            KIND,
            "BM105",
            event.source,
            f"bootmem node {event.nid}",
            logged=text(pages),
            simulated="a request on the line before",
        )
        if not belief.node.contains(*pages) or pages[0] > pages[1]:
            return
        if first:
            self._begin(belief, None, event)
        else:
            belief.diverge(None, None, pages)

    def _begin(self, belief: Belief, request: BootmemAlloc | None, event: BootmemReserve) -> None:
        """Go on from the first allocation of a node whose setting up is not in the log."""
        belief.begin(request, (event.start_pfn, event.end_pfn))
        self.nodes.ledger.infer(
            "early-state",
            f"node {event.nid}: pages that no line tells of are free",
            "the node was set up before bootmem_debug was parsed; the allocations after this "
            "one follow from that, or name what they pass over",
            event.source,
        )

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
        code: str = "BM101",
    ) -> None:
        pages = (event.start_pfn, event.end_pfn)
        alternatives = ["the __reserve line is wrong"]
        if code != "BM101":
            expected = (belief.node.min_pfn, belief.node.low_pfn)
        elif expected is None:
            code = "BM104"
        elif pages[0] == expected[0]:
            code = "BM102"
        if code != "BM112" and belief.node.pfns_in_state(*pages, reserved=True):
            alternatives.append("the lines that freed these pages are lost")
        elif expected is not None and pages[0] > expected[0]:
            alternatives.append("the lines of an allocation before this one are lost")
        self.nodes.ledger.diverged(
            KIND,
            code,
            event.source,
            _subject(request),
            logged=text(pages),
            simulated=text(expected) + (" at most" if code == "BM112" else ""),
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


def _tries_again(request: BootmemAlloc, instead: Event | None) -> bool:
    """Whether the next line is the next attempt of the same call: another node, or no goal."""
    return (
        isinstance(instead, BootmemAlloc)
        and (instead.size, instead.align, instead.limit)
        == (request.size, request.align, request.limit)
        and (instead.nid, instead.goal) != (request.nid, request.goal)
    )
