"""Nodes and zones: NUMA descriptions that contradict RAM, nodes and zones without memory."""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.boot import Boot
from tracekit.events.mm_init import (
    InitmemSetup,
    NodeMemoryless,
    NodeRangeLine,
    SlubBanner,
    ZoneRangeLine,
)
from tracekit.events.numa import EmulatedNode, NodeOverlap, NumaCoverage, SratFailed
from tracekit.kernel.arch import facts
from tracekit.replay.maps.finding import Finding, amount, mem


def node_findings(boot: Boot) -> Iterator[Finding]:
    """Yield contradictions of the NUMA description, and what has no memory."""
    yield from _descriptions(boot)
    yield from _memoryless(boot)
    yield from _no_lowmem(boot)


def _descriptions(boot: Boot) -> Iterator[Finding]:
    """What the kernel itself found wrong with firmware's description (numa_cleanup_meminfo)."""
    for overlap in boot.of(NodeOverlap):
        if overlap.other is None:
            continue
        yield Finding(
            "MP301",
            overlap.source,
            "memory of two nodes",
            f"node {overlap.nid} has {mem(*overlap.one)}, node {overlap.other} {mem(*overlap.two)}",
            "every range of RAM belongs to one node",
        )
    for event in boot.of(NumaCoverage):
        yield Finding(
            "MP302",
            event.source,
            "RAM without a node",
            f"the SRAT covers {event.covered} of {event.ram} MiB of RAM",
            f"a node for the other {amount(event.missing)} too; NUMA is now not used at all",
        )
    for failed in boot.of(SratFailed):
        yield Finding(
            "MP303", failed.source, "SRAT", "the SRAT is not used", "a description that is whole"
        )


def _memoryless(boot: Boot) -> Iterator[Finding]:
    """Nodes without memory work, but allocations for them come from elsewhere."""
    silent = boot.of(NodeMemoryless)
    if silent:
        nodes = ", ".join(str(event.nid) for event in silent)
        yield Finding(
            "MP304",
            silent[0].source,
            "nodes without memory",
            f"node {nodes}: no memory",
            "memory on every node that has processors",
        )
        return
    with_memory = {e.nid for e in boot.of(InitmemSetup)} | {e.nid for e in boot.of(NodeRangeLine)}
    for banner in boot.of(SlubBanner):
        if banner.nodes > 1 and banner.nodes > len(with_memory) and not boot.of(EmulatedNode):
            seen = f"{len(with_memory)} with memory" if with_memory else "none shown with memory"
            yield Finding(
                "MP304",
                banner.source,
                "nodes without memory",
                f"{banner.nodes} possible nodes, {seen} in this log",
                "per-node structures only where a node has memory",
            )


def _no_lowmem(boot: Boot) -> Iterator[Finding]:
    """Everything that the kernel maps for itself must come from zones below HighMem."""
    arch = facts(boot.kernel.arch)
    zones = {zone.zone: zone for zone in boot.of(ZoneRangeLine)}
    high = zones.get("HighMem")
    if arch is None or not arch.is_32bit or high is None or high.empty:
        return
    if all(zone.empty for name, zone in zones.items() if name in ("DMA", "Normal")):
        yield Finding(
            "MP305",
            high.source,
            "all RAM is HighMem",
            f"HighMem has {mem(high.start, high.end)}, Normal and DMA are empty",
            "some RAM below the end of the linear map (lowmem)",
            tuple(zone.source for zone in zones.values() if zone.empty),
        )
