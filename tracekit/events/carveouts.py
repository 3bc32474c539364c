"""Memory set aside at boot (CMA, crash kernels, swiotlb, huge pages), and limits on RAM."""

from __future__ import annotations

from typing import Any, Self

from tracekit.events.base import Event, Source, event
from tracekit.events.ranges import MIB, RangeEvent


@event("cma_reserved")
class CmaReserved(RangeEvent, frozen=True):
    """A CMA area; its size is printed in whole MiB (cma_declare_contiguous_nid)."""

    nid: int | None = None


@event("cma_ranges")
class CmaRanges(Event, frozen=True):
    """A CMA area made of several ranges (6.15 and later)."""

    mib: int
    ranges: int


@event("cma_failed")
class CmaFailed(Event, frozen=True):
    """No room for a CMA area."""

    mib: int
    nid: int | None = None


@event("crash_generic", "crash_low", "crash_megabytes")
class CrashKernel(RangeEvent, frozen=True):
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
class CrashKernelFailed(Event, frozen=True):
    """The memory that crashkernel= asks for could not be had."""


@event("crash_low_1m")
class CrashLow1M(Event, frozen=True):
    """x86 keeps the first MiB because a crash kernel is wanted (5.10 and later)."""


@event("fadump_reserved")
class FadumpReserved(RangeEvent, frozen=True):
    """Memory for the firmware-assisted dump of powerpc; ``ram_mib`` is all RAM."""

    ram_mib: int


@event("fadump_cma")
class FadumpCma(Event, frozen=True):
    """The part of it that serves as CMA area: bytes, and how many were asked for."""

    size: int
    base_mib: int
    asked: int


@event("swiotlb_mapped", "swiotlb_at_phys")
class SwiotlbMapped(RangeEvent, frozen=True):
    """The bounce buffer in physical memory, end exclusive as the kernel prints it."""


@event("swiotlb_size")
class SwiotlbSize(Event, frozen=True):
    """The bounce buffer's size was changed, to whole MiB as printed (0 is less than one)."""

    mib: int


@event("swiotlb_areas")
class SwiotlbAreas(Event, frozen=True):
    """The number of areas that share the buffer's locks."""

    areas: int


@event("swiotlb_failed")
class SwiotlbFailed(Event, frozen=True):
    """No room for the bounce buffer."""


@event("hugetlb_registered")
class HugePages(Event, frozen=True):
    """A huge page size and how many pages of it exist; ``amount`` counts ``unit``."""

    amount: str
    unit: str
    pages: int

    @property
    def size(self) -> int:
        """Bytes of one page."""
        shift = {"k": 10, "m": 20, "g": 30}[self.unit[0].lower()]
        return int(float(self.amount) * (1 << shift))


@event("hugetlb_failed")
class HugePagesFailed(Event, frozen=True):
    """Fewer huge pages than wanted could be had."""

    wanted: int
    amount: str
    unit: str
    pages: int


@event("hugetlb_cma_reserved")
class HugetlbCma(Event, frozen=True):
    """A CMA area for gigantic pages on one node."""

    mib: int
    nid: int


@event("hugetlb_cma_failed")
class HugetlbCmaFailed(Event, frozen=True):
    """The kernel's complaint about hugetlb_cma=."""


@event("memory_limit")
class MemoryLimit(Event, frozen=True):
    """RAM was cut to this many MiB by mem=."""

    limit_mib: int


@event("kernel_panic")
class KernelPanic(Event, frozen=True):
    """The kernel gave up, and why."""

    reason: str
