"""/proc/slabinfo, typed: one row per cache (mm/slab_common.c, slabinfo_show_stats)."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["SlabinfoRow", "parse_slabinfo"]

_ROW = re.compile(
    r"^(?P<name>\S.*?)\s+(?P<active>\d+)\s+(?P<objects>\d+)\s+(?P<size>\d+)\s+(?P<per_slab>\d+)"
    r"\s+(?P<pages>\d+) : tunables\s+(?P<limit>\d+)\s+\d+\s+\d+"
    r" : slabdata\s+(?P<active_slabs>\d+)\s+(?P<slabs>\d+)"
)


@dataclass(frozen=True, slots=True)
class SlabinfoRow:
    """One cache: objects in use and in all slabs, `size` bytes from object to object.

    `limit` is not zero only where the allocator is SLAB; `line` is 1-based.
    """

    line: int
    name: str
    active_objects: int
    objects: int
    size: int
    objects_per_slab: int
    pages_per_slab: int
    limit: int
    active_slabs: int
    slabs: int


def parse_slabinfo(text: str) -> list[SlabinfoRow]:
    """Return the rows of a slabinfo file in its order; other lines are left out."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _ROW.match(line)
        if match:
            name, *values = match.groups()
            found.append(SlabinfoRow(number, name, *map(int, values)))
    return found
