"""The BIOS memory map of x86 and what the kernel changes in it (arch/x86/kernel/e820.c)."""

from __future__ import annotations

from typing import Any, Self

from tracekit.events.base import Event, Source, event
from tracekit.events.ranges import RangeEvent, take_range

# 7.0 gave two types other words: "x86/boot/e820: Print E820_TYPE_RAM entries as ..."
_WORDS = {"System RAM": "usable", "device reserved": "reserved"}


def plain_kind(kind: str) -> str:
    """Return the type of an entry in the words used up to 6.19 (usable, reserved, ...)."""
    return _WORDS.get(kind, kind).replace("persistent RAM", "persistent")


@event("e820_header")
class E820Header(Event, frozen=True):
    """The head of a table: BIOS-provided, extended, user-defined, modified."""

    table: str


@event("e820_row", "e820_row_exclusive", "e820_row_sized")
class E820Row(RangeEvent, frozen=True):
    """One entry of a table, in bytes, end exclusive; ``kind`` in the words up to 6.19.

    ``who`` is the kernel's mark: BIOS-e820, user, modified, extended, reserve setup_data.
    """

    who: str
    kind: str

    @property
    def is_ram(self) -> bool:
        """Whether the entry is memory that the kernel may use."""
        return self.kind == "usable"

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from any of the three forms."""
        start, end = take_range(fields)
        return cls(source, start, end, fields["who"], plain_kind(fields["kind"]))


@event("e820_gap")
class E820Gap(RangeEvent, frozen=True):
    """A range between two entries (7.0 and later)."""

    who: str


@event("e820_disorder")
class E820Disorder(Event, frozen=True):
    """The kernel's own complaint that the entry after this line lies before its predecessor."""


@event("e820_update", "e820_update_exclusive")
class E820Update(RangeEvent, frozen=True):
    """A range is given another type: e820__range_update."""

    kind: str
    new_kind: str

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from either form."""
        start, end = take_range(fields)
        kinds = plain_kind(fields["kind"]), plain_kind(fields["new_kind"])
        return cls(source, start, end, *kinds)


@event("e820_remove", "e820_remove_exclusive")
class E820Remove(RangeEvent, frozen=True):
    """A range is taken out of the map: e820__range_remove; ``kind`` None means any type."""

    kind: str | None = None

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from either form."""
        start, end = take_range(fields)
        kind = fields.get("kind")
        return cls(source, start, end, plain_kind(kind) if kind is not None else None)


@event("e820_last_pfn")
class LastPfn(Event, frozen=True):
    """The end of RAM as a pfn (exclusive), and the highest that this kernel can address."""

    last_pfn: int
    max_arch_pfn: int | None = None


@event("e820_ram_buffer", "e820_ram_buffer_old")
class RamBuffer(RangeEvent, frozen=True):
    """Addresses behind RAM that are kept clear of devices (e820__reserve_resources_late)."""


@event("e820_pci_gap", "e820_pci_gap_old")
class PciGap(RangeEvent, frozen=True):
    """The largest hole below 4 GiB, where PCI devices may be placed."""


@event("e820_kernel_not_ram")
class KernelNotRam(Event, frozen=True):
    """setup_arch found its own image in a range that the map does not call RAM."""


@event("e820_full")
class E820Full(RangeEvent, frozen=True):
    """An entry that found no place in the table and is ignored."""
