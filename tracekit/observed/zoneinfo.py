"""/proc/zoneinfo, typed: sizes and watermarks of every zone (mm/vmstat.c: zoneinfo_show_print)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

__all__ = ["ZoneMarks", "ZoneSizes", "parse_watermarks", "parse_zoneinfo"]

_HEAD = re.compile(r"^Node +(\d+), zone +(\S+)")
_MARK = re.compile(r"^ +(?:pages )?(boost|min|low|high) +(\d+)$")
_PROTECTION = re.compile(r"^ +protection: \(([\d, ]+)\)$")
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


@dataclass(slots=True)
class ZoneMarks:
    """The watermarks of one zone in pages, boost included, and what it keeps back.

    ``lines`` are the 1-based lines of each number by its name; ``boost`` is None where the
    kernel does not show it (before v5.12). ``protection`` is lowmem_reserve, one number for
    each zone of the build.
    """

    nid: int
    zone: str
    marks: dict[str, int] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    protection: tuple[int, ...] = ()

    @property
    def boost(self) -> int | None:
        """By how much all watermarks are raised for the moment."""
        return self.marks.get("boost")


def parse_watermarks(text: str) -> list[ZoneMarks]:
    """Return the watermarks of every zone of a zoneinfo file, in its order."""
    found: list[ZoneMarks] = []
    for number, line in enumerate(text.splitlines(), 1):
        if match := _HEAD.match(line):
            found.append(ZoneMarks(int(match[1]), match[2]))
        elif found and (mark := _MARK.match(line)):
            found[-1].marks[mark[1]] = int(mark[2])
            found[-1].lines[mark[1]] = number
        elif found and (row := _PROTECTION.match(line)):
            found[-1].protection = tuple(int(word) for word in row[1].split(","))
            found[-1].lines["protection"] = number
    return found
