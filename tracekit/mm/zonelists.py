"""In which order zones and nodes are tried: the zonelists of build_all_zonelists().

Mirrors mm/page_alloc.c: find_next_best_node(), build_zonelists(), build_zonerefs_node(). All
nodes are ids; nothing here knows of logs::

    orders = fallback_orders([0, 1, 2], {0, 1, 2}, lambda a, b: 10 if a == b else 20)
    general_zonelist(orders[0], {0: ["DMA", "Normal"], 1: ["Normal"]}, "Normal")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import Enum

from tracekit.mm.mm_init import ZONE_NAMES

Distance = Callable[[int, int], int]
ZoneRef = tuple[int, str]


class NodeLoad(Enum):
    """How a node at the head of a distance group is made dearer for the nodes that follow."""

    SET = "set"  # until v5.15: to what is left of the nodes
    ADDED = "added"  # v5.16 and v5.17: by what is left of the nodes
    COUNTED = "counted"  # since v5.18: by one


@dataclass(frozen=True, slots=True)
class FallbackRules:
    """What differs between kernels and machines.

    ``max_nodes`` is MAX_NUMNODES, ``with_cpus`` are the nodes whose processors are known while
    the lists are built; ``skips_memoryless`` is true where a node without memory does not head
    its own list (since v5.19).
    """

    load: NodeLoad = NodeLoad.COUNTED
    max_nodes: int = 1024
    with_cpus: frozenset[int] = frozenset()
    skips_memoryless: bool = True


def fallback_orders(
    nodes: Sequence[int],
    with_memory: Set[int],
    distance: Distance,
    rules: FallbackRules = FallbackRules(),
) -> dict[int, list[int]]:
    """Return each node's fallback order, for ``nodes`` in the order in which lists are built.

    The order matters: what heads a group of equally distant nodes once is avoided by the next.
    """
    load: dict[int, int] = {}
    return {node: _order(node, nodes, with_memory, distance, rules, load) for node in nodes}


def _order(
    local: int,
    nodes: Sequence[int],
    with_memory: Set[int],
    distance: Distance,
    rules: FallbackRules,
    load: dict[int, int],
) -> list[int]:
    order: list[int] = []
    left, previous = len(nodes), local
    while (node := _best(local, order, with_memory, distance, rules, load)) is not None:
        if distance(local, node) != distance(local, previous):
            load[node] = _load(rules.load, load.get(node, 0), left)
        order.append(node)
        previous, left = node, left - 1
    return order


def _load(how: NodeLoad, before: int, left: int) -> int:
    match how:
        case NodeLoad.SET:
            return left
        case NodeLoad.ADDED:
            return before + left
    return before + 1


def _best(
    local: int,
    used: Sequence[int],
    with_memory: Set[int],
    distance: Distance,
    rules: FallbackRules,
    load: Mapping[int, int],
) -> int | None:
    """Return the node that comes next, None behind the last (find_next_best_node)."""
    if local not in used and (local in with_memory or not rules.skips_memoryless):
        return local

    def cost(node: int) -> tuple[int, int]:
        near = distance(local, node) + (node < local) + (node in rules.with_cpus)
        return near * rules.max_nodes + load.get(node, 0), node

    return min((node for node in with_memory if node not in used), key=cost, default=None)


def general_zonelist(
    order: Iterable[int], zones: Mapping[int, Sequence[str]], highest: str, *, by_zone: bool = False
) -> list[ZoneRef]:
    """Return the zones that serve a request for ``highest`` and below, as (nid, zone).

    ``zones`` are the populated zones of each node. Each node gives its zones from the highest
    down; ``by_zone`` is the other order of kernels before v4.14, all nodes zone by zone.
    """
    allowed = ZONE_NAMES[: ZONE_NAMES.index(highest) + 1]
    refs = [
        (nid, zone) for nid in order for zone in reversed(allowed) if zone in zones.get(nid, ())
    ]
    return sorted(refs, key=lambda ref: -ZONE_NAMES.index(ref[1])) if by_zone else refs
