"""The last sight of memblock on x86 of 2.6.37 to 2.6.39: what is taken from free memory.

At the hand-off, for each node, the kernel prints "Subtract (N early reservations)" and then
every reserved range (arch/x86/mm/memblock.c, memblock_x86_subtract_reserved()). That is a dump
of the reserved list, and is checked as one, by the bytes that the rows cover.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tracekit.boot import Boot
from tracekit.divergence import Severity
from tracekit.events.bootmem import EarlyResSubtract, EarlyResSubtracted
from tracekit.mm.memblock import Memblock
from tracekit.mm.ranges import Ranges, subtract, union
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger

KIND = "dump"
Rows = list[EarlyResSubtracted]
UNSURE = "memblock's replay parted ways with the log before"


def check(context: Context) -> None:
    """Compare every such list with memblock's state at the end of its replay."""
    memblock = context.take(Memblock)
    lists = list(_lists(context.boot))
    if memblock is None or not lists:
        return
    ledger = context.ledger("memblock")
    reserved = union((region.base, region.end) for region in memblock.reserved)
    for header, rows in lists:
        sure = all(d.severity is Severity.NOTE for d in ledger.divergences)
        _check_list(ledger, header, rows, reserved, sure)


def _lists(boot: Boot) -> Iterator[tuple[EarlyResSubtract, Rows]]:
    """Each headline with its rows, which follow it at once."""
    header: EarlyResSubtract | None = None
    rows: Rows = []
    for event in boot.events:
        if header is not None and not isinstance(event, EarlyResSubtracted):
            yield header, rows
            header = None
        if isinstance(event, EarlyResSubtract):
            header, rows = event, []
        elif isinstance(event, EarlyResSubtracted):
            rows.append(event)
    if header is not None:
        yield header, rows


def _check_list(
    ledger: Ledger, header: EarlyResSubtract, rows: Rows, reserved: Ranges, sure: bool
) -> None:
    covered = [(row.start, row.last + 1) for row in rows]
    missing = subtract(reserved, covered)
    if sure and missing and len(rows) < header.count:
        after = [row for row in rows if row.start < missing[0][0]]
        line = after[-1].source if after else header.source
        words = _words(missing[:1])
        ledger.report("MB107", line, "reserved", logged="no row", simulated=words)
        missing, sure = [], False
    gaps = _gaps(rows, missing) if rows else []
    for row, gap in zip(rows, gaps, strict=True):
        extra = subtract([(row.start, row.last + 1)], reserved)
        if not extra and not gap:
            ledger.matched(KIND)
        elif not sure:
            ledger.unchecked(KIND, UNSURE)
        else:
            sure = False
            logged = _words([(row.start, row.last + 1)])
            ledger.diverged(
                KIND,
                "MB106",
                row.source,
                "reserved",
                logged=logged,
                simulated=f"not reserved: {_words(extra)}" if extra else f"also {_words(gap)}",
            )


def _gaps(rows: Rows, missing: Ranges) -> list[Ranges]:
    """The missing bytes, each given to the row after which (or before the first) they lie."""
    starts = [0, *(row.start for row in rows[1:]), 1 << 64]
    return [[gap for gap in missing if low <= gap[0] < high] for low, high in pairwise(starts)]


def _words(ranges: Ranges) -> str:
    return ", ".join(f"[{low:#x}-{high - 1:#x}]" for low, high in ranges) or "nothing"
