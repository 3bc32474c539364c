"""How the memory map is laid out: sparse or flat, and the size of a struct page.

Both are facts of the build. The log's memblock requests or the kconfig tell them; where they
are silent, the layout that explains most of the printed page counts is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tracekit.boot import Boot
from tracekit.events.base import Event
from tracekit.events.mm_init import (
    MemmapUsed,
    NodeTotalPages,
    UnavailablePages,
    Zonelists,
    ZonePages,
)
from tracekit.mm.mm_init import (
    Node,
    PfnRange,
    Unavailable,
    Zone,
    charge_memmap,
    memmap_pages,
    unavailable_ranges,
)
from tracekit.mm.sparse import present_sections
from tracekit.replay.ledger import Ledger
from tracekit.replay.mm_init.setting import STRUCT_PAGE_SIZES, Setting

ZoneLine = TypeVar("ZoneLine", MemmapUsed, ZonePages)


@dataclass(frozen=True, slots=True)
class Layout:
    """A memory map: bytes of a struct page, pages of a section (None when flat)."""

    struct_page: int
    section_pages: int | None

    def __str__(self) -> str:
        kind = "flat" if self.section_pages is None else "sparse"
        return f"the memory map is {kind}, a struct page takes {self.struct_page} bytes"


class MemmapModel:
    """Predicts the page counts that depend on the memory map's layout."""

    def __init__(self, setting: Setting, nodes: Sequence[Node]) -> None:
        self.setting = setting
        self.nodes = nodes
        self.layout = Layout(setting.struct_page, setting.section_pages)
        self.inferred = False

    def memmap(self, zone: Zone) -> int:
        """Return the pages that a zone is charged for its struct pages."""
        return memmap_pages(
            zone, self.layout.struct_page, self.setting.page_size, sparsemem=self._by_present()
        )

    def charge(self, dma_reserve: int) -> tuple[int, int]:
        """Set every zone's managed pages; return (nr_kernel_pages, nr_all_pages)."""
        return charge_memmap(
            self.nodes,
            self.layout.struct_page,
            self.setting.page_size,
            sparsemem=self._by_present(),
            dma_reserve=dma_reserve,
            highmem_pays=not self.setting.has("present_pages_whole"),
        )

    def _by_present(self) -> bool:
        return self.layout.section_pages is not None and self.setting.has("memmap_by_present")

    def holes(self) -> list[Unavailable]:
        """Return the holes that have struct pages, in the kernel's order."""
        ranges = self.setting.memory.ranges or []
        section = self.layout.section_pages
        if section is not None:
            valid, align = present_sections(ranges, section), section
        else:
            align = self.setting.max_order_pages
            start = ranges[0].start_pfn // align * align
            valid = [PfnRange(start, self._flat_end(ranges[-1].end_pfn, align))]
        return list(unavailable_ranges(self.nodes, ranges, valid, align))

    def _flat_end(self, ram_end: int, align: int) -> int:
        """Return the first pfn behind a flat memory map, which covers zones and not all RAM.

        RAM beyond the highest zone, as of a kernel without HighMem, has no struct pages.
        """
        zones_end = max((z.end_pfn for node in self.nodes for z in node.zones), default=ram_end)
        return zones_end if zones_end < ram_end else -(-ram_end // align) * align

    def settle(self, boot: Boot, dma_reserve: int, ledger: Ledger) -> None:
        """Take the layout that explains most lines, where the log does not tell it."""
        if not self.setting.guessed or not self.nodes:
            return
        usual = self.layout
        scores = {layout: self._score(boot, layout, dma_reserve) for layout in self._candidates()}
        best = max(scores, key=lambda layout: (scores[layout], layout == usual))
        self.layout = best if scores[best] > scores[usual] else usual
        if self.layout != usual:
            self.inferred = True
            lines = self._lines(boot)
            evidence = (
                f"{scores[best]} of {len(lines)} page counts fit that, {scores[usual]} the usual"
            )
            ledger.infer("memmap_layout", str(best), evidence, lines[0].source)
            self.setting.struct_page = best.struct_page
            self.setting.section_pages = best.section_pages

    def _candidates(self) -> Iterator[Layout]:
        section = self.setting.section_pages or self.setting.usual_section_pages
        for size in STRUCT_PAGE_SIZES[self.setting.bits]:
            for pages in dict.fromkeys((self.setting.section_pages, section, None)):
                yield Layout(size, pages)

    def _lines(self, boot: Boot) -> list[Event]:
        return [e for e in boot.events if isinstance(e, MemmapUsed | UnavailablePages | Zonelists)]

    def _score(self, boot: Boot, layout: Layout, dma_reserve: int) -> int:
        self.layout = layout
        score = sum(
            self.memmap(zone) == e.pages
            for zone, e in zone_lines(boot, MemmapUsed, self.nodes)
            if zone
        )
        lines = boot.of(UnavailablePages)
        if lines:
            printed = [(e.nid, e.zone, e.pages) for e in lines]
            score += sum(a == b for a, b in zip(printed, map(tuple, self.holes()), strict=False))
        if not self.setting.has("kernel_pages_from_memblock"):
            total = self.charge(dma_reserve)[1]
            score += sum(e.pages == total for e in boot.of(Zonelists))
        return score


def zone_lines(
    boot: Boot, kind: type[ZoneLine], nodes: Sequence[Node]
) -> list[tuple[Zone | None, ZoneLine]]:
    """Return the lines of one kind with their zones; the node is that of the line before."""
    zones = {(zone.nid, zone.name): zone for node in nodes for zone in node.zones}
    nid, found = 0, []
    for event in boot.events:
        if isinstance(event, NodeTotalPages):
            nid = event.nid
        elif isinstance(event, kind):
            found.append((zones.get((nid, event.zone)), event))
    return found
