"""Facts that the kernel prints with mminit_loglevel= (mm/mm_init.c, mm/page_alloc.c)."""

from __future__ import annotations

from typing import Any

from tracekit.events.base import Event, Source, event


class PageFlagsParts(Event, frozen=True):
    """A number of bits for each part of page->flags; None where a kernel has no such part."""

    section: int
    node: int
    zone: int
    last_cpupid: int | None = None
    kasan_tag: int | None = None
    gen: int | None = None
    tier: int | None = None
    flags: int | None = None


@event("page_flags_widths")
class PageFlagsWidths(PageFlagsParts, frozen=True):
    """How many bits each part has, and how many flags there are."""


@event("page_flags_shifts")
class PageFlagsShifts(PageFlagsParts, frozen=True):
    """How many bits each part would need, whether or not it found room."""


@event("page_flags_pgshifts")
class PageFlagsPgshifts(PageFlagsParts, frozen=True):
    """The lowest bit of each part, 0 where it has no room."""


@event("page_flags_zone_id")
class PageFlagsZoneId(Event, frozen=True):
    """The bits that name a zone of the machine: first above the highest, and the lowest."""

    end: int
    start_bit: int


@event("page_flags_usage")
class PageFlagsUsage(Event, frozen=True):
    """Bits of a long, of all that is not needed for the parts, and of the flags."""

    bits: int
    fields: int
    flags: int
    rest: int


@event("memmap_init")
class MemmapInit(Event, frozen=True):
    """A zone's span in pfn, end exclusive, as its free lists are set up.

    ``index`` counts the zones that the kernel was built with.
    """

    nid: int
    index: int
    start_pfn: int
    end_pfn: int


@event("zonelist_row")
class ZonelistRow(Event, frozen=True):
    """The zones that serve a request for a zone of a node, in the order in which they are tried.

    ``list`` is ``general`` or ``thisnode``; ``refs`` are (nid, zone), None where printk broke
    the line off.
    """

    list: str
    nid: int
    name: str
    refs: tuple[tuple[int, str], ...] | None = None

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> ZonelistRow:
        """Build from the list of node:zone."""
        pairs = [word.partition(":") for word in fields.get("refs", "").split()]
        refs = tuple((int(nid), zone) for nid, _, zone in pairs) or None
        return cls(source, fields["list"], fields["nid"], fields["name"], refs)
