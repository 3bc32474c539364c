"""Checks of the order in which nodes and zones are tried: fallback order, zonelists, policy zone.

Where the distances between nodes are not in the log, a fallback order must still hold every
node with memory once; the zonelists follow from it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.boot import Boot
from tracekit.events.base import Event
from tracekit.events.mm_init import FallbackOrder, PolicyZone, Zonelists
from tracekit.events.mminit import ZonelistRow
from tracekit.mm.mm_init import MOVABLE, ZONE_NAMES, Node
from tracekit.mm.zonelists import FallbackRules, NodeLoad, fallback_orders, general_zonelist
from tracekit.replay.ledger import Ledger
from tracekit.replay.mm_init.distances import find_distance
from tracekit.replay.mm_init.setting import ADDED, NO_RAM, Setting

KIND = "zonelist"
NO_DISTANCE = "the distances between the nodes are not in the log"
BROKEN = "printk broke the line off"
# MAX_NUMNODES where no kconfig tells it: what kernels are commonly built with.
MAX_NODES = (4, 16, 64, 256, 1024)

Orders = dict[int, list[int]]


class ZonelistChecks:
    """Checks the zonelists of one boot."""

    def __init__(self, boot: Boot, setting: Setting, nodes: Sequence[Node], ledger: Ledger) -> None:
        self.boot = boot
        self.setting = setting
        self.ledger = ledger
        self.nodes = nodes
        self.zones = {n.nid: [z.name for z in n.zones if z.present] for n in nodes}
        self.with_memory = {nid for nid, zones in self.zones.items() if zones}
        self.shown = {
            line.nid: list(line.order)
            for line in boot.of(FallbackOrder)
            if not setting.is_hotplug(line)
        }
        self.orders = self._predict() if nodes else {}

    def run(self) -> None:
        """Check every line."""
        later = self.setting.is_hotplug
        for line in self.boot.events:
            match line:
                case FallbackOrder() | ZonelistRow() | PolicyZone() if not self.nodes:
                    self.ledger.unchecked(KIND, NO_RAM)
                case FallbackOrder() | ZonelistRow() | PolicyZone() if later(line):
                    self.ledger.unchecked(KIND, ADDED)
                case FallbackOrder():
                    self._order(line)
                case ZonelistRow():
                    self._row(line)
                case PolicyZone():
                    self._policy(line)

    # -- what follows from distances ------------------------------------------------------

    def _predict(self) -> Orders:
        """Return the order of each node where the log leaves no choice."""
        if len(self.with_memory) == 1:
            only = next(iter(self.with_memory))
            return self._simple(only)
        distance = find_distance(self.boot, self.setting)
        listed = sorted({*self.shown, *(node.nid for node in self.nodes)})
        if distance is None:
            return self._pairs(listed)
        worlds = [
            fallback_orders(listed, self.with_memory, distance, self._rules(most))
            for most in self._max_nodes()
        ]
        first = worlds[0]
        return {nid: first[nid] for nid in listed if all(w[nid] == first[nid] for w in worlds)}

    def _simple(self, only: int) -> Orders:
        own_first = not self.setting.has("zonelists_skip_memoryless")
        listed = {*self.shown, *(node.nid for node in self.nodes)}
        return {nid: [nid, only] if own_first and nid != only else [only] for nid in listed}

    def _pairs(self, listed: Sequence[int]) -> Orders:
        """Return the orders that hold for any distances: a node, and the only other one."""
        if len(self.with_memory) != 2:
            return {}
        return {n: [n, *(self.with_memory - {n})] for n in listed if n in self.with_memory}

    def _rules(self, most: int) -> FallbackRules:
        load = NodeLoad.SET
        if self.setting.has("node_load_counted"):
            load = NodeLoad.COUNTED
        elif self.setting.has("node_load_added"):
            load = NodeLoad.ADDED
        skips = self.setting.has("zonelists_skip_memoryless")
        return FallbackRules(load=load, max_nodes=most, skips_memoryless=skips)

    def _max_nodes(self) -> Sequence[int]:
        shift = self.setting.kernel.evidence.config.get("CONFIG_NODES_SHIFT", "")
        return (1 << int(shift),) if shift.isdigit() else MAX_NODES

    # -- one line -------------------------------------------------------------------------

    def _order(self, line: FallbackOrder) -> None:
        wanted = self.orders.get(line.nid)
        own_first = [line.nid] if line.nid in self.with_memory else []
        if wanted is None and self._may_be(line, own_first):
            self.ledger.unchecked(KIND, NO_DISTANCE)
            return
        text = _words(wanted) if wanted else f"each of {_words(sorted(self.with_memory))} once"
        what = f"fallback order of node {line.nid}"
        self._compare(line, what, _words(line.order), text)

    def _may_be(self, line: FallbackOrder, first: Sequence[int]) -> bool:
        others = list(line.order)
        if others[:1] == [line.nid]:
            first, others = [line.nid], others[1:]
        return sorted([*first, *others]) == sorted({*first, *self.with_memory})

    def _row(self, line: ZonelistRow) -> None:
        order = [line.nid]
        if line.list == "general":
            order = self.shown.get(line.nid) or self.orders.get(line.nid) or []
        if line.refs is None or not order:
            self.ledger.unchecked(KIND, BROKEN if line.refs is None else NO_DISTANCE)
            return
        wanted = general_zonelist(order, self.zones, line.name, by_zone=self._by_zone())
        what = f"{line.list} zonelist of node {line.nid}, zone {line.name}"
        self._compare(line, what, _refs(line.refs), _refs(wanted))

    def _by_zone(self) -> bool:
        return any(line.order == "Zone" for line in self.boot.of(Zonelists))

    def _policy(self, line: PolicyZone) -> None:
        names = {name for zones in self.zones.values() for name in zones if name != MOVABLE}
        highest = max(names, key=ZONE_NAMES.index, default="none")
        self._compare(line, "policy zone", line.zone, highest)

    def _compare(self, line: Event, what: str, logged: str, wanted: str) -> None:
        if logged == wanted:
            self.ledger.matched(KIND)
        else:
            self.ledger.diverged(KIND, "MI112", line.source, what, logged=logged, simulated=wanted)


def _words(nids: Sequence[int]) -> str:
    return " ".join(map(str, nids))


def _refs(refs: Sequence[tuple[int, str]]) -> str:
    return " ".join(f"{nid}:{zone}" for nid, zone in refs)
