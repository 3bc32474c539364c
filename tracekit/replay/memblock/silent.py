"""What the kernel does to memblock without printing a line: limits, nodes, flags, trimming.

Each of these functions is known by name and acts at a known place; nothing else may change
the lists unseen once memblock=debug is on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tracekit.mm.memblock import Config, Memblock
from tracekit.mm.memblock_search import round_up
from tracekit.mm.memblock_type import MEMBLOCK_HOTPLUG, MEMBLOCK_NOMAP, NUMA_NO_NODE
from tracekit.replay.memblock.log import Alloc, Change, MemblockLog, Step
from tracekit.replay.memblock.machine import Machine
from tracekit.replay.memblock.owner import Purpose
from tracekit.replay.memblock.rules import (
    final_limit,
    initial_limit,
    lowmem_is_mapped,
    real_mode_limit,
)
from tracekit.replay.memblock.start import Start
from tracekit.replay.memblock.world import World


@dataclass(frozen=True, slots=True)
class Flagged:
    """RAM [start, end) that a dump shows with flags, marked after so many steps of the log."""

    start: int
    end: int
    flags: int
    after: int


@dataclass(slots=True)
class Silent:
    """Applies the silent functions to every world as the log goes by."""

    log: MemblockLog
    start: Start
    machine: Machine
    flagged: list[Flagged] = field(default_factory=list)
    steps_seen: int = 0
    nodes_set: bool = False
    lowmem_mapped: bool = False

    def begin(self) -> Memblock:
        """The start's memblock with what is marked from the beginning."""
        self.flagged = flagged_rows(self.log)
        memblock = self.start.build(self._config())
        self._mark(memblock)
        return memblock

    def _config(self) -> Config:
        movable = self.machine.kernel.option("movable_node") is not None
        upwards = self.machine.bottom_up or (movable and self.machine.is_x86)
        return Config(
            page_size=self.machine.page_size,
            movable_node=movable,
            kernel_end=self.start.kernel_end if upwards else None,
            smp_cache_bytes=self.machine.smp_cache_bytes,
        )

    def before_alloc(self, alloc: Alloc, what: Purpose, worlds: Sequence[World]) -> None:
        """Limits, nodes and hotplug marks as they are when an allocation searches."""
        rule = final_limit if self.lowmem_mapped else initial_limit
        named = self._names_a_node(alloc, what) and not self.nodes_set
        self.nodes_set = self.nodes_set or named
        for world in worlds:
            memblock = world.memblock
            limit = rule(memblock, self.machine)
            limit = min(limit, real_mode_limit(alloc, self.machine) or limit)
            memblock.current_limit = min(limit, self.start.limit or limit)
            if named:
                self._set_nodes(memblock)
            if self.start.hotplug and self._in_numa_init(alloc):
                memblock.clear_hotplug(0, memblock.phys_addr_max)
        self.lowmem_mapped = self.lowmem_mapped or lowmem_is_mapped(alloc, self.machine)

    def after(self, step: Step, worlds: Sequence[World]) -> None:
        """Marks that go with the step that is over."""
        self.steps_seen += 1
        added = isinstance(step, Change) and step.kind == "add"
        if added or any(row.after == self.steps_seen for row in self.flagged):
            for world in worlds:
                self._mark(world.memblock)

    def before_first_dump(self, worlds: Sequence[World]) -> None:
        """What set-up code does right before it dumps the lists.

        e820__memblock_setup() trims RAM to whole pages; powerpc's early_init_devtree() enforces
        a limit even where none was given, which drops reservations above the end of RAM.
        """
        page = self.machine.page_size
        trims = self.machine.is_x86 and self.machine.kernel.has("memblock_trim", default=True)
        for world in worlds:
            memblock = world.memblock
            if trims:
                memblock.trim_memory(page)
            if self.machine.arch in ("ppc64", "ppc32"):
                memblock.enforce_memory_limit(round_up(memblock.memory.total_size, page))

    def _mark(self, memblock: Memblock) -> None:
        for row in self.flagged:
            if row.after <= self.steps_seen:
                memblock.mark_memory(row.start, row.end - row.start, row.flags)
        if not self.nodes_set:
            for start, end in self.start.hotplug:
                memblock.mark_hotplug(start, end - start)

    def _set_nodes(self, memblock: Memblock) -> None:
        for node in self.machine.nodes:
            memblock.set_node(node.start, node.end - node.start, memblock.memory, node.nid)

    def _names_a_node(self, alloc: Alloc, what: Purpose) -> bool:
        if alloc.request is not None:
            return alloc.request.nid not in (None, NUMA_NO_NODE)
        return what.nid != NUMA_NO_NODE

    def _in_numa_init(self, alloc: Alloc) -> bool:
        # numa_init() and numa_memblks_init() begin by making all RAM ordinary again.
        return self.nodes_set or alloc.by.startswith(("numa_", "of_numa_"))


def flagged_rows(log: MemblockLog) -> list[Flagged]:
    """RAM that a dump shows with flags that early code must heed (NOMAP, HOTPLUG).

    It is marked with its own reservation where there is one, else as soon as it is known.
    """
    lasting = MEMBLOCK_NOMAP | MEMBLOCK_HOTPLUG
    found: list[Flagged] = []
    for dump in log.dumps:
        for row in dump.of("memory"):
            flags, end = (row.flags or 0) & lasting, row.base + row.size
            if flags:
                found.append(Flagged(row.base, end, flags, _reserved_at(log, row.base, end)))
    return found


def _reserved_at(log: MemblockLog, start: int, end: int) -> int:
    for index, step in enumerate(log.steps):
        if not isinstance(step, Alloc | Change):
            continue
        reserves = isinstance(step, Alloc) or step.kind == "reserve"
        if reserves and step.base == start and step.base + step.size <= end:
            return index + 1
    return 0
