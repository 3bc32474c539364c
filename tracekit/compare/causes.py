"""The changes of memory put together by what the memory is for: the reasons of a difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracekit.compare.change import Change

# What is free, and the parts of pages that never get used, follow from all the rest.
OUTCOMES = ("free", "lost")


@dataclass(frozen=True, slots=True)
class Cause:
    """One purpose of memory with all its changes, the largest first."""

    area: str
    kind: str
    changes: tuple[Change, ...]

    @property
    def delta(self) -> int:
        """Bytes gained or lost for this purpose."""
        return sum(change.delta for change in self.changes)

    @property
    def weight(self) -> int:
        """Bytes that moved within this purpose, which tells apart causes of equal delta."""
        return sum(abs(change.delta) for change in self.changes)


def causes(changes: Sequence[Change], areas: Sequence[str]) -> list[Cause]:
    """Return the changes of these areas by kind, the largest difference first."""
    kinds: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        if change.area in areas:
            kinds.setdefault((change.area, change.kind), []).append(change)
    found = [Cause(area, kind, tuple(group)) for (area, kind), group in kinds.items()]
    return sorted(found, key=lambda cause: (-abs(cause.delta), -cause.weight, cause.kind))
