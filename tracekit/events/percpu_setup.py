"""Facts about the percpu first chunk and the number of CPUs."""

from __future__ import annotations

import re
from typing import Any

from tracekit.events.base import Event, Source, event


@event("setup_percpu")
class SetupPercpu(Event, frozen=True):
    """``setup_percpu: NR_CPUS:...``: limits and counts of CPUs and nodes."""

    nr_cpus: int
    cpumask_bits: int
    nr_cpu_ids: int
    nr_node_ids: int


@event("percpu_embedded")
class PercpuEmbedded(Event, frozen=True):
    """The first chunk lies in the linear map; sizes in bytes, ``pages`` in use per CPU."""

    pages: int
    static: int
    reserved: int
    dyn: int
    unit: int
    base: str | None = None


@event("percpu_paged")
class PercpuPaged(Event, frozen=True):
    """The first chunk is mapped page by page; ``page_kib`` is the size of a page."""

    pages: int
    page_kib: int
    static: int
    reserved: int
    dyn: int
    base: str | None = None


@event("pcpu_alloc_sizes")
class PcpuAllocSizes(Event, frozen=True):
    """``pcpu-alloc:`` sizes in bytes; an allocation is ``allocs`` atoms of ``atom`` bytes."""

    static: int
    reserved: int
    dyn: int
    unit: int
    allocs: int
    atom: int


@event("pcpu_alloc_map")
class PcpuAllocMap(Event, frozen=True):
    """Units in order, as (group, CPUs of one allocation); None is a unit without a CPU."""

    allocs: tuple[tuple[int, tuple[int | None, ...]], ...]

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> PcpuAllocMap:
        """Build from the text after the first bracket."""
        parts = re.findall(r"(\d+)\] ([-\d ]*)", fields["map"])
        return cls(source, tuple((int(group), _cpus(cpus)) for group, cpus in parts))


def _cpus(text: str) -> tuple[int | None, ...]:
    return tuple(int(word) if word.isdigit() else None for word in text.split())


@event("percpu_wasting")
class PercpuWasting(Event, frozen=True):
    """Pages of each chunk that no unit can use."""

    pages: int


@event("percpu_distance")
class PercpuDistance(Event, frozen=True):
    """The groups lie too far apart for the vmalloc area, both in bytes."""

    distance: int
    vmalloc: int


@event("percpu_fallback")
class PercpuFallback(Event, frozen=True):
    """Embedding failed; the chunk is mapped page by page instead."""

    chosen: str
    error: int


@event("percpu_no_node")
class PercpuNoNode(Event, frozen=True):
    """A CPU's percpu memory cannot come from its own node."""

    cpu: int
    nid: int


@event("rcu_cpus", "rcu_geometry")
class RcuCpus(Event, frozen=True):
    """RCU names the number of CPU ids."""

    nr_cpu_ids: int
    nr_cpus: int | None = None
    leaf: int | None = None


@event("cpus_of_node", "cpus_of_node_old")
class CpusOfNode(Event, frozen=True):
    """Processors that are started on one node; the boot processor runs already."""

    nid: int
    cpus: tuple[int, ...]

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> CpusOfNode:
        """Build from the list of numbers."""
        found = re.findall(r"#(\d+)", fields["cpus"])
        return cls(source, fields["nid"], tuple(int(cpu) for cpu in found))
