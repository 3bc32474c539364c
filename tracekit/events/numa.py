"""Nodes as firmware gives them or the kernel fakes them, and where pg_data_t went."""

from __future__ import annotations

from typing import Any, Self

from tracekit.events.base import Event, Source, event
from tracekit.events.ranges import MIB, RangeEvent, take_range


@event("srat_memory", "srat_memory_exclusive", "srat_range", "srat_range_bare")
class SratMemory(RangeEvent, frozen=True):
    """Memory of a proximity domain in the SRAT: bytes, end exclusive.

    ``nid`` is the node it became, None in the wordings that do not say (2.6, 32-bit).
    """

    pxm: int
    nid: int | None = None
    hotplug: bool = False
    enabled: bool = True

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from any form; the oldest ones count pages of 4 KiB."""
        start, end = take_range(fields)
        state = fields.get("state", "enabled")
        hotplug = "hotplug" in fields or "removable" in state
        on = state != "disabled"
        return cls(source, start, end, fields["pxm"], fields.get("nid"), hotplug, on)


@event("srat_cpu", "srat_cpu_old")
class SratCpu(Event, frozen=True):
    """A processor (or interrupt unit) of a proximity domain; ``id`` as printed."""

    pxm: int
    kind: str = ""
    id: str = ""
    nid: int | None = None


@event("srat_failed")
class SratFailed(Event, frozen=True):
    """The kernel refused the firmware's NUMA description."""


@event("srat_chunks")
class NumaCount(Event, frozen=True):
    """How many memory chunks or nodes the firmware gave."""

    count: int


@event("numa_distances")
class DistanceTable(Event, frozen=True):
    """The firmware gives distances between ``count`` nodes (numa_alloc_distance)."""

    count: int


@event("numa_distance_map")
class DistanceMap(Event, frozen=True):
    """The device tree gives distances between nodes (of_numa_parse_distance_map)."""


@event("numa_none", "numa_off")
class NumaNone(Event, frozen=True):
    """There is no NUMA description, or it is not used: all memory is node 0."""


@event("fake_single", "fake_single_old")
class FakedNode(RangeEvent, frozen=True):
    """Node 0 made of all RAM, bytes, end exclusive (dummy_numa_init)."""


@event("fake_node")
class EmulatedNode(RangeEvent, frozen=True):
    """A node of numa=fake, bytes, end exclusive (setup_emu2phys_nid and its callers)."""

    nid: int


@event("numa_merged")
class NodeMerged(RangeEvent, frozen=True):
    """Two blocks of one node were joined with what lies between (numa_cleanup_meminfo).

    ``one`` and ``two`` are the blocks as (start, end), end exclusive.
    """

    nid: int
    one: tuple[int, int]
    two: tuple[int, int]

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from the three ranges."""
        start, end = take_range(fields)
        return cls(source, start, end, fields["nid"], _pair(fields, "one"), _pair(fields, "two"))


@event("numa_overlap", "numa_overlap_self")
class NodeOverlap(Event, frozen=True):
    """Firmware gave a range twice: to two nodes, or (``other`` None) to the same node."""

    nid: int
    one: tuple[int, int]
    two: tuple[int, int]
    other: int | None = None

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Build from the two ranges."""
        pairs = _pair(fields, "one"), _pair(fields, "two")
        return cls(source, fields["nid"], *pairs, fields.get("other"))


def _pair(fields: dict[str, Any], name: str) -> tuple[int, int]:
    return fields[f"{name}_first"], fields[f"{name}_last"] + 1


@event("numa_coverage")
class NumaCoverage(Event, frozen=True):
    """The SRAT leaves RAM without a node, so that NUMA is not used; sizes in MiB."""

    covered: int
    ram: int

    @property
    def missing(self) -> int:
        """Bytes of RAM without a node, as far as whole MiB tell."""
        return (self.ram - self.covered) * MIB


@event("node_data", "node_data_plain")
class NodeData(RangeEvent, frozen=True):
    """Where a node's pg_data_t was placed, bytes, end exclusive; ``nid`` None if not said."""

    nid: int | None = None


@event("node_data_elsewhere")
class NodeDataElsewhere(Event, frozen=True):
    """A node's pg_data_t had to be placed on another node."""

    nid: int
    on_node: int


@event("numa_sparc_group")
class SparcNumaGroup(Event, frozen=True):
    """A sparc64 NUMA group."""

    nid: int
