"""Checks of the zones' managed pages, as /proc/zoneinfo shows them late in the boot.

What a zone manages is what memblock handed over, plus CMA areas, plus what was freed since:
the initrd and parts of the kernel image, each announced by a line. Which zone the latter went
to is decided by their sum alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tracekit.events.base import Source
from tracekit.events.carveouts import CmaReserved
from tracekit.events.devicetree import MemoryPool
from tracekit.events.memblock import MemblockCall
from tracekit.events.mm_init import DeferredDone, Freeing
from tracekit.mm.handoff import Handoff
from tracekit.mm.watermarks import lowmem
from tracekit.observed.zoneinfo import ZoneSizes, parse_zoneinfo
from tracekit.replay.ledger import Ledger
from tracekit.replay.mm_init.memory_line import MemoryChecks, gigantic_pages
from tracekit.replay.mm_init.setting import ADDED

KIND = "buddy_handoff"
FILE = "proc/zoneinfo"


@dataclass(slots=True)
class ManagedChecks:
    """Checks the managed pages of one boot's zones."""

    checks: MemoryChecks
    handoff: Handoff
    path: str
    sizes: list[ZoneSizes] = field(default_factory=list)

    def run(self, text: str, ledger: Ledger) -> bool:
        """Compare every zone of a zoneinfo file with the hand-off and what came after it.

        Returns whether all of them add up.
        """
        self.sizes = zones = [z for z in parse_zoneinfo(text) if z.managed]
        if self._was_added(zones):
            ledger.unchecked(KIND, ADDED, len(zones))
            return False
        given = self.given()
        extra = {(z.nid, z.zone): (z.managed or 0) - given.get((z.nid, z.zone), 0) for z in zones}
        freed = self._freed()
        wrong = [z for z in zones if not 0 <= extra[z.nid, z.zone] <= max(freed, 0)]
        if not wrong and sum(extra.values()) != freed:
            wrong = [max(zones, key=lambda z: abs(extra[z.nid, z.zone]))] if zones else []
        for zone in zones:
            if zone in wrong[:1]:
                self._diverge(zone, given, freed, ledger)
            elif wrong and extra[zone.nid, zone.zone]:
                ledger.unchecked(KIND, "another zone's pages do not add up")
            else:
                ledger.matched(KIND)
        return not wrong

    def _was_added(self, zones: Sequence[ZoneSizes]) -> bool:
        """Whether a zone has whole sections more or less than at boot: memory hotplug."""
        nodes = self.checks.pages.nodes
        present = {(zone.nid, zone.name): zone.present for node in nodes for zone in node.zones}
        section = self.checks.setting.section_pages
        changes = [(z.present or 0) - present.get((z.nid, z.zone), 0) for z in zones if z.present]
        return section is not None and any(pages and pages % section == 0 for pages in changes)

    def _diverge(
        self, zone: ZoneSizes, given: dict[tuple[int, str], int], freed: int, ledger: Ledger
    ) -> None:
        pages = given.get((zone.nid, zone.zone), 0)
        ledger.diverged(
            KIND,
            "MI307",
            Source(self.path, zone.line),
            f"node {zone.nid}, zone {zone.zone}",
            logged=f"{zone.managed} pages managed",
            simulated=f"{pages} pages handed over, {freed} freed later over all zones",
        )

    def given(self) -> dict[tuple[int, str], int]:
        """Return the pages of each zone from memblock, deferred ones and CMA included."""
        found = dict(self.handoff.managed())
        page = self.checks.setting.page_size
        areas = [(area.start_pfn, area.end_pfn) for area in self.handoff.deferred]
        areas += [(start // page, end // page) for start, end in self._cma()]
        for start, end in areas:
            for zone, pages in self.by_zone(start, end):
                found[zone] = found.get(zone, 0) + pages
        home, zeroes = self._home(), self.checks.zeroes
        if home is not None:
            found[home] -= zeroes
        return found

    def by_zone(self, start_pfn: int, end_pfn: int) -> Iterator[tuple[tuple[int, str], int]]:
        """Yield the pages of each zone in a range of RAM, which a zone's border may cut."""
        while start_pfn < end_pfn:
            zone = self.handoff.zone_of(start_pfn).zone
            end = min(end_pfn, zone.end_pfn)
            yield (zone.nid, zone.name), end - start_pfn
            start_pfn = end

    def _home(self) -> tuple[int, str] | None:
        """Return the zone that a GFP_KERNEL request on the first node is served from."""
        usable = [
            (zone.zone.nid, zone.zone.name)
            for zone in self.handoff.zones
            if lowmem(zone.zone.name) and zone.free_pages
        ]
        first = [key for key in usable if key[0] == usable[0][0]]
        return first[-1] if first else None

    def _cma(self) -> Sequence[tuple[int, int]]:
        boot = self.checks.boot
        areas = {e.range for e in boot.of(CmaReserved)}
        return sorted(areas | {e.range for e in boot.of(MemoryPool) if e.pool == "CMA"})

    def _freed(self) -> int:
        """Return the pages that came back after the hand-off, whatever the zone.

        Before v3.11 only the machine's total counted them, and no zone did.
        """
        if not self.checks.setting.has("managed_counts_frees"):
            return 0
        boot, page = self.checks.boot, self.checks.setting.page_size
        pages = sum(event.kib * 1024 // page for event in boot.of(Freeing))
        for call in boot.of(MemblockCall):
            if call.is_late:
                start, end = -(-call.base // page), (call.bound + 1) // page
                pages += max(end - start, 0) - self.lost(call, start, end)
        return pages + sum(size for _, size in gigantic_pages(boot)) // page

    def report_lost(self, ledger: Ledger) -> None:
        """Note late frees of pages that deferred initialisation had not reached: lost for good."""
        page = self.checks.setting.page_size
        calls = [call for call in self.checks.boot.of(MemblockCall) if call.is_late]
        lost = {
            call.source: self.lost(call, -(-call.base // page), (call.bound + 1) // page)
            for call in calls
        }
        first = next((call for call in calls if lost[call.source]), None)
        if first is not None:
            pages = sum(lost.values())
            ledger.report(
                "MI308",
                first.source,
                first.by,
                logged=f"{sum(map(bool, lost.values()))} ranges freed before deferred pages exist",
                simulated=f"{pages} pages ({pages * page >> 10} KiB) are given to nobody",
            )

    def lost(self, call: MemblockCall, start: int, end: int) -> int:
        """Return how many of the pages have no struct page yet, so that nobody gets them.

        Mirrors mm/mm_init.c:memblock_free_pages() (before 6.3 in mm/page_alloc.c).
        """
        done = [event.source.line for event in self.checks.boot.of(DeferredDone)]
        if not done or call.source.line > min(done):
            return 0
        first = self.handoff.first_deferred_pfn.get(self.handoff.zone_of(start).zone.nid, end)
        return max(end - max(start, first), 0)
