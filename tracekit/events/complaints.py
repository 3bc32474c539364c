"""What the kernel itself complains about: faults, bad pages, failed allocations, bad slabs."""

from __future__ import annotations

import re
from typing import Any, Self

from tracekit.events.base import Event, Source, event

BLOCKS = re.compile(r"(\d+)\*(\d+)kB (?:\(([A-Z]*)\))?")


@event("page_failure", "vmemmap_failure")
class PageFailure(Event, frozen=True):
    """A request for 2^``order`` pages failed (warn_alloc); ``mode`` are its gfp flags."""

    comm: str
    order: int
    mode: int
    gfp_flags: str = ""


@event("free_blocks")
class FreeBlocks(Event, frozen=True):
    """The free blocks of one zone when the kernel showed its memory (show_free_areas).

    ``blocks`` holds for each order (count, KiB of one block, letters of the migrate types that
    have some: U, M, E, R, H, C, I; empty before 3.9).
    """

    zone: str
    free_kib: int
    blocks: tuple[tuple[int, int, str], ...]
    nid: int = 0

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from the line's own row of blocks."""
        rows = BLOCKS.findall(fields.pop("blocks"))
        blocks = tuple((int(count), int(kib), letters) for count, kib, letters in rows)
        return cls(source, blocks=blocks, **fields)


@event("zone_watermarks")
class ZoneWatermarks(Event, frozen=True):
    """A zone's free memory and watermarks, in KiB, when the kernel showed its memory."""

    zone: str
    free_kib: int
    min_kib: int
    low_kib: int
    high_kib: int
    nid: int = 0


@event("lowmem_reserve")
class LowmemReserve(Event, frozen=True):
    """Pages of the zone in the line above that requests for a higher zone must leave alone."""

    pages: tuple[int, ...]

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from the row, one number for each zone of the request."""
        return cls(source, tuple(int(number) for number in fields["pages"].split()))


@event("bad_page", "bad_page_old")
class BadPage(Event, frozen=True):
    """A page whose struct page is not as it must be (bad_page); before 2.6.29 without its pfn."""

    comm: str
    pfn: int | None = None

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from either wording; the pfn is printed in hex without 0x."""
        return cls(source, fields["comm"], fields.get("pfn_hex"))


@event("page_dump")
class PageDump(Event, frozen=True):
    """The counts of a dumped struct page; a mapcount below -1 shows the page's type."""

    refcount: int
    mapcount: int


@event("page_dumped")
class PageDumped(Event, frozen=True):
    """Why a struct page was dumped."""

    reason: str


@event("fault", "fault_null")
class Fault(Event, frozen=True):
    """An access of the kernel to ``address`` that the hardware refused; None where cut off."""

    address: int | None = None


@event("oops")
class Oops(Event, frozen=True):
    """An exception that the kernel did not survive; most follow a line that says more."""

    reason: str


@event("kernel_bug")
class KernelBug(Event, frozen=True):
    """A BUG() of the kernel: source file and line of it."""

    file: str
    row: int


@event("oops_place")
class OopsPlace(Event, frozen=True):
    """The function at fault: ``name+offset/size``."""

    place: str


@event("slub_bug")
class SlubBug(Event, frozen=True):
    """A slab whose red zone, poison or free list is not as it must be (slab_bug)."""

    cache: str
    reason: str
    taint: str = ""


@event("slub_bytes")
class SlubBytes(Event, frozen=True):
    """The first byte that differs in the range that slub checked."""

    found: int
    expected: int


@event("slub_track")
class SlubTrack(Event, frozen=True):
    """Who allocated or freed the object of a slub report; ``age`` in jiffies."""

    act: str
    caller: str
    age: int
    cpu: int
    pid: int


@event("slub_object")
class SlubObject(Event, frozen=True):
    """Where in its slab the object of a slub report lies (bytes)."""

    offset: int


@event("sanitizer")
class Sanitizer(Event, frozen=True):
    """A report of KASAN, KFENCE or KMSAN."""

    tool: str
    reason: str
    caller: str


@event("sanitizer_object")
class SanitizerObject(Event, frozen=True):
    """The cache of the object in a sanitizer's report, and its object size in bytes."""

    cache: str
    size: int


@event("percpu_failed")
class PercpuFailed(Event, frozen=True):
    """A percpu request that found no room; ``atomic`` ones may not make any."""

    size: int
    align: int
    reason: str
    atomic: int = 0


@event("oom_killed")
class OomKilled(Event, frozen=True):
    """A process killed for want of memory."""

    pid: int
    comm: str


@event("warning", "warning_new", "warning_old")
class Warned(Event, frozen=True):
    """A WARN of the kernel: source file, line of it, and function where printed."""

    file: str
    row: int
    place: str = ""
