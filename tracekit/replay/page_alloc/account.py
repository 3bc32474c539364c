"""Outcomes of the page allocator's checks while the loop runs, entered in the ledger at the end.

Divergences go to the ledger at once, so that they keep the order of the trace.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from tracekit.divergence import Severity
from tracekit.events.base import Source
from tracekit.replay.ledger import Ledger
from tracekit.replay.page_alloc.stream import Stream

PFN = "pfn"
REFILL = "refill"
DRAIN = "drain"
LEGAL = "legal"
FALLBACK = "fallback"

LOST_TRACK = "the simulated lists parted from the trace before, and have not met it again"
# so many divergences within so many rows are one, whose consequences need no report
TRAIN = 8
CALM = 1000


class Account:
    """Counts by kind; ``matched`` and ``inferred`` are plain counters of the loop.

    ``reason`` says why the state is not known; while it is not empty nothing can diverge.
    """

    def __init__(self, stream: Stream, ledger: Ledger) -> None:
        self.stream = stream
        self.ledger = ledger
        self.matched = dict.fromkeys((REFILL, PFN, LEGAL, DRAIN, FALLBACK), 0)
        self.inferred: Counter[str] = Counter()
        self.reason = ""
        self._recent: deque[int] = deque(maxlen=TRAIN)
        self._trouble = 0
        self._unchecked: Counter[tuple[str, str]] = Counter()

    def source(self, row: int) -> Source:
        """Return where a row stands in the trace."""
        stream = self.stream
        return Source(stream.file, stream.line[row], stream.time[row] / 1e9)

    def unchecked(self, kind: str, reason: str) -> None:
        """Count an event that nothing can decide."""
        self._unchecked[kind, reason] += 1

    def infer(self, kind: str, subject: str, evidence: str, row: int) -> None:
        """List an inference at the row's line."""
        self.ledger.infer(kind, subject, evidence, self.source(row))

    def diverged(
        self,
        kind: str,
        code: str,
        row: int,
        subject: str,
        *,
        logged: str,
        simulated: str,
        explanation: str = "",
        alternatives: Sequence[str] = (),
    ) -> None:
        """Enter a divergence at the row's line; where the state is not known, no check."""
        if self.lost(row):
            self.unchecked(kind, self.reason)
            return
        self._follow(row)
        self.ledger.diverged(
            kind,
            code,
            self.source(row),
            subject,
            logged=logged,
            simulated=simulated,
            explanation=explanation,
            alternatives=alternatives,
        )

    def lost(self, row: int) -> bool:
        """Return whether the state is not known at a row whose prediction failed.

        The simulation finds its way back when the trace agrees with it for long enough.
        """
        if not self.reason:
            return False
        if self.reason == LOST_TRACK and row - self._trouble > CALM:
            self.reason = ""
            return False
        self._trouble = row
        return True

    def _follow(self, row: int) -> None:
        """Give up checking where one divergence follows upon the other."""
        self._recent.append(row)
        if len(self._recent) == TRAIN and row - self._recent[0] < CALM:
            self.reason = LOST_TRACK
            self._trouble = row
            self._recent.clear()

    def note(
        self,
        code: str,
        row: int,
        subject: str,
        *,
        logged: str,
        simulated: str,
        alternatives: Sequence[str] = (),
    ) -> None:
        """List a note at the row's line; it belongs to no counted check."""
        self.ledger.report(
            code,
            self.source(row),
            subject,
            logged=logged,
            simulated=simulated,
            severity=Severity.NOTE,
            alternatives=alternatives,
        )

    def close(self) -> None:
        """Enter the counters in the ledger."""
        for kind, count in self.matched.items():
            if count:
                self.ledger.matched(kind, count)
        for kind, count in self.inferred.items():
            self.ledger.inferred(kind, count)
        for (kind, reason), count in self._unchecked.items():
            self.ledger.unchecked(kind, reason, count)
        self.matched.update(dict.fromkeys(self.matched, 0))
        self.inferred.clear()
        self._unchecked.clear()
