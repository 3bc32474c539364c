"""CMA blocks that left the free lists without a line, as the files of the snapshot show.

alloc_contig_range() logs only the pages that it gives back. A range that is made of whole
free blocks leaves without a trace: its blocks are then missing from the CMA lists, and from
nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable

from tracekit.observed.buddyinfo import FreeRow

CMA = "CMA"
Counts = tuple[tuple[int, ...], ...]


def silently_taken(row: FreeRow, states: Iterable[Counts], cma: int) -> tuple[int, ...]:
    """Return how many CMA blocks of each order are missing from a row; () where none are.

    ``states`` are free blocks by order and migrate type, ``cma`` is the number of the type.
    The state that misses the fewest blocks counts. A row of buddyinfo shows all types: there
    no more blocks can be missing than CMA had.
    """
    every = [_missing(row, free, cma) for free in states]
    found = [missing for missing in every if missing is not None]
    best = min(found, key=sum, default=())
    return best if any(best) else ()


def _missing(row: FreeRow, free: Counts, cma: int) -> tuple[int, ...] | None:
    """Return what is missing by order; None where the row shows more blocks, or too few."""
    found = []
    for count, types in zip(row.counts, free, strict=False):
        simulated = types[cma] if row.migratetype == CMA else sum(types)
        missing = 0 if count is None else simulated - count
        if not 0 <= missing <= types[cma]:
            return None
        found.append(missing)
    return tuple(found)
