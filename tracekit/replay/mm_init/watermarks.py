"""Checks of the watermarks and of lowmem_reserve, as /proc/zoneinfo shows them.

All follow from what each zone manages. Three things no line of a log tells: whether khugepaged
runs (kconfig and the command line say, where they are at hand), in which zone the kernel's own
image lies, and whether someone wrote vm.min_free_kbytes since. What fits all zones alike is
taken for true and listed as an inference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from tracekit.events.arch_maps import PpcPageSize, RadixMapped
from tracekit.events.base import Source
from tracekit.mm.watermarks import (
    Watermarks,
    ZoneKey,
    above_high,
    lowmem,
    lowmem_reserve,
    min_free_kbytes,
    recommended_kbytes,
    zone_watermarks,
)
from tracekit.observed.zoneinfo import ZoneMarks, parse_watermarks
from tracekit.replay.ledger import Ledger
from tracekit.replay.mm_init.later_frees import Step, ZonePages, later_frees
from tracekit.replay.mm_init.managed_pages import ManagedChecks
from tracekit.replay.mm_init.setting import Setting

KIND = "watermark"
MANAGED = "what the zones manage does not add up, or memory was added since the boot"
SCATTERED = "no line tells in which zones the pages lie that came back later"
OLD = "kernels before v5.10 set watermarks at another step"
NAMES = ("min", "low", "high")
HUGE_LEAST = 512 << 20
# Architectures whose processors may lack huge pages whatever the kernel was built with.
MAY_LACK_HUGE = ("s390x", "mips", "mips64")


class Huge(Enum):
    """What becomes of min_free_kbytes when khugepaged is to start."""

    ON = "khugepaged has raised min_free_kbytes"
    OFF = "min_free_kbytes was reckoned again without khugepaged"
    ABSENT = "the machine has no transparent huge pages"


@dataclass(frozen=True, slots=True)
class World:
    """One way in which it may have been, and the watermarks that follow from it."""

    what: str
    marks: dict[ZoneKey, Watermarks]
    reserve: dict[ZoneKey, tuple[int, ...]]


class WatermarkChecks:
    """Checks the watermarks of one boot's zones."""

    def __init__(self, managed: ManagedChecks, ledger: Ledger) -> None:
        self.managed = managed
        self.ledger = ledger
        self.setting: Setting = managed.checks.setting
        self.zones: list[ZoneMarks] = []
        self.names: list[str] = []

    def run(self, text: str, *, agreed: bool) -> None:
        """Check every populated zone of a zoneinfo file; ``agreed`` if its managed pages fit."""
        self.zones = [zone for zone in parse_watermarks(text) if set(NAMES) <= set(zone.marks)]
        self.names = list(dict.fromkeys(zone.zone for zone in self.zones))
        reason = self._reason(agreed)
        pages = ZonePages(self.managed.given(), later_frees(self.managed))
        populated = [z for z in self.zones if pages.at(Step.LAST).get((z.nid, z.zone))]
        worlds = [] if reason else list(self._worlds(pages))
        if not worlds:
            self.ledger.unchecked(KIND, reason or SCATTERED, 2 * len(populated))
            return
        world, sure = self._likeliest(worlds, populated)
        for zone in populated:
            self._marks(zone, world.marks[zone.nid, zone.zone], sure=sure)
            self._protection(zone, world.reserve[zone.nid, zone.zone])
            sure = True

    def _reason(self, agreed: bool) -> str:
        if not agreed:
            return MANAGED
        return "" if self.setting.has("watermarks_at_postcore") else OLD

    # -- what may have been ---------------------------------------------------------------

    def _worlds(self, pages: ZonePages) -> Iterator[World]:
        """Yield what may have been, the usual first."""
        unplaced = {event.step for event in pages.freed if event.zone is None}
        for place in self._places(pages, unplaced):
            there = replace(pages, image=place)
            for huge in self._khugepaged(there):
                yield self._world(there, huge)

    def _places(self, pages: ZonePages, unplaced: set[Step]) -> Sequence[ZoneKey | None]:
        """Return the zones where the kernel's image may lie: those that grew."""
        if not unplaced:
            return [None]
        placed = pages.at(Step.LAST)
        grown = [
            (zone.nid, zone.zone)
            for zone in self.managed.sizes
            if zone.managed and zone.managed > placed.get((zone.nid, zone.zone), 0)
        ]
        scattered = len(grown) > 1 and Step.KHUGEPAGED in unplaced
        return [] if scattered else grown

    def _khugepaged(self, pages: ZonePages) -> Sequence[Huge]:
        """Return what khugepaged's start may do: nothing below 512 MiB (hugepage_init)."""
        if sum(pages.at(Step.KHUGEPAGED).values()) * self.setting.page_size < HUGE_LEAST:
            return [Huge.ABSENT]
        config = self.setting.kernel.evidence.config
        option = self.setting.kernel.option("transparent_hugepage")
        if config and config.get("CONFIG_TRANSPARENT_HUGEPAGE") != "y":
            return [Huge.ABSENT]
        if option in ("never", "always", "madvise"):
            wanted = Huge.OFF if option == "never" else Huge.ON
        elif config:
            off = config.get("CONFIG_TRANSPARENT_HUGEPAGE_NEVER") == "y"
            wanted = Huge.OFF if off else Huge.ON
        else:
            return list(Huge)
        if not config:
            return [wanted, Huge.ABSENT]
        has = self._has_huge()
        return [wanted, Huge.ABSENT] if has is None else [wanted if has else Huge.ABSENT]

    def _has_huge(self) -> bool | None:
        """Return whether the processor has huge pages, None where no line tells.

        has_transparent_hugepage() of arch/powerpc wants the radix MMU or, under the hash MMU,
        pages of 16 MiB beside pages of 64 KiB; s390 and mips ask the processor.
        """
        boot = self.managed.checks.boot
        if self.setting.kernel.arch != "ppc64":
            return None if self.setting.kernel.arch in MAY_LACK_HUGE else True
        if boot.of(RadixMapped):
            return True
        shifts = {size.base_shift for size in boot.of(PpcPageSize)}
        return 24 in shifts and self.setting.page_size == 1 << 16 if shifts else None

    def _world(self, pages: ZonePages, huge: Huge) -> World:
        page = self.setting.page_size
        first = pages.at(Step.FIRST)
        kbytes = min_free_kbytes(first, page)
        marks = self._of(first, kbytes)
        second = pages.at(Step.KHUGEPAGED)
        if huge is Huge.ON:
            block = 1 << self.setting.pageblock_order
            asked = recommended_kbytes(above_high(second, marks), self._populated(), page, block)
            marks = self._of(second, max(kbytes, asked))
        elif huge is Huge.OFF and self.setting.has("khugepaged_recalculates"):
            marks = self._of(second, min_free_kbytes(above_high(second, marks), page))
        follows = self.setting.has("lowmem_reserve_follows")
        reserve = self._reserve(pages.at(Step.LAST) if follows else first)
        what = huge.value
        if pages.image is not None:
            nid, zone = pages.image
            what += f", the kernel's image lies in node {nid}, zone {zone}"
        return World(what, marks, reserve)

    def _populated(self) -> int:
        nodes = self.managed.checks.pages.nodes
        return sum(z.present > 0 and lowmem(z.name) for node in nodes for z in node.zones)

    def _of(self, managed: dict[ZoneKey, int], kbytes: int) -> dict[ZoneKey, Watermarks]:
        apart = self.setting.has("movable_watermark_apart")
        return zone_watermarks(managed, kbytes, self.setting.page_size, movable_apart=apart)

    def _reserve(self, managed: dict[ZoneKey, int]) -> dict[ZoneKey, tuple[int, ...]]:
        found: dict[ZoneKey, tuple[int, ...]] = {}
        for nid in dict.fromkeys(nid for nid, _ in managed):
            own = {zone: pages for (owner, zone), pages in managed.items() if owner == nid}
            rows = lowmem_reserve(self.names, own)
            found |= {(nid, zone): tuple(row) for zone, row in rows.items()}
        return found

    # -- which of them was ----------------------------------------------------------------

    def _likeliest(self, worlds: list[World], zones: Sequence[ZoneMarks]) -> tuple[World, bool]:
        """Return the world that fits most zones, and whether nothing but one could have been."""
        distinct = [w for n, w in enumerate(worlds) if not any(_same(w, v) for v in worlds[:n])]
        best = max(distinct, key=lambda world: self._fitting(world, zones))
        sure = len(distinct) == 1
        if self._fitting(best, zones) < len(zones) and (other := self._rewritten(best, zones)):
            best, sure = other, False
        if not sure:
            fitting = self._fitting(best, zones)
            evidence = f"the watermarks of {fitting} of {len(zones)} zones fit that"
            line = Source(self.managed.path, zones[0].lines["min"])
            self.ledger.infer("watermarks", best.what, evidence, line)
        return best, sure

    def _fitting(self, world: World, zones: Sequence[ZoneMarks]) -> int:
        return sum(
            _logged(zone) == world.marks[zone.nid, zone.zone]
            and zone.protection == world.reserve[zone.nid, zone.zone]
            for zone in zones
        )

    def _rewritten(self, world: World, zones: Sequence[ZoneMarks]) -> World | None:
        """Return the world in which vm.min_free_kbytes was written, if one value fits all zones."""
        pages = ZonePages(self.managed.given(), later_frees(self.managed))
        places = self._places(pages, {Step.LAST}) or [None]
        managed = replace(pages, image=places[0]).at(Step.LAST)
        largest = max(zones, key=lambda zone: managed[zone.nid, zone.zone])
        share, total = managed[largest.nid, largest.zone], sum(managed.values())
        least = _logged(largest).min
        unit = self.setting.page_size // 1024
        for count in range(least * 9 // 10, (least + 1) * total // share + 2):
            marks = self._of(managed, count * unit)
            if all(_logged(zone) == marks[zone.nid, zone.zone] for zone in zones):
                return World(f"vm.min_free_kbytes was set to {count * unit}", marks, world.reserve)
        return None

    # -- one zone -------------------------------------------------------------------------

    def _marks(self, zone: ZoneMarks, wanted: Watermarks, *, sure: bool) -> None:
        logged = _logged(zone)
        if logged == wanted or self._boosted(zone, logged, wanted):
            self.ledger.matched(KIND) if sure else self.ledger.inferred(KIND)
            return
        name = next(name for name in NAMES if getattr(logged, name) != getattr(wanted, name))
        self._diverge(
            zone,
            name,
            f"min {logged.min}, low {logged.low}, high {logged.high} pages",
            f"min {wanted.min}, low {wanted.low}, high {wanted.high} pages",
        )

    def _boosted(self, zone: ZoneMarks, logged: Watermarks, wanted: Watermarks) -> bool:
        """Whether a kernel that does not print the boost (v5.0 to v5.11) shows one."""
        raised = {getattr(logged, name) - getattr(wanted, name) for name in NAMES}
        boost = max(raised)
        may_be = zone.boost is None and self.setting.has("watermark_boost")
        return may_be and len(raised) == 1 and 0 < boost <= wanted.high * 3 // 2

    def _protection(self, zone: ZoneMarks, wanted: tuple[int, ...]) -> None:
        if not zone.protection:
            return
        if zone.protection == wanted:
            self.ledger.matched(KIND)
            return
        self._diverge(zone, "protection", str(zone.protection), str(wanted))

    def _diverge(self, zone: ZoneMarks, name: str, logged: str, simulated: str) -> None:
        self.ledger.diverged(
            KIND,
            "MI310" if name == "protection" else "MI309",
            Source(self.managed.path, zone.lines[name]),
            f"{name} of node {zone.nid}, zone {zone.zone}",
            logged=logged,
            simulated=simulated,
        )


def _logged(zone: ZoneMarks) -> Watermarks:
    boost = zone.boost or 0
    return Watermarks(*(zone.marks[name] - boost for name in NAMES))


def _same(one: World, other: World) -> bool:
    return one.marks == other.marks and one.reserve == other.reserve
