"""What the zones manage at each step after the hand-off, as far as the log tells.

Two steps of the initcalls set watermarks by it: init_per_zone_wmark_min() (postcore) and
khugepaged's start (subsys). CMA areas are there before both, the initrd and the kernel's init
memory come back after them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from tracekit.boot import Boot
from tracekit.events.init_steps import DriverCoreUp
from tracekit.events.initrd import Ramdisk, RamdiskMove, RamdiskNew
from tracekit.events.memblock import MemblockCall
from tracekit.events.mm_init import Freeing
from tracekit.mm.watermarks import ZoneKey
from tracekit.replay.mm_init.managed_pages import ManagedChecks
from tracekit.replay.mm_init.memory_line import gigantic_pages

__all__ = ["Freed", "Step", "ZonePages", "later_frees"]

EARLY = ("SMP alternatives",)
BOOT_SERVICES = "EFI boot services"


class Step(IntEnum):
    """When pages are given: before watermarks are first set, before khugepaged, afterwards."""

    FIRST = 0
    KHUGEPAGED = 1
    LAST = 2


@dataclass(frozen=True, slots=True)
class Freed:
    """Pages that come to a zone by a step; ``zone`` is None where no line says which."""

    step: Step
    pages: int
    zone: ZoneKey | None = None


@dataclass(slots=True)
class ZonePages:
    """Managed pages of every zone from the hand-off on; ``image`` is where the kernel lies."""

    given: dict[ZoneKey, int]
    freed: list[Freed] = field(default_factory=list)
    image: ZoneKey | None = None

    def at(self, step: Step) -> dict[ZoneKey, int]:
        """Return what each zone manages at a step."""
        found = dict(self.given)
        for event in self.freed:
            zone = event.zone or self.image
            if event.step <= step and zone is not None:
                found[zone] = found.get(zone, 0) + event.pages
        return found


def later_frees(managed: ManagedChecks) -> list[Freed]:
    """Return everything that changes managed pages after the hand-off, CMA areas aside."""
    return [*_gigantic(managed), *_late(managed), *_announced(managed, managed.checks.boot)]


def _zone(managed: ManagedChecks, address: int) -> ZoneKey:
    zone = managed.handoff.zone_of(address // managed.checks.setting.page_size).zone
    return zone.nid, zone.name


def _gigantic(managed: ManagedChecks) -> Iterator[Freed]:
    """Yield gigantic huge pages, which count as managed once hugetlb has prepared them."""
    page = managed.checks.setting.page_size
    early = managed.checks.setting.has("huge_pages_before_memory_line")
    step = Step.FIRST if early else Step.KHUGEPAGED
    for address, size in gigantic_pages(managed.checks.boot):
        # The first page's zone has all of it, even where a zone's border cuts the huge page.
        yield Freed(step, size // page, _zone(managed, address))


def _late(managed: ManagedChecks) -> Iterator[Freed]:
    """Yield what memblock_free_late() gives, each range in its zone."""
    page = managed.checks.setting.page_size
    calls_begin = [event.source.line for event in managed.checks.boot.of(DriverCoreUp)]
    for call in managed.checks.boot.of(MemblockCall):
        if call.is_late:
            start, end = -(-call.base // page), (call.bound + 1) // page
            after = bool(calls_begin) and call.source.line > calls_begin[0]
            step = Step.KHUGEPAGED if after else Step.FIRST
            end -= managed.lost(call, start, end)
            for zone, pages in managed.by_zone(start, end):
                yield Freed(step, pages, zone)


def _announced(managed: ManagedChecks, boot: Boot) -> Iterator[Freed]:
    page = managed.checks.setting.page_size
    moved: list[RamdiskMove | RamdiskNew | Ramdisk] = [*boot.of(RamdiskNew), *boot.of(RamdiskMove)]
    disks = moved or [*boot.of(Ramdisk)]
    for event in boot.of(Freeing):
        zone = _zone(managed, disks[-1].start) if disks and event.what == "initrd" else None
        yield Freed(_step(event), event.kib * 1024 // page, zone)


def _step(event: Freeing) -> Step:
    if event.what in EARLY:
        return Step.FIRST
    return Step.KHUGEPAGED if event.what == BOOT_SERVICES else Step.LAST
