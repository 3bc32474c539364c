"""What a log says of one physical address: RAM or not, whose, and in which zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tracekit.events.arch_maps import MemCluster
from tracekit.events.e820 import E820Row
from tracekit.events.mm_init import ZoneRangeLine
from tracekit.replay.context import Context
from tracekit.replay.memblock.regions import History, OwnedRegion, Piece


@dataclass(slots=True)
class Places:
    """Answers for one boot; memblock's lists are those at the end of the log."""

    context: Context
    _regions: list[OwnedRegion] | None = field(default=None, init=False)

    def at(self, address: int) -> str:
        """Return what lies at a physical address (bytes), in words; "" where nothing says."""
        return "; ".join(filter(None, (self._owner(address), self._zone(address))))

    def _owner(self, address: int) -> str:
        regions = self._lists()
        reserved = next((r for r in regions if r.list == "reserved" and _holds(r, address)), None)
        if reserved is not None:
            return f"reserved by {_owners(reserved, address)}: nobody else may free it"
        if any(r.list == "memory" and _holds(r, address) for r in regions):
            return f"RAM that nobody reserved{self._between(address)}"
        return self._map(address)

    def _lists(self) -> list[OwnedRegion]:
        if self._regions is None:
            history = self.context.take(History)
            self._regions = history.at() if history is not None else []
        return self._regions

    def _between(self, address: int) -> str:
        """Name the reservations around free RAM, where there are any."""
        reserved = [r for r in self._lists() if r.list == "reserved"]
        below = max((r.end for r in reserved if r.end <= address), default=None)
        above = min((r.start for r in reserved if r.start > address), default=None)
        if below is None or above is None:
            return ""
        gap = f"[{below:#x}-{above - 1:#x}]"
        return f", in the gap {gap} between two reservations: the hand-off frees it by rights"

    def _map(self, address: int) -> str:
        """What the firmware's map says, where memblock's lists do not hold the address."""
        boot = self.context.boot
        for cluster in boot.of(MemCluster):
            if cluster.range[0] <= address < cluster.range[1]:
                return _cluster(cluster)
        rows = [row for row in boot.of(E820Row) if row.range[0] <= address < row.range[1]]
        if rows:
            return f"the e820 map calls it {rows[-1].kind} (line {rows[-1].source.line})"
        has_ram = any(region.list == "memory" for region in self._lists())
        return "outside all RAM that the log gives memblock: a hole" if has_ram else ""

    def _zone(self, address: int) -> str:
        shift = (self.context.boot.kernel.page_size or 0).bit_length() - 1
        zones = self.context.boot.of(ZoneRangeLine)
        found = [zone.zone for zone in zones if _in_zone(zone, address, shift)]
        return f"zone {found[0]}" if found else ""


def _holds(region: OwnedRegion, address: int) -> bool:
    return region.start <= address < region.end


def _owners(region: OwnedRegion, address: int) -> str:
    pieces = [piece for piece in region.pieces if piece.start <= address < piece.end]
    return " and ".join(dict.fromkeys(_named(pieces or list(region.pieces)[:1])))


def _named(pieces: list[Piece]) -> Iterator[str]:
    for piece in pieces:
        line = f" (line {piece.line.line})" if piece.line is not None else ""
        yield f"{piece.owner} [{piece.start:#x}-{piece.end - 1:#x}]{line}"


def _cluster(cluster: MemCluster) -> str:
    use = "the kernel may use it" if cluster.is_ram else "it is not the kernel's"
    return (
        f"memcluster {cluster.index} of usage {cluster.usage} (line {cluster.source.line}): {use}"
    )


def _in_zone(zone: ZoneRangeLine, address: int, shift: int) -> bool:
    if zone.in_pfn:
        return shift > 0 and zone.start <= address >> shift < zone.end
    return zone.start <= address < zone.end
