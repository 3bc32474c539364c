"""Memory set aside at boot (CMA, crash kernels, swiotlb, huge pages), and limits on RAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from tracekit.events.base import Event, Source, event
from tracekit.events.ranges import MIB, RangeEvent


@event("cma_reserved")
@dataclass(frozen=True, slots=True)
class CmaReserved(RangeEvent):
    """A CMA area; its size is printed in whole MiB (cma_declare_contiguous_nid)."""

    nid: int | None = None


@event("cma_ranges")
@dataclass(frozen=True, slots=True)
class CmaRanges(Event):
    """A CMA area made of several ranges (6.15 and later)."""

    mib: int
    ranges: int


@event("cma_failed")
@dataclass(frozen=True, slots=True)
class CmaFailed(Event):
    """No room for a CMA area."""

    mib: int
    nid: int | None = None


@event("crash_generic", "crash_low", "crash_megabytes")
@dataclass(frozen=True, slots=True)
class CrashKernel(RangeEvent):
    """Memory for a crash kernel, end exclusive; ``low`` is the part below 4 GiB.

    ``whole_mib`` says that the line prints whole MiB only (x86 up to 6.8, s390, arm).
    """

    low: bool = False
    whole_mib: bool = False

    @classmethod
    def from_fields(cls, source: Source, rule: str, fields: dict[str, Any]) -> Self:
        """Build from the generic wording or that of whole megabytes."""
        if rule == "crash_megabytes":
            start = fields["base_mib"] * MIB
            return cls(source, start, start + fields["mib"] * MIB, "low" in fields, True)
        return cls(source, fields["base"], fields["end"], rule == "crash_low")


@event("crash_failed")
@dataclass(frozen=True, slots=True)
class CrashKernelFailed(Event):
    """The memory that crashkernel= asks for could not be had."""


@event("crash_low_1m")
@dataclass(frozen=True, slots=True)
class CrashLow1M(Event):
    """x86 keeps the first MiB because a crash kernel is wanted (5.10 and later)."""


@event("fadump_reserved")
@dataclass(frozen=True, slots=True)
class FadumpReserved(RangeEvent):
    """Memory for the firmware-assisted dump of powerpc; ``ram_mib`` is all RAM."""

    ram_mib: int


@event("fadump_cma")
@dataclass(frozen=True, slots=True)
class FadumpCma(Event):
    """The part of it that serves as CMA area: bytes, and how many were asked for."""

    size: int
    base_mib: int
    asked: int


@event("swiotlb_mapped", "swiotlb_at_phys")
@dataclass(frozen=True, slots=True)
class SwiotlbMapped(RangeEvent):
    """The bounce buffer in physical memory, end exclusive as the kernel prints it."""


@event("swiotlb_size")
@dataclass(frozen=True, slots=True)
class SwiotlbSize(Event):
    """The bounce buffer's size was changed, to whole MiB as printed (0 is less than one)."""

    mib: int


@event("swiotlb_areas")
@dataclass(frozen=True, slots=True)
class SwiotlbAreas(Event):
    """The number of areas that share the buffer's locks."""

    areas: int


@event("swiotlb_failed")
@dataclass(frozen=True, slots=True)
class SwiotlbFailed(Event):
    """No room for the bounce buffer."""


@event("hugetlb_registered")
@dataclass(frozen=True, slots=True)
class HugePages(Event):
    """A huge page size and how many pages of it exist; ``amount`` counts ``unit``."""

    amount: str
    unit: str
    pages: int


@event("hugetlb_failed")
@dataclass(frozen=True, slots=True)
class HugePagesFailed(Event):
    """Fewer huge pages than wanted could be had."""

    wanted: int
    amount: str
    unit: str
    pages: int


@event("hugetlb_cma_reserved")
@dataclass(frozen=True, slots=True)
class HugetlbCma(Event):
    """A CMA area for gigantic pages on one node."""

    mib: int
    nid: int


@event("hugetlb_cma_failed")
@dataclass(frozen=True, slots=True)
class HugetlbCmaFailed(Event):
    """The kernel's complaint about hugetlb_cma=."""


@event("memory_limit")
@dataclass(frozen=True, slots=True)
class MemoryLimit(Event):
    """RAM was cut to this many MiB by mem=."""

    limit_mib: int


@event("kernel_panic")
@dataclass(frozen=True, slots=True)
class KernelPanic(Event):
    """The kernel gave up, and why."""

    reason: str
