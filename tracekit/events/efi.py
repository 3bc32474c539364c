"""The EFI memory map, and what the kernel keeps or drops of it."""

from __future__ import annotations

import re
from typing import Any, Self

from tracekit.events.base import Event, Source, event
from tracekit.events.ranges import RangeEvent, take_range

# drivers/firmware/efi/efi.c: memory_type_name, by EFI's own type numbers; 6.1 shortened some.
_TYPES = (
    "Reserved", "Loader Code", "Loader Data", "Boot Code", "Boot Data", "Runtime Code",
    "Runtime Data", "Conventional", "Unusable", "ACPI Reclaim", "ACPI Mem NVS", "MMIO",
    "MMIO Port", "PAL Code", "Persistent", "Unaccepted",
)  # fmt: skip
_LONG = {
    "Conventional Memory": "Conventional",
    "Unusable Memory": "Unusable",
    "ACPI Reclaim Memory": "ACPI Reclaim",
    "ACPI Memory NVS": "ACPI Mem NVS",
    "Memory Mapped I/O": "MMIO",
    "MMIO Port Space": "MMIO Port",
    "Persistent Memory": "Persistent",
}
# is_usable_memory of drivers/firmware/efi/efi-init.c: what becomes RAM if it is write-back.
_RAM = {"Loader Code", "Loader Data", "Boot Code", "Boot Data", "Conventional", "Persistent"}


def type_name(kind: str) -> str:
    """Return the kernel's present name of a type from ``[Boot Data   |RUN|..]``."""
    name = kind.strip("[]").partition("|")[0].strip()
    number = re.fullmatch(r"type=([0-9]{1,4})", name)
    if number is not None:
        return _TYPES[int(number[1])] if int(number[1]) < len(_TYPES) else name
    return _LONG.get(name, name)


@event("efi_x86", "efi_x86_old", "efi_generic")
class EfiMemory(RangeEvent, frozen=True):
    """One descriptor in bytes, end exclusive; ``attributes`` are the words between bars."""

    kind: str
    attributes: frozenset[str] = frozenset()
    index: int | None = None

    @property
    def is_ram(self) -> bool:
        """Whether the kernel may use the range once boot services are done."""
        return self.kind in _RAM

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from any form; the oldest gives the type and the attributes as numbers."""
        start, end = take_range(fields)
        text = fields.get("kind") or f"type={fields['type']}"
        words = re.findall(r"\|\s*([A-Z]+)\s*(?=[|\]])", text)
        return cls(source, start, end, type_name(text), frozenset(words), fields.get("index"))


@event("efi_memattr")
class EfiMemoryAttributes(RangeEvent, frozen=True):
    """A row of the memory attributes table: rights of a piece of runtime code or data."""

    kind: str


@event("efi_mmio_removed", "efi_mmio_kept")
class EfiMmio(RangeEvent, frozen=True):
    """An MMIO range that is dropped from the e820 map, or kept (efi_remove_e820_mmio)."""

    index: int
    removed: bool

    @classmethod
    def from_fields(cls, source: Source, rule: str, fields: dict[str, Any]) -> Self:
        """Build from either line."""
        start, end = take_range(fields)
        return cls(source, start, end, fields["index"], rule == "efi_mmio_removed")


@event("efi_version")
class EfiVersion(Event, frozen=True):
    """The firmware's EFI version and vendor."""

    version: str
    vendor: str


@event("efi_absent")
class EfiAbsent(Event, frozen=True):
    """The kernel looked for EFI and found none."""


@event("efi_esrt")
class EsrtReserved(RangeEvent, frozen=True):
    """The EFI System Resource Table, kept by efi_esrt_init."""


@event("efi_map_field")
class EfiMapField(Event, frozen=True):
    """Address or size of the memory map as the device tree's /chosen gives it."""

    value: int


@event("efi_tables")
class EfiTables(Event, frozen=True):
    """The line that lists the configuration tables."""


@event("efi_heading")
class EfiHeading(Event, frozen=True):
    """The head of a table's rows."""
