"""/proc/zoneinfo, typed: the sizes of every zone (mm/vmstat.c: zoneinfo_show_print)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

__all__ = ["ZoneSizes", "parse_zoneinfo"]

_HEAD = re.compile(r"^Node +(\d+), zone +(\S+)")
_SIZE = re.compile(r"^ +(spanned|present|managed) +(\d+)$")


@dataclass(frozen=True, slots=True)
class ZoneSizes:
    """The pages of one zone; ``line`` is that of ``managed``, 1-based.

    ``managed`` is None on kernels before v3.8, which do not count it.
    """

    line: int
    nid: int
    zone: str
    spanned: int | None = None
    present: int | None = None
    managed: int | None = None


def parse_zoneinfo(text: str) -> list[ZoneSizes]:
    """Return the zones of a zoneinfo file in its order."""
    found: list[ZoneSizes] = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _HEAD.match(line)
        if match:
            found.append(ZoneSizes(number, int(match[1]), match[2]))
        elif found and (size := _SIZE.match(line)):
            found[-1] = _with_size(found[-1], number, size[1], int(size[2]))
    return found


def _with_size(zone: ZoneSizes, number: int, name: str, pages: int) -> ZoneSizes:
    match name:
        case "spanned":
            return replace(zone, spanned=pages)
        case "present":
            return replace(zone, present=pages)
    return replace(zone, managed=pages, line=number)
