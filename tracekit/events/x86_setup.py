"""What x86 prints of memory while it sets up: the direct mapping, low and high memory."""

from __future__ import annotations

from typing import Any, Self

from tracekit.events.base import Event, Source, event
from tracekit.events.ranges import RangeEvent, take_range


@event("x86_initial_mapping", "x86_initial_mapping_old")
class InitialMapping(RangeEvent, frozen=True):
    """What head_64.S or head_32.S had mapped when setup_arch began, end exclusive."""

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from either form; the old one leaves out the start."""
        return cls(source, *take_range({"base": 0} | fields))


@event("x86_direct_mapping", "x86_direct_mapping_old")
class DirectMapping(RangeEvent, frozen=True):
    """A range that joins the direct mapping (init_memory_mapping), end exclusive."""


@event("x86_direct_page")
class DirectPage(RangeEvent, frozen=True):
    """The page size (``4k``, ``2M``, ``4M``, ``1G``) used for a part of it."""

    page: str


@event("x86_mapping_tables")
class MappingTables(Event, frozen=True):
    """Where the page tables of the direct mapping went, in kernels up to 3.8."""


@event("x86_lowmem")
class LowmemAvailable(Event, frozen=True):
    """MiB of RAM in the direct mapping of a 32-bit kernel."""

    mib: int


@event("highmem_available")
class HighmemAvailable(Event, frozen=True):
    """MiB of RAM beyond it (x86 and sparc, 32-bit)."""

    mib: int


@event("x86_trampoline")
class Trampoline(RangeEvent, frozen=True):
    """Real mode code for the other processors, below 1 MiB."""


@event("x86_stolen")
class StolenMemory(RangeEvent, frozen=True):
    """Memory that integrated graphics keeps for itself (early-quirks.c)."""


@event("x86_nosave")
class NosaveMemory(RangeEvent, frozen=True):
    """A range without RAM that hibernation skips (register_nosave_region)."""


@event("x86_reserve_top")
class ReserveTop(Event, frozen=True):
    """A hypervisor keeps the virtual addresses from ``top`` on (32-bit guests)."""

    top: int
