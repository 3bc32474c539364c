"""Slab events without addresses: hashed pointers and unknown layouts still tell lifetimes."""

from __future__ import annotations

from tracekit.replay.ledger import Ledger
from tracekit.replay.slub.stream import ALLOC, BLIND, FREE, SlabStream
from tracekit.replay.slub.world import SILENT

__all__ = ["replay_lifetimes"]

FILLED_BEFORE = "the object is older than the trace"


def replay_lifetimes(ledger: Ledger, stream: SlabStream, reason: str, silent: bool) -> None:
    """Check that every object is freed once; where objects lie stays unchecked for `reason`.

    A hashed pointer is as good as an address to tell objects apart.  `silent`: the kernel has
    allocations and frees in bulk, which print nothing, so that a second free proves nothing.
    """
    live: set[int] = set()
    freed: dict[int, int] = {}
    matched = inferred = unknown = 0
    for row, (op, where) in enumerate(zip(stream.op, stream.where, strict=True)):
        if op == ALLOC:
            live.add(where)
            freed.pop(where, None)
        elif op == BLIND:
            freed.clear()
        elif op == FREE and where in live:
            live.discard(where)
            freed[where] = row
            matched += 1
        elif op == FREE and where in freed:
            if silent and named_in_bulk(stream, row):
                inferred += 1
            else:
                _report(ledger, stream, row, freed[where])
        elif op == FREE:
            unknown += 1
            freed[where] = row
    _enter(ledger, stream, reason, (matched, inferred, unknown))


def named_in_bulk(stream: SlabStream, row: int) -> bool:
    """Say whether the line names a cache whose objects come in bulk."""
    named = stream.what[row]
    return named >= 0 and stream.names[named] in SILENT


def _report(ledger: Ledger, stream: SlabStream, row: int, before: int) -> None:
    ledger.diverged(
        "free",
        "SL201",
        stream.source(row),
        "an object",
        logged=f"ptr=0x{stream.pointer(row):x} freed",
        simulated="the object is free",
        related=(stream.source(before),),
        alternatives=("the line that allocated it in between was lost",),
    )


def _enter(ledger: Ledger, stream: SlabStream, reason: str, counts: tuple[int, int, int]) -> None:
    allocs = stream.allocs
    matched, inferred, unknown = counts
    ledger.events += allocs + stream.frees
    for kind in ("object", "address"):
        if allocs:
            ledger.unchecked(kind, reason, allocs)
    if matched or inferred:
        ledger.matched("free", matched)
        ledger.inferred("free", inferred)
    if unknown:
        ledger.unchecked("free", FILLED_BEFORE, unknown)
