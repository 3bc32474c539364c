"""Which processors are near each other: the groups of percpu's first chunk.

The SRAT says so where its lines for processors are printed (until v6.11); later the start of
the other processors names their nodes, and what memblock is asked for may leave no choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracekit.boot import Boot
from tracekit.events.memblock import MemblockRequest
from tracekit.events.numa import SratCpu
from tracekit.events.percpu_setup import CpusOfNode, PcpuAllocMap, PercpuPaged
from tracekit.mm.percpu_first_chunk import group_cpus
from tracekit.replay.mm_init.setting import possible_cpus

GROUP_CALLERS = ("pcpu_fc_alloc", "pcpu_dfl_fc_alloc")


@dataclass(frozen=True, slots=True)
class Groups:
    """CPUs by group; ``from_map`` says that nothing but the unit map itself tells of them."""

    cpus: list[list[int]]
    from_map: bool = False


def find_groups(boot: Boot, maps: Sequence[PcpuAllocMap]) -> Groups:
    """Return the groups by the lines that tell of nodes, else by the unit map."""
    shown = _groups_shown(maps)
    by_node = _by_srat(boot) or _by_requests(boot) or _by_start(boot)
    if by_node == shown or not shown:
        count = possible_cpus(boot)
        return Groups(by_node or ([list(range(count))] if count else []))
    if by_node and not _complete(shown, possible_cpus(boot)):
        return Groups(by_node)
    return Groups(shown, from_map=True)


def _groups_shown(maps: Sequence[PcpuAllocMap]) -> list[list[int]]:
    found: dict[int, list[int]] = {}
    for line in maps:
        for group, cpus in line.allocs:
            found.setdefault(group, []).extend(cpu for cpu in cpus if cpu is not None)
    return [sorted(cpus) for _, cpus in sorted(found.items())]


def _by_srat(boot: Boot) -> list[list[int]]:
    """Return the CPUs by node where the SRAT names a node for each; CPUs count in its order."""
    count = possible_cpus(boot)
    nodes = [line.nid for line in boot.of(SratCpu)]
    if not count or len(nodes) != count or None in nodes:
        return []
    return group_cpus(range(count), lambda cpu, other: nodes[cpu] == nodes[other])


def _by_requests(boot: Boot) -> list[list[int]]:
    """Return the CPUs by group where the number of requests for groups leaves no choice.

    Embedding asks memblock for each group in turn: one request means one group, as many
    as CPUs mean a CPU each.
    """
    count = possible_cpus(boot)
    asked = sum(request.by in GROUP_CALLERS for request in boot.of(MemblockRequest))
    if boot.of(PercpuPaged) or asked not in (1, count):
        return []
    return [list(range(count))] if asked == 1 else [[cpu] for cpu in range(count)]


def _by_start(boot: Boot) -> list[list[int]]:
    """Return the CPUs by node where the others are started node by node; CPU 0 is on node 0."""
    nodes = {cpu: line.nid for line in boot.of(CpusOfNode) for cpu in line.cpus}
    count = possible_cpus(boot)
    if set(nodes) != set(range(1, count)):
        return []
    nodes[0] = 0
    return group_cpus(range(count), lambda cpu, other: nodes[cpu] == nodes[other])


def _complete(groups: Sequence[Sequence[int]], count: int) -> bool:
    """Whether the groups hold every CPU once."""
    cpus = sorted(cpu for group in groups for cpu in group)
    return cpus == list(range(count or len(cpus)))
