"""Where a trace is silent about what happened: stretches that the twins leave unchecked.

Nothing here is guessed from missing frees or the like; each gap has a sign of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracekit.events.table import Trace

BEFORE_ALL = -1


@dataclass(frozen=True, slots=True)
class Gap:
    """Events are missing somewhere after event ``first`` and before event ``last``.

    Both are indexes of the global order: ``first`` is -1 where the trace's head is missing,
    ``last`` is len(trace) where its tail is. ``cpu`` is the one whose events are missing, None
    where it may be any. ``count`` is how many, None where the trace does not tell. What the
    missing events touched is unknown after ``first``; they are no events themselves, so a gap
    whose first and last are neighbours still parts them. ``reason`` is one clause.
    """

    first: int
    last: int
    cpu: int | None
    count: int | None
    reason: str


def find_gaps(trace: Trace, clock_switched: bool = False) -> list[Gap]:
    """Return the gaps of a trace, in order.

    ``clock_switched`` says that the log of the same boot tells of a change of trace clock,
    which empties the buffer without counting what it held.
    """
    found = [*_head(trace, clock_switched), *_lost(trace)]
    return sorted(found, key=lambda gap: (gap.first, gap.last))


def _head(trace: Trace, clock_switched: bool) -> list[Gap]:
    header = trace.header
    if header.entries is not None and header.written is not None:
        missing = header.written - header.entries
        if missing > 0:
            return [Gap(BEFORE_ALL, 0, None, missing, "the ring buffer overwrote its head")]
    if clock_switched:
        return [Gap(BEFORE_ALL, 0, None, None, "a change of trace clock emptied the buffer")]
    return []


def _lost(trace: Trace) -> list[Gap]:
    return [
        Gap(loss.index - 1, loss.index, loss.cpu, loss.count, "the ring buffer lost events")
        for loss in trace.losses
    ]
