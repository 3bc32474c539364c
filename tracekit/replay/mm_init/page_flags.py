"""Checks of what mminit_loglevel= prints while zones are set up: page->flags, the zones' maps.

How wide a part of page->flags is, is a fact of the build; the zones printed before and the
kconfig tell of some. Where the parts lie follows from their widths.
"""

from __future__ import annotations

from tracekit.boot import Boot
from tracekit.events.base import Event
from tracekit.events.mminit import (
    MemmapInit,
    PageFlagsParts,
    PageFlagsPgshifts,
    PageFlagsShifts,
    PageFlagsUsage,
    PageFlagsWidths,
    PageFlagsZoneId,
)
from tracekit.mm.mm_init import MOVABLE, ZONE_NAMES
from tracekit.mm.page_flags import Widths, zone_id, zones_shift
from tracekit.replay.ledger import Ledger
from tracekit.replay.mm_init.node_pages import Pages
from tracekit.replay.mm_init.setting import ADDED, NO_RAM, Setting

KIND = "page_flags"
NO_WIDTHS = "the line with the parts' widths is missing"
OF_THE_BUILD = "a fact of the build"
PARTS = ("section", "node", "zone", "last_cpupid", "kasan_tag")


class PageFlagsChecks:
    """Checks the mminit lines of one boot that stand before the zonelists."""

    def __init__(self, boot: Boot, setting: Setting, pages: Pages, ledger: Ledger) -> None:
        self.boot = boot
        self.setting = setting
        self.ledger = ledger
        self.nodes = {node.nid: node for node in pages.nodes}
        self.names = [n for n in ZONE_NAMES if n in setting.zone_names or n == MOVABLE]
        self.printed: PageFlagsWidths | None = next(iter(boot.of(PageFlagsWidths)), None)
        self.shifts: PageFlagsShifts | None = next(iter(boot.of(PageFlagsShifts)), None)

    def run(self) -> None:
        """Check every line."""
        for line in self.boot.events:
            match line:
                case MemmapInit():
                    self._map(line)
                case PageFlagsWidths():
                    self._widths(line)
                case PageFlagsShifts():
                    self._shifts(line)
                case PageFlagsPgshifts() | PageFlagsZoneId() | PageFlagsUsage():
                    self._places(line)

    def _map(self, line: MemmapInit) -> None:
        node = self.nodes.get(line.nid)
        if not self.nodes or self.setting.is_hotplug(line):
            self.ledger.unchecked("zone", ADDED if self.nodes else NO_RAM)
            return
        name = self.names[line.index] if line.index < len(self.names) else "?"
        zone = next((z for z in node.zones if z.name == name), None) if node else None
        wanted = f"pfns {zone.start_pfn} -> {zone.end_pfn}" if zone and zone.spanned else "no zone"
        logged = f"pfns {line.start_pfn} -> {line.end_pfn}"
        self._enter("zone", "MI113", line, f"map of node {line.nid}, zone {name}", logged, wanted)

    # -- what the build tells -------------------------------------------------------------

    def _known(self) -> dict[str, int]:
        """Return the widths that the printed zones and the kconfig give."""
        config = self.setting.kernel.evidence.config
        known = {}
        if self.setting.zone_names:
            known["zone"] = zones_shift(len(self.names))
        if config.get("CONFIG_SPARSEMEM_VMEMMAP") == "y" or "CONFIG_FLATMEM" in config:
            known["section"] = 0
        return known

    def _widths(self, line: PageFlagsWidths) -> None:
        self._parts(line, self._known())

    def _shifts(self, line: PageFlagsShifts) -> None:
        known = self._known()
        known.pop("section", None)
        shift = self.setting.kernel.evidence.config.get("CONFIG_NODES_SHIFT", "")
        if shift.isdigit():
            known["node"] = int(shift)
        if self.printed is not None:
            known["kasan_tag"] = self.printed.kasan_tag or 0
        self._parts(line, known)

    def _parts(self, line: PageFlagsParts, known: dict[str, int]) -> None:
        logged = {name: getattr(line, name) for name in known if getattr(line, name) is not None}
        wanted = {name: known[name] for name in logged}
        if not wanted:
            self.ledger.unchecked(KIND, OF_THE_BUILD)
            return
        self._enter(KIND, "MI114", line, "parts of page->flags", _told(logged), _told(wanted))

    # -- where the parts lie --------------------------------------------------------------

    def _places(self, line: Event) -> None:
        if self.printed is None or self.shifts is None:
            self.ledger.unchecked(KIND, NO_WIDTHS)
            return
        widths, bits = _widths_of(self.printed), self.setting.bits
        match line:
            case PageFlagsPgshifts():
                shifts = widths.pgshifts(bits)
                logged = {n: getattr(line, n) for n in PARTS if getattr(line, n) is not None}
                told, wanted = _told(logged), _told({name: shifts[name] for name in logged})
            case PageFlagsZoneId():
                told = f"bits {line.start_bit} to {line.end}"
                end, start = zone_id(
                    widths,
                    bits,
                    section_shift=self.shifts.section,
                    node_shift=self.shifts.node,
                )
                wanted = f"bits {start} to {end}"
            case PageFlagsUsage():
                told = f"{line.bits} -> {line.fields} -> {line.flags} -> {line.rest}"
                left = widths.free_bits(bits, self.shifts.last_cpupid or 0)
                wanted = f"{bits} -> {left} -> {self.printed.flags} -> 0"
        self._enter(KIND, "MI114", line, "layout of page->flags", told, wanted)

    def _enter(
        self, kind: str, code: str, line: Event, what: str, logged: str, wanted: str
    ) -> None:
        if logged == wanted:
            self.ledger.matched(kind)
        else:
            self.ledger.diverged(kind, code, line.source, what, logged=logged, simulated=wanted)


def _widths_of(line: PageFlagsWidths) -> Widths:
    others = (line.gen or 0) + (line.tier or 0)
    parts = (line.section, line.node, line.zone, line.last_cpupid or 0, line.kasan_tag or 0)
    return Widths(*parts, others)


def _told(parts: dict[str, int]) -> str:
    return ", ".join(f"{name} {bits}" for name, bits in parts.items())
