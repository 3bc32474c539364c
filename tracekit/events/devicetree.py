"""Memory that a device tree reserves, overlaps or leaves out (drivers/of)."""

from __future__ import annotations

from typing import Any, Self

from tracekit.events.base import Event, Source, event
from tracekit.events.ranges import MIB, RangeEvent, take_range


@event("of_region")
class ReservedMem(RangeEvent, frozen=True):
    """A region of /reserved-memory as it was set up (6.3 and later), end exclusive.

    ``nomap`` regions stay out of the linear map; ``reusable`` ones are CMA.
    """

    node: str
    nomap: bool
    reusable: bool

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from the line's two words."""
        start, end = take_range(fields)
        nomap, reusable = fields["map"] == "nomap", fields["reusable"] == "reusable"
        return cls(source, start, end, fields["node"], nomap, reusable)


@event("of_initialized")
class ReservedMemInit(Event, frozen=True):
    """A driver took over a reserved-memory node; its range is in the line before or after."""

    node: str
    compatible: str


@event("of_none")
class NoReservedMem(Event, frozen=True):
    """The device tree has no /reserved-memory node (6.13 and later say so)."""


@event("of_overlap_header")
class ReservedMemOverlapHeader(Event, frozen=True):
    """The kernel found overlapping nodes; the next line names them."""


@event("of_overlap")
class ReservedMemOverlap(RangeEvent, frozen=True):
    """Two nodes overlap: this one and ``other``, ends exclusive (__rmem_check_for_overlap)."""

    node: str
    other: str
    other_base: int
    other_end: int


@event("of_failed_allocate", "of_failed_reserve")
class ReservedMemFailed(Event, frozen=True):
    """No memory could be had for a node: anywhere, or (``base`` given) at its own place."""

    node: str
    base: int | None = None
    size: int | None = None

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from either line; the size is printed in whole MiB."""
        mib = fields.get("mib")
        size = None if mib is None else mib * MIB
        return cls(source, fields["node"], fields.get("base"), size)


@event("of_ignored")
class IgnoredMemory(RangeEvent, frozen=True):
    """RAM of the device tree that the kernel cannot address (early_init_dt_add_memory_arch)."""


@event("of_pool")
class MemoryPool(RangeEvent, frozen=True):
    """A shared-dma-pool node became a CMA area, a coherent DMA pool or a restricted one."""

    pool: str


@event("of_elfcorehdr")
class ElfCoreHeader(RangeEvent, frozen=True):
    """The crashed kernel's ELF header, kept by the crash kernel."""


@event("of_usable_range")
class UsableRange(RangeEvent, frozen=True):
    """A range that linux,usable-memory-range limits a crash kernel to."""
