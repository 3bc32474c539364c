"""/proc/buddyinfo and /proc/pagetypeinfo, typed (mm/vmstat.c: frag_show, pagetypeinfo_show)."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["FreeRow", "parse_buddyinfo", "parse_pagetypeinfo"]

_BUDDY = re.compile(r"^Node +(\d+), zone +(\S+) +((?:\d+ *)+)$")
_FREE = re.compile(r"^Node +(\d+), zone +(\S+), type +(\S+) +((?:>?\d+ *)+)$")
_TYPES = re.compile(r"^Number of (?:mixed )?blocks type +(.*)$")


@dataclass(frozen=True, slots=True)
class FreeRow:
    """One line of counts; ``line`` is 1-based.

    ``migratetype`` is None in buddyinfo. ``blocks`` says that the counts are pageblocks, by
    the migrate types in ``names``; else they are free blocks by order. A count that the
    kernel cut short (``>100000``) is None.
    """

    line: int
    nid: int
    zone: str
    migratetype: str | None
    counts: tuple[int | None, ...]
    blocks: bool = False
    names: tuple[str, ...] = ()


def parse_buddyinfo(text: str) -> list[FreeRow]:
    """Return the rows of a buddyinfo file in its order; other lines are left out."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _BUDDY.match(line)
        if match:
            nid, zone, counts = match.groups()
            found.append(FreeRow(number, int(nid), zone, None, _counts(counts)))
    return found


def parse_pagetypeinfo(text: str) -> list[FreeRow]:
    """Return the rows of a pagetypeinfo file: free blocks by type, then pageblocks by type.

    The counts of mixed blocks, which page_owner adds, are left out.
    """
    found: list[FreeRow] = []
    names: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        heading = _TYPES.match(line)
        if heading:
            names = () if "mixed" in line else tuple(heading.group(1).split())
        elif match := _FREE.match(line):
            nid, zone, migratetype, counts = match.groups()
            found.append(FreeRow(number, int(nid), zone, migratetype, _counts(counts)))
        elif names and (match := _BUDDY.match(line)):
            nid, zone, counts = match.groups()
            found.append(FreeRow(number, int(nid), zone, None, _counts(counts), True, names))
    return found


def _counts(text: str) -> tuple[int | None, ...]:
    return tuple(None if word.startswith(">") else int(word) for word in text.split())
