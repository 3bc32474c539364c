"""How far each zone may reach on each architecture: ``max_zone_pfns`` of free_area_init().

Mirrors zone_sizes_init(), paging_init() and, since v7.0, arch_zone_limits_init() under
arch/*/mm. The zones that a kernel was built with are those that it prints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MIB, GIB = 1 << 20, 1 << 30
U32_END = 4 * GIB


@dataclass(frozen=True, slots=True)
class MemoryEnds:
    """What the limits depend on, in bytes.

    ``start`` and ``end`` are those of all RAM; ``low_end`` is where the linear map of a
    32-bit kernel ends, None where it covers all RAM or is not known.
    """

    start: int
    end: int
    low_end: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The first byte above each zone; ``fixed`` names the zones whose limit no board changes."""

    end: dict[str, int]
    fixed: frozenset[str]


def zone_limits(
    arch: str | None, zones: Iterable[str], ends: MemoryEnds, *, capped: bool
) -> Limits:
    """Return the limits of the named zones, without Movable, in bytes, ends exclusive.

    ``capped`` is true where x86 cuts its DMA zones at the end of RAM (since v4.0,
    "x86/mm: Fix zone ranges boot printout"). The highest zone ends with RAM,
    or lowmem with the linear map.
    """
    low_end = ends.low_end or ends.end
    found = dict.fromkeys(zones, 0)
    fixed = {zone for zone in ("DMA", "DMA32") if zone in found and (arch, zone) in _FIXED}
    for zone in found:
        if zone in ("DMA", "DMA32"):
            limit = _dma_limit(arch, zone, ends)
            uncapped = arch in _UNCAPPED or (arch in ("x86_64", "i386") and not capped)
            found[zone] = limit if uncapped else min(limit, low_end)
    if "Normal" in found:
        found["Normal"] = ends.end << 12 if arch in ("parisc", "parisc64") else low_end
    if "HighMem" in found:
        found["HighMem"] = ends.end
    return Limits(found, frozenset(fixed))


_FIXED = {
    ("x86_64", "DMA"),
    ("x86_64", "DMA32"),
    ("i386", "DMA"),
    ("s390x", "DMA"),
    ("loongarch64", "DMA32"),
    ("ia64", "DMA32"),
}
_UNCAPPED = {"mips", "mips64", "loongarch64", "s390x", "ia64"}
_DMA = {
    "x86_64": 16 * MIB,
    "i386": 16 * MIB,
    "mips": 16 * MIB,
    "mips64": 16 * MIB,
    "s390x": 2 * GIB,
    "ppc64": 2 * GIB,
    "ppc32": 2 * GIB,
}


def _dma_limit(arch: str | None, zone: str, ends: MemoryEnds) -> int:
    if zone == "DMA32" or arch in ("arm64", "arm"):
        # arm64 keeps a DMA zone on machines whose RAM all lies above 4 GiB.
        return ends.end if ends.start >= U32_END and arch == "arm64" else U32_END
    return _DMA.get(arch or "", ends.end)
