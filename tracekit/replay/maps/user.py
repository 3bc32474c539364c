"""The user-defined e820 map against the firmware's and the command line it was made from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tracekit.boot import Boot
from tracekit.events.base import Source
from tracekit.events.e820 import E820Row
from tracekit.mm.ranges import Ranges, subtract, union
from tracekit.replay.maps.e820_table import Entry

_NUMBER = r"(0x[0-9a-fA-F]+|[0-9]+)([kKmMgGtT]?)"
_MEMMAP = re.compile(rf"{_NUMBER}([$#!@]){_NUMBER}")
_UNITS = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}


def size_of(number: str, unit: str) -> int:
    """Return the bytes that the kernel's memparse reads in ``16M``."""
    return int(number, 0) << _UNITS[unit.lower()]


def memmap_options(cmdline: str) -> list[tuple[int, int, str]] | None:
    """Return each ``memmap=SIZE$START`` as (start, end, mark); None where one is not so plain.

    The marks are $ (reserved), # (ACPI), ! (persistent) and @ (RAM), see parse_memmap_one.
    """
    found: list[tuple[int, int, str]] = []
    for word in cmdline.split():
        name, _, value = word.partition("=")
        if name != "memmap":
            continue
        for part in value.split(","):
            match = _MEMMAP.fullmatch(part)
            if match is None:
                return None
            size, start = size_of(match[1], match[2]), size_of(match[4], match[5])
            found.append((start, start + size, match[3]))
    return found


def expected_ram(firmware: Sequence[Entry], options: list[tuple[int, int, str]]) -> Ranges:
    """Return the RAM of the user-defined map: the less usable type wins an overlap."""
    added = [(start, end) for start, end, mark in options if mark == "@"]
    taken = [(start, end) for start, end, mark in options if mark != "@"]
    taken += [(entry.start, entry.end) for entry in firmware if not entry.is_ram]
    ram = [(entry.start, entry.end) for entry in firmware if entry.is_ram]
    return subtract([*ram, *added], taken)


def user_map_edges(
    boot: Boot, firmware: Sequence[Entry], rows: Sequence[E820Row]
) -> Iterator[tuple[Entry, str, list[Source]]]:
    """Yield firmware's entries whose RAM is not what the user-defined map made of it."""
    options = memmap_options(boot.kernel.cmdline or "")
    if not firmware or not rows or options is None:
        return
    seen = union(row.range for row in rows if row.is_ram)
    expected = expected_ram(firmware, options)
    for start, end in [*subtract(expected, seen), *subtract(seen, expected)]:
        touching = [e for e in firmware if e.is_ram and e.start <= end and start <= e.end]
        for entry in touching[:1]:
            edge = "start" if start <= entry.start else "end"
            yield entry, edge, [row.source for row in rows if row.is_ram][:1]
