"""MIPS: the processor and the memory map (arch/mips/kernel/setup.c), some also of LoongArch."""

from __future__ import annotations

import re
from typing import Any, Self

from tracekit.events.base import Event, Source, event
from tracekit.events.ranges import RangeEvent

# Cores without 64-bit registers (arch/mips/kernel/cpu-probe.c: MIPS_CPU_ISA_M32*, ISA_I/II).
_CORES_32 = re.compile(
    r"BMIPS|MIPS (?:4K|24K|34K|74K|1004K|1074K|M14K|interAptiv|microAptiv|P5600|M5150)"
    r"|Au1|XBurst|R3000|Lexra|Ingenic|PR4450"
)


@event("mips_cpu")
class MipsCpu(Event, frozen=True):
    """The boot processor: its id register and the kernel's name for the core."""

    prid: int
    name: str

    @property
    def is_32bit_core(self) -> bool:
        """Whether only a 32-bit kernel can run on it."""
        return _CORES_32.search(self.name) is not None


@event("mips_header", "user_map_overwrite")
class MipsMapHeader(Event, frozen=True):
    """The head of the map, or the note that mem= overwrote it."""


@event("mips_row")
class MipsMemory(RangeEvent, frozen=True):
    """One row of the map in bytes, end exclusive; ``digits`` is the printed width of a long."""

    kind: str
    digits: int

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from size and start."""
        base, width = fields["base"], fields["width"]
        return cls(source, base, base + int(width, 16), fields["kind"], len(width))


@event("mips_wasting")
class WastedPages(Event, frozen=True):
    """Struct pages below the start of RAM, because ARCH_PFN_OFFSET is 0 (bootmem_init)."""

    size: int
    pages: int


@event("outside_map")
class KernelOutsideMap(Event, frozen=True):
    """No RAM region held the kernel image, so that one was added for it."""


@event("loongson_node", "loongson_bytes")
class LoongsonNode(RangeEvent, frozen=True):
    """A range that Loongson firmware announces; ``nid`` None where it is reserved.

    ``mem_type`` is the EFI or firmware type (1 and 2 are RAM on MIPS, 4 boot services and 7
    conventional memory on LoongArch).
    """

    mem_type: int
    nid: int | None = None


@event("loongson_pfns")
class LoongsonPfns(Event, frozen=True):
    """The range before, as the pfns that join the node, and the pages counted so far."""

    start_pfn: int
    end_pfn: int
    physpages: int
