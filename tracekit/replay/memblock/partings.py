"""The wording of memblock's divergences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tracekit.mm.ranges import Ranges, subtract
from tracekit.replay.memblock.dump import RowCheck
from tracekit.replay.memblock.log import Alloc, Change, Dump
from tracekit.replay.memblock.outcome import Parting, span


def moved(alloc: Alloc, expected: int, asked: int, covered: bool) -> Parting:
    """The result lies elsewhere; ``covered`` says whether RAM is known there at all."""
    reasons = ["the address in the line is wrong"]
    if expected > alloc.base:
        reasons.append(f"{span(expected, expected + asked)} was reserved without a line")
    if not covered:
        reasons.append("RAM was added without a line")
    return Parting(
        "MB101",
        alloc.source,
        alloc.by,
        span(alloc.base, alloc.base + alloc.size),
        span(expected, expected + asked) if expected else "no room",
        alternatives=tuple(reasons),
    )


def no_result(alloc: Alloc, expected: int) -> Parting:
    """A request that could be met has no reserve line."""
    assert alloc.request is not None
    request = alloc.request
    return Parting(
        "MB102",
        request.source,
        request.caller or request.request,
        "no reserve line follows",
        span(expected, expected + request.size),
        alternatives=("the reserve line is lost", "the kernel's request failed"),
    )


def other_size(alloc: Alloc, asked: int) -> Parting:
    """The result begins where it should and has another size than was asked for."""
    return Parting(
        "MB103",
        alloc.source,
        alloc.by,
        f"{span(alloc.base, alloc.base + alloc.size)}, {alloc.size} bytes",
        f"{span(alloc.base, alloc.base + asked)}, {asked} bytes",
        alternatives=("the line is wrong", "the kernel reserved another size than asked"),
    )


def free_missing(alloc: Alloc, expected: int, owner: tuple[int, int, Alloc]) -> Parting:
    """The result is right if an earlier allocation had been freed, and no line says so."""
    start, end, first = owner
    return Parting(
        "MB104",
        alloc.source,
        alloc.by,
        f"{span(alloc.base, alloc.base + alloc.size)}, reserved since line "
        f"{first.source.line} for {first.by}",
        span(expected, expected + alloc.size) if expected else "no room",
        explanation=f"The address is right if {span(start, end)}, or the part of it that is "
        "handed out here, had been freed before, and no line says so.",
        alternatives=("the line of a free is lost", "memory was freed without a line"),
        related=(first.source,),
    )


def free_not_reserved(change: Change, held: Sequence[tuple[int, int]]) -> Parting:
    """A free of bytes that are not reserved; ``held`` are those that are."""
    return Parting(
        "MB105",
        change.source,
        change.call.by,
        span(change.base, change.base + change.size),
        "reserved of it: " + (", ".join(span(*part) for part in held) or "nothing"),
    )


def row_differs(check: RowCheck, inconsistent: Mapping[int, str]) -> Parting:
    """A row of a dump shows other bytes than the simulation, or contradicts itself."""
    row = check.row
    end = row.base + row.size
    expected: Ranges = subtract([(row.base, end), *check.missing], check.extra)
    text = " and ".join(span(*part) for part in expected) or "nothing there"
    reason = inconsistent.get(row.source.line, text)
    return Parting("MB106", row.source, f"{row.list} row", span(row.base, end), reason)


def row_missing(dump: Dump, name: str, gap: tuple[int, int]) -> Parting:
    """No row of a dump shows a region of the simulated list."""
    return Parting("MB107", dump.source, f"{name} row", "no row", span(*gap))
