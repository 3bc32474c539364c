"""Facts that the zone and hand-off code prints: mm/mm_init.c, before v6.4 mm/page_alloc.c."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tracekit.events.base import Event, Source, event


@event("zone_ranges")
class ZoneRangesHeader(Event, frozen=True):
    """``Zone ranges:``; the zones follow."""


@event("zone_range", "zone_range_pfn")
class ZoneRangeLine(Event, frozen=True):
    """One zone's possible range: bytes, end exclusive; or, in old wordings, pfn.

    ``in_pfn`` says which. An empty zone has ``start`` and ``end`` 0.
    """

    zone: str
    start: int = 0
    end: int = 0
    in_pfn: bool = False

    @property
    def empty(self) -> bool:
        """Whether the kernel printed ``empty`` (a range of no bytes is never printed)."""
        return self.start == self.end

    @classmethod
    def from_fields(cls, source: Source, rule: str, fields: dict[str, Any]) -> ZoneRangeLine:
        """Build from either wording."""
        if rule == "zone_range_pfn":
            start, end = (int(fields[name], 0) for name in ("start_pfn", "end_pfn"))
            return cls(source, fields["zone"], start, end, True)
        if "empty" in fields:
            return cls(source, fields["zone"])
        return cls(source, fields["zone"], fields["first"], fields["last"] + 1)


@event("zone_size_24")
class ZoneSize24(Event, frozen=True):
    """``zone(1): 12288 pages.`` of 2.4."""

    index: int
    pages: int


@event("movable_header")
class MovableHeader(Event, frozen=True):
    """``Movable zone start for each node``; the nodes that have one follow."""


@event("movable_start")
class MovableStart(Event, frozen=True):
    """Where Movable begins on a node: an address, or a pfn in the oldest wordings."""

    nid: int
    start: int

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> MovableStart:
        """Build from hex or decimal."""
        return cls(source, fields["nid"], int(fields["pfn_or_address"], 0))


@event("node_ranges")
class NodeRangesHeader(Event, frozen=True):
    """``Early memory node ranges``; old kernels print how many follow."""

    count: int | None = None


@event("node_range", "node_range_pfn")
class NodeRangeLine(Event, frozen=True):
    """RAM of one node: bytes, end exclusive; or, in old wordings, pfn."""

    nid: int
    start: int
    end: int
    in_pfn: bool = False

    @classmethod
    def from_fields(cls, source: Source, rule: str, fields: dict[str, Any]) -> NodeRangeLine:
        """Build from either wording."""
        if rule == "node_range_pfn":
            start, end = (int(fields[name], 0) for name in ("start_pfn", "end_pfn"))
            return cls(source, fields["nid"], start, end, True)
        return cls(source, fields["nid"], fields["first"], fields["last"] + 1)


def whole_node_ranges(events: Iterable[Event]) -> list[NodeRangeLine]:
    """Return the node ranges; none without their heading: the first may be missing with it."""
    found: list[NodeRangeLine] = []
    headed = False
    for each in events:
        headed = headed or isinstance(each, NodeRangesHeader)
        if isinstance(each, NodeRangeLine):
            found.append(each)
    return found if headed else []


@event("initmem_setup", "initmem_setup_old")
class InitmemSetup(Event, frozen=True):
    """The span of a node in bytes, end exclusive."""

    nid: int
    start: int
    end: int

    @classmethod
    def from_fields(cls, source: Source, rule: str, fields: dict[str, Any]) -> InitmemSetup:
        """Build from the wording with inclusive or with exclusive end."""
        if rule == "initmem_setup_old":
            return cls(source, fields["nid"], fields["first_bare"], fields["end_bare"])
        return cls(source, fields["nid"], fields["first"], fields["last"] + 1)


@event("node_memoryless")
class NodeMemoryless(Event, frozen=True):
    """A node without memory is set up."""

    nid: int


@event("node_total_pages")
class NodeTotalPages(Event, frozen=True):
    """``On node N totalpages``: pages of RAM on the node."""

    nid: int
    pages: int


@event("memmap_used")
class MemmapUsed(Event, frozen=True):
    """Pages of a zone charged for its struct pages; the node is that of the line before."""

    zone: str
    pages: int


@event("memmap_exceeds")
class MemmapExceeds(Event, frozen=True):
    """A zone too small for its own struct pages."""

    zone: str
    pages: int
    size: int


@event("zone_reserved")
class ZoneReserved(Event, frozen=True):
    """``DMA zone: N pages reserved``: what the lowest zone gave away before."""

    zone: str
    pages: int


@event("zone_pages")
class ZonePages(Event, frozen=True):
    """``Normal zone: N pages, LIFO batch:M``."""

    zone: str
    pages: int
    batch: int


@event("unavailable")
class UnavailablePages(Event, frozen=True):
    """Pages of holes whose struct pages went to a zone."""

    nid: int
    zone: str
    pages: int


@event("zeroed_unavailable")
class ZeroedUnavailable(Event, frozen=True):
    """Struct pages of holes that were zeroed, in all (v4.15 to v5.11)."""

    pages: int


@event("zonelists")
class Zonelists(Event, frozen=True):
    """``Built N zonelists ... Total pages: M``."""

    count: int
    pages: int | None = None
    order: str | None = None
    mobility: str | None = None


@event("fallback_order")
class FallbackOrder(Event, frozen=True):
    """The nodes that a node falls back to, itself first."""

    nid: int
    order: tuple[int, ...]

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> FallbackOrder:
        """Build from the list of nodes."""
        return cls(source, fields["nid"], tuple(map(int, fields["nids"].split())))


@event("policy_zone")
class PolicyZone(Event, frozen=True):
    """The highest zone that memory policies apply to."""

    zone: str


@event("deferred_done")
class DeferredDone(Event, frozen=True):
    """A node's deferred struct pages are initialised and its memory is free."""

    nid: int
    milliseconds: int
    pages: int | None = None


@event("node_mem_map")
class NodeMemMap(Event, frozen=True):
    """Virtual addresses of a node's pg_data_t and flat memory map."""

    nid: int
    pgdat: int
    node_mem_map_at: int


@event("memory_line", "memory_arm")
class MemoryLine(Event, frozen=True):
    """The ``Memory:`` line; all sizes in KiB, None where the wording does not give them."""

    available: int
    total: int
    reserved: int | None = None
    cma: int | None = None
    highmem: int | None = None
    absent: int | None = None
    code: int | None = None
    rwdata: int | None = None
    rodata: int | None = None
    data: int | None = None
    init: int | None = None
    bss: int | None = None


@event("memory_arm_banks")
class MemoryBanks(Event, frozen=True):
    """``Memory: 64MB 64MB = 128MB total`` of ARM before 3.11."""

    banks: str
    megabytes: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """The banks' sizes in MiB."""
        return tuple(int(word.removesuffix("MB")) for word in self.banks.split())


@event("freeing_initrd", "freeing_unused", "freeing_late")
class Freeing(Event, frozen=True):
    """``Freeing ...``: memory that comes back after the hand-off, in KiB.

    ``what`` is ``initrd``, ``initmem`` or the owner's name.
    """

    what: str
    kib: int

    @classmethod
    def from_fields(cls, source: Source, rule: str, fields: dict[str, Any]) -> Freeing:
        """Build from any of the wordings."""
        if rule == "freeing_initrd":
            return cls(source, "initrd", fields["kib"])
        what = fields.get("owner") or fields.get("part") or "initmem"
        return cls(source, str(what).removesuffix(" memory"), fields["kib"])


@event("slub_banner")
class SlubBanner(Event, frozen=True):
    """``SLUB: HWalign=...``: cache line size in bytes, orders, CPUs and nodes."""

    hwalign: int
    min_order: int
    max_order: int
    min_objects: int
    cpus: int
    nodes: int
    genslabs: int | None = None
