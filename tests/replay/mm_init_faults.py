"""Fault injection from zones to the Memory: line: one number of one line is changed."""

from __future__ import annotations

import random
import re

from tests.faults import Injected

# What a line must look like, and which of its numbers are predicted.
KINDS = {
    "zone": (
        re.compile(r"\]   (?:DMA|DMA32|Normal|HighMem) +\[mem (0x[0-9a-f]+)-(0x[0-9a-f]+)\]"),
        (1, 2),
    ),
    "percpu": (
        re.compile(r"(?:Embedded \d+ pages/cpu|pcpu-alloc:) s(\d+) r(\d+) d(\d+) u(\d+)"),
        (1, 2, 3, 4),
    ),
    "hash": (re.compile(r"hash table entries: (\d+)"), (1,)),
    "memory line": (
        re.compile(r"Memory: \d+K/(\d+)K available.* (\d+)K reserved, (\d+)K cma-reserved"),
        (1, 2, 3),
    ),
}


def inject(kind: str, lines: list[str], rng: random.Random) -> Injected | None:
    """Change one number of a line of this kind; None where the log has no such line."""
    pattern, groups = KINDS[kind]
    places = [(i, m) for i, line in enumerate(lines) if (m := pattern.search(line))]
    if not places:
        return None
    index, match = rng.choice(places)
    group = rng.choice(groups)
    start, end = match.span(group)
    line = lines[index]
    new = line[:start] + _other(match[group], kind, rng) + line[end:]
    return Injected(kind, [*lines[:index], new, *lines[index + 1 :]], index + 1, new)


def _other(number: str, kind: str, rng: random.Random) -> str:
    if number.startswith("0x"):
        value = int(number, 16) + rng.choice((0x1000, 0x10000, 0x100000))
        return f"{value:#0{len(number)}x}"
    if kind == "hash":
        return str(int(number) * 2)
    return str(int(number) + rng.choice((4, 64, 4096)))
