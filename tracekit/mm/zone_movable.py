"""Where the Movable zone begins on each node.

Mirrors mm/mm_init.c:find_zone_movable_pfns_for_nodes: kernelcore=, movablecore=,
kernelcore=mirror and movable_node. All numbers are pages or pfn, ends exclusive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tracekit.mm.mm_init import PfnRange, ZoneRange, movable_zone

SUFFIXES = {"k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60}


@dataclass(frozen=True, slots=True)
class CoreSize:
    """kernelcore= or movablecore=: pages, or a percentage of all memory."""

    pages: int = 0
    percent: int = 0

    def of(self, total: int) -> int:
        """Return the pages asked for on a machine with ``total`` pages."""
        return total * 100 * self.percent // 10000 if self.percent else self.pages


def memparse(text: str) -> int:
    """Return the bytes that a size such as ``512M`` or ``0x1000k`` stands for (lib/cmdline.c).

    What follows the size is ignored, as in the kernel; text without a number is 0.
    """
    digits = "0123456789abcdef" if text[:2].lower() == "0x" else "0123456789"
    start = 2 if len(digits) == 16 else 0
    end = start
    while end < len(text) and text[end].lower() in digits:
        end += 1
    number = int(text[start:end], len(digits)) if end > start else 0
    return number << SUFFIXES.get(text[end : end + 1].lower(), 0)


def parse_core(value: str | None, page_size: int) -> CoreSize:
    """Return what kernelcore= or movablecore= asks for (mm/mm_init.c:cmdline_parse_core)."""
    if not value:
        return CoreSize()
    number = value.rstrip("%")
    if value.endswith("%") and number.isdigit():
        return CoreSize(percent=int(number))
    return CoreSize(pages=memparse(value) // page_size)


def movable_by_size(
    ranges: Sequence[PfnRange],
    limits: Mapping[str, ZoneRange],
    kernelcore: CoreSize,
    movablecore: CoreSize,
    max_order_pages: int,
) -> dict[int, int]:
    """Return the first Movable pfn of each node that gets one, for kernelcore=/movablecore=."""
    total = sum(r.pages for r in ranges)
    required = kernelcore.of(total)
    movable = movablecore.of(total)
    if movable:
        movable = min(total, -(-movable // max_order_pages) * max_order_pages)
        required = max(required, total - movable)
    if not required or required >= total:
        return {}
    spread = _Spread(ranges, limits[movable_zone(limits)].start_pfn, required)
    return align_movable(spread.run(), ranges, max_order_pages)


def movable_by_range(
    movable: Iterable[PfnRange], ranges: Sequence[PfnRange], max_order_pages: int
) -> dict[int, int]:
    """Return the first Movable pfn of each node whose given RAM is to be Movable.

    ``movable`` is hotpluggable RAM under movable_node, or RAM from 4 GiB on that is not
    mirrored under kernelcore=mirror.
    """
    lowest: dict[int, int] = {}
    for area in movable:
        lowest[area.nid] = min(lowest.get(area.nid, area.start_pfn), area.start_pfn)
    return align_movable(lowest, ranges, max_order_pages)


def align_movable(
    starts: Mapping[int, int], ranges: Sequence[PfnRange], max_order_pages: int
) -> dict[int, int]:
    """Return the starts rounded up to the largest block; nodes that end before have none."""
    found = {}
    for nid, start in sorted(starts.items()):
        aligned = -(-start // max_order_pages) * max_order_pages
        if start and aligned < max(r.end_pfn for r in ranges if r.nid == nid):
            found[nid] = aligned
    return found


class _Spread:
    """Gives every node its share of the kernel's pages; what is left above is Movable."""

    def __init__(self, ranges: Sequence[PfnRange], usable_start: int, required: int) -> None:
        self.ranges = ranges
        self.usable_start = usable_start
        self.required = required
        self.starts: dict[int, int] = {}

    def run(self) -> dict[int, int]:
        """Pass over all nodes until the kernel's pages are placed."""
        nids = sorted({r.nid for r in self.ranges})
        usable = len(nids)
        while usable:
            share = self.required // usable
            for nid in nids:
                if self.required < share:
                    share = self.required // usable
                self.place(nid, share)
            usable -= 1
            if self.required <= usable:
                break
        return self.starts

    def place(self, nid: int, remaining: int) -> None:
        """Take ``remaining`` pages of the node for the kernel, from the bottom up."""
        for area in (r for r in self.ranges if r.nid == nid):
            start = max(area.start_pfn, self.starts.get(nid, 0))
            if start >= area.end_pfn:
                continue
            if start < self.usable_start:
                low = min(area.end_pfn, self.usable_start) - start
                remaining -= min(low, remaining)
                self.required -= min(low, self.required)
                if area.end_pfn <= self.usable_start:
                    self.starts[nid] = area.end_pfn
                    continue
                start = self.usable_start
            size = min(area.end_pfn - start, remaining)
            self.starts[nid] = start + size
            self.required -= min(self.required, size)
            remaining -= size
            if not remaining:
                return
