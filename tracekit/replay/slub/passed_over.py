"""Reports of objects that were passed over, as long as nothing refutes them.

An allocation prints its line after it took the object.  An interrupt or another task may come in
between, and its lines then stand before that line: for a while the object looks passed over.  The
line that takes it, with no free before, shows that nobody had it and that no line was lost.
"""

from __future__ import annotations

from collections.abc import Iterable

from tracekit.divergence import Divergence
from tracekit.replay.ledger import Ledger

__all__ = ["CAME_BETWEEN", "PassedOver"]

CAME_BETWEEN = "an interrupt or another task came between an allocation and its line"
Spot = tuple[int, int]


class PassedOver:
    """What was reported of objects, each given as (first pfn of its slab, slot)."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._waiting: dict[Spot, tuple[Divergence, set[Spot]]] = {}

    def reported(self, found: Divergence, places: Iterable[Spot]) -> None:
        """Remember a report that lines which allocated these objects are missing."""
        left = set(places)
        self._waiting.update(dict.fromkeys(left, (found, left)))

    def freed(self, place: Spot) -> None:
        """An object was freed: somebody had it."""
        self._waiting.pop(place, None)

    def taken(self, place: Spot) -> None:
        """A line takes an object; withdraw the report when it has taken all that it speaks of."""
        if place not in self._waiting:
            return
        found, left = self._waiting.pop(place)
        left.discard(place)
        if not left:
            self.ledger.withdraw(CAME_BETWEEN, lambda each: each is found)
            self.ledger.divergences = [d for d in self.ledger.divergences if d is not found]
