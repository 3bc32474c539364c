"""The initial RAM disk and ACPI's tables: what the boot loader or firmware left in RAM."""

from __future__ import annotations

from typing import Any, Self

from tracekit.events.base import Event, Source, event
from tracekit.events.ranges import RangeEvent, take_range


@event("ramdisk", "ramdisk_exclusive", "parisc_initrd")
class Ramdisk(RangeEvent, frozen=True):
    """The initial RAM disk where the boot loader put it, physical bytes, end exclusive."""


@event("ramdisk_move", "ramdisk_move_old")
class RamdiskMove(RangeEvent, frozen=True):
    """It was copied to this range from ``origin`` (start, end), ends exclusive."""

    origin: tuple[int, int]

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from either form; both print inclusive ends."""
        start, end = take_range(fields)
        return cls(source, start, end, (fields["from_first"], fields["from_last"] + 1))


@event("ramdisk_new", "ramdisk_new_old")
class RamdiskNew(RangeEvent, frozen=True):
    """The place found for the copy (relocate_initrd)."""


@event("initrd_disabled")
class InitrdDisabled(RangeEvent, frozen=True):
    """The kernel does without the initial RAM disk, and why (phys_initrd_start)."""

    reason: str


@event("initrd_missing", "initrd_no_fit")
class InitrdMissing(Event, frozen=True):
    """There is no initial RAM disk, or (s390) none that fits."""


@event("initrd_at")
class InitrdAt(Event, frozen=True):
    """Its virtual address as printed (it may be hidden) and its size in bytes."""

    address: str
    bytes: int


@event("ppc_initrd")
class PpcInitrd(Event, frozen=True):
    """Virtual start and end (exclusive) of the initial RAM disk (check_for_initrd)."""

    first_virtual: int
    end_virtual: int


@event("initrd_range")
class InitrdRange(Event, frozen=True):
    """A virtual range as parisc and m68k print it."""


@event("acpi_table")
class AcpiTable(RangeEvent, frozen=True):
    """An ACPI table whose memory is reserved (acpi_reserve_initial_tables, 5.13 and later)."""

    table: str
