"""Fault injection: change one fact of a healthy log and say where the replay must find it.

A fault works on the raw lines of a dmesg (the newest and the oldest wordings alike) and
returns the changed lines with the line number (1-based, in the changed log) at which it must
be reported; None where the log offers no place for it. ``injections`` draws places by seed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

PAGE = 0x1000
RANGE = re.compile(r"\[(0x[0-9a-f]+)-(0x[0-9a-f]+)\]")
REQUEST = re.compile(
    r"memblock_(?:(?:virt_)?alloc_\w+|phys_alloc_range): (\d+) bytes align=(0x[0-9a-f]+)"
)
RESERVE = re.compile(r"memblock_(?:x86_)?reserve(?:_range)?: *\[")
FREE = re.compile(r"memblock_(?:phys_)?free: *\[")
DUMP_ROW = re.compile(r"(memory|reserved)\[0x[0-9a-f]+\]\s")
SIZE = re.compile(r"0x[0-9a-f]+(?= bytes)")
TOTALS = re.compile(r"memory size = (0x[0-9a-f]+) reserved size = (0x[0-9a-f]+)")
E820 = re.compile(r"BIOS-e820: \[mem (0x[0-9a-f]+)-(0x[0-9a-f]+)\] (?:usable|System RAM)")


@dataclass(frozen=True)
class Injected:
    """A log with one fault: its lines, and the line where the fault must be reported."""

    kind: str
    lines: list[str]
    line: int
    what: str


Fault = Callable[[list[str], random.Random], Injected | None]


def hexed(value: int, like: str) -> str:
    """Return ``value`` as wide as the number that it replaces."""
    return f"0x{value:0{len(like) - 2}x}"


def shift(line: str, start: int, end: int) -> str:
    """Move both ends of the line's first range by so many bytes."""

    def moved(match: re.Match[str]) -> str:
        low, high = match[1], match[2]
        return f"[{hexed(int(low, 16) + start, low)}-{hexed(int(high, 16) + end, high)}]"

    return RANGE.sub(moved, line, count=1)


def bounds(line: str) -> tuple[int, int]:
    """Return the first range of the line as printed."""
    match = RANGE.search(line)
    assert match is not None
    return int(match[1], 16), int(match[2], 16)


def allocations(lines: list[str]) -> list[int]:
    """Return the indexes of reserve lines that answer the request on the line before."""
    return [
        i
        for i in range(1, len(lines))
        if RESERVE.search(lines[i]) and REQUEST.search(lines[i - 1]) and RANGE.search(lines[i])
    ]


def moved_by_a_page(lines: list[str], rng: random.Random) -> Injected | None:
    """The allocation's result moved down by one page."""
    places = [i for i in allocations(lines) if bounds(lines[i])[0] >= PAGE]
    if not places:
        return None
    at = rng.choice(places)
    changed = [*lines[:at], shift(lines[at], -PAGE, -PAGE), *lines[at + 1 :]]
    return Injected("moved", changed, at + 1, lines[at])


def grown(lines: list[str], rng: random.Random) -> Injected | None:
    """The allocation's result 64 bytes longer than what was asked for."""
    places = allocations(lines)
    if not places:
        return None
    at = rng.choice(places)
    changed = [*lines[:at], shift(lines[at], 0, 64), *lines[at + 1 :]]
    return Injected("grown", changed, at + 1, lines[at])


def lost_reserve(lines: list[str], rng: random.Random) -> Injected | None:
    """The line with the result is gone; the request's line promised it."""
    places = allocations(lines)
    if not places:
        return None
    at = rng.choice(places)
    return Injected("lost reserve", lines[:at] + lines[at + 1 :], at, lines[at])


def changed_dump_row(lines: list[str], rng: random.Random) -> Injected | None:
    """One row of the last dump a page longer, its size and the dump's total with it."""
    heads = [i for i, line in enumerate(lines) if TOTALS.search(line)]
    if not heads:
        return None
    head = heads[-1]
    rows = _dump_rows(lines, head)
    places = [i for i, j in zip(rows, [*rows[1:], None], strict=True) if _room_after(lines, i, j)]
    if not places:
        return None
    at = rng.choice(places)
    changed = list(lines)
    changed[at] = SIZE.sub(lambda m: hexed(int(m[0], 16) + PAGE, m[0]), shift(lines[at], 0, PAGE))
    group = 1 if "memory[" in lines[at] else 2
    changed[head] = _total(lines[head], group, PAGE)
    return Injected("dump row", changed, at + 1, lines[at])


def _dump_rows(lines: list[str], head: int) -> list[int]:
    rows = []
    for i in range(head + 1, len(lines)):
        if DUMP_ROW.search(lines[i]):
            rows.append(i)
        elif ".cnt" not in lines[i]:
            break
    return rows


def _room_after(lines: list[str], at: int, following: int | None) -> bool:
    if following is None:
        return True
    same = ("memory[" in lines[at]) == ("memory[" in lines[following])
    return not same or bounds(lines[following])[0] > bounds(lines[at])[1] + PAGE + 1


def _total(line: str, group: int, more: int) -> str:
    match = TOTALS.search(line)
    assert match is not None
    start, end = match.span(group)
    return line[:start] + hexed(int(match[group], 16) + more, match[group]) + line[end:]


def lost_free(lines: list[str], rng: random.Random) -> Injected | None:
    """A free's line gone; reported where a dump shows it or an allocation takes the memory."""
    places = []
    for i, line in enumerate(lines):
        if FREE.search(line) and RANGE.search(line):
            low, high = bounds(line)
            users = (j for j in allocations(lines) if j > i and _overlap(lines[j], low, high))
            user = next(users, None)
            if user is not None:
                places.append((i, _in_dump(lines, i, user, low, high) or user))
    if not places:
        return None
    at, shown = rng.choice(places)
    return Injected("lost free", lines[:at] + lines[at + 1 :], shown, lines[at])


def _in_dump(lines: list[str], at: int, user: int, low: int, high: int) -> int | None:
    """Return where a dump before the user shows the loss: the row beside it, or the heading."""
    head = next((i for i in range(at, user) if TOTALS.search(lines[i])), None)
    if head is None:
        return None
    rows = (i for i in _dump_rows(lines, head) if "reserved[" in lines[i])
    return next((i for i in rows if _overlap(lines[i], low - 1, high + 1)), head - 1)


def _overlap(line: str, low: int, high: int) -> bool:
    start, end = bounds(line)
    return start <= high and end >= low


def changed_e820(lines: list[str], rng: random.Random) -> Injected | None:
    """The end of one usable e820 entry a page lower."""
    places = [i for i, line in enumerate(lines) if E820.search(line)]
    if not places:
        return None
    at = rng.choice(places)
    match = E820.search(lines[at])
    assert match is not None
    end = hexed(int(match[2], 16) - PAGE, match[2])
    line = lines[at][: match.start(2)] + end + lines[at][match.end(2) :]
    return Injected("e820", [*lines[:at], line, *lines[at + 1 :]], at + 1, lines[at])


FAULTS: dict[str, Fault] = {
    "moved": moved_by_a_page,
    "grown": grown,
    "lost reserve": lost_reserve,
    "dump row": changed_dump_row,
    "lost free": lost_free,
    "e820": changed_e820,
}


def injections(text: str, seed: int, each: int = 1) -> Iterator[Injected]:
    """Yield ``each`` faults of every kind that the log offers a place for."""
    lines = text.split("\n")
    rng = random.Random(seed)
    for fault in FAULTS.values():
        for _ in range(each):
            injected = fault(lines, rng)
            if injected is not None:
                yield injected
