"""Memblock's lists before its first line: projected back from the first dump.

What was added and reserved before memblock=debug was parsed shows only in the first
``MEMBLOCK configuration``. The lines before that dump are undone on it: what they reserved
was not there, what they freed was. The remainder is taken for the state at the first line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from tracekit.events.mm_init import NodeRangeLine
from tracekit.mm.memblock import Config, Memblock
from tracekit.mm.memblock_search import round_down, round_up
from tracekit.mm.memblock_type import MemblockType
from tracekit.mm.ranges import Ranges, intersect, subtract, total, union
from tracekit.replay.memblock.log import Alloc, Change, Dump, MemblockLog, Other, Step
from tracekit.replay.memblock.machine import Machine

PHYS_ADDR_MAX = (1 << 64) - 1


@dataclass(slots=True)
class Start:
    """The lists at the first memblock line, as far as the log tells.

    ``pieces`` are the reserved ranges that only the first dump shows; ``stray`` are bytes
    that a line reserved and that the first dump lacks although no line freed them. ``hotplug``
    is RAM that early allocations avoid until the nodes are set up (movable_node).
    ``kernel_end`` is where an upward search begins in kernels that spared what lies below,
    ``limit`` a current_limit that no line tells of.
    """

    memory: Ranges = field(default_factory=list)
    hotplug: Ranges = field(default_factory=list)
    pieces: Ranges = field(default_factory=list)
    stray: Ranges = field(default_factory=list)
    dump: Dump | None = None
    kernel_end: int | None = None
    limit: int | None = None

    def without(self, piece: tuple[int, int]) -> Start:
        """The same start without one piece."""
        return replace(self, pieces=subtract(self.pieces, [piece]))

    def build(self, config: Config) -> Memblock:
        """A Memblock in this state, nodes and flags as the first dump shows them."""
        memblock = Memblock(config)
        for start, end in self.memory:
            memblock.add(start, end - start)
        for start, end in self.pieces:
            memblock.reserve(start, end - start)
        return memblock


def before_first_dump(log: MemblockLog) -> tuple[list[Step], Dump | None]:
    """The steps up to the first dump, and that dump if there is one."""
    for index, step in enumerate(log.steps):
        if isinstance(step, Dump):
            return log.steps[:index], step
    return log.steps, None


def project_back(log: MemblockLog) -> Start:
    """Undo the lines before the first dump on that dump."""
    steps, dump = before_first_dump(log)
    if dump is None:
        return Start()
    memory = undo(rows(dump, "memory"), steps, "add", "remove")
    memory = union([*memory, *_removed_ram(dump, steps)])
    after = rows(dump, "reserved")
    reserved = undo(after, steps, "reserve", "free")
    stray = subtract(left_over(steps), after)
    return Start(memory=memory, pieces=reserved, stray=stray, dump=dump)


def by_node_ranges(start: Start, log: MemblockLog, machine: Machine) -> Start:
    """Correct the RAM of the start by the node ranges that free_area_init() prints later.

    Both show the same list, the ranges in whole pages, so where they differ one of them is
    wrong, and what the rest of the log bears out decides.
    """
    dump = start.dump
    if dump is None or not machine.node_ranges:
        return start
    shown = rows(dump, "memory")
    for step in _until_node_ranges(log, dump):
        kind, span = _effect(step)
        if kind == "add":
            shown = union([*shown, span])
        elif kind == "remove":
            shown = subtract(shown, [span])
    page = machine.page_size
    whole = union((round_up(a, page), round_down(b, page)) for a, b in shown)
    too_much, lacking = subtract(whole, machine.node_ranges), subtract(machine.node_ranges, whole)
    memory = union([*subtract(start.memory, too_much), *lacking])
    return replace(start, memory=memory)


def _until_node_ranges(log: MemblockLog, dump: Dump) -> list[Step]:
    steps: list[Step] = []
    after = False
    for step in log.steps:
        if isinstance(step, Other) and isinstance(step.event, NodeRangeLine):
            return steps if after else []
        if after:
            steps.append(step)
        after = after or step is dump
    return []


def rows(dump: Dump, name: str) -> Ranges:
    """The bytes of one list in a dump."""
    return union((row.base, row.base + row.size) for row in dump.of(name))


def undo(after: Ranges, steps: Sequence[Step], puts: str, takes: str) -> Ranges:
    """The bytes of a list before these steps, when ``after`` is what they led to."""
    state = _ByteList(after)
    for step in reversed(steps):
        kind, (start, end) = _effect(step)
        if kind == puts:
            state.remove_range(start, end - start)
        elif kind == takes and puts == "reserve":
            state.add_range(start, end - start)
    return state.ranges()


def left_over(steps: Iterable[Step]) -> Ranges:
    """The bytes that the lines reserved and did not free again."""
    state = _ByteList([])
    for step in steps:
        kind, (start, end) = _effect(step)
        if kind == "reserve":
            state.add_range(start, end - start)
        elif kind == "free":
            state.remove_range(start, end - start)
    return state.ranges()


class _ByteList(MemblockType):
    """A region list used as a set of bytes, cheap to change thousands of times."""

    def __init__(self, ranges: Ranges) -> None:
        super().__init__("bytes", 0, PHYS_ADDR_MAX)
        for start, end in ranges:
            self.add_range(start, end - start)

    def ranges(self) -> Ranges:
        """The bytes as ranges."""
        return [(region.base, region.end) for region in self.regions]


def _effect(step: Step) -> tuple[str, tuple[int, int]]:
    if isinstance(step, Alloc):
        return ("reserve" if step.result else ""), (step.base, step.base + step.size)
    if isinstance(step, Change):
        return step.kind, (step.base, step.base + step.size)
    return "", (0, 0)


def _removed_ram(dump: Dump, steps: Sequence[Step]) -> Ranges:
    # A remove says nothing of what was there; inside the span of RAM it was RAM most likely,
    # and treating it so matters only to allocations that came before it.
    found = rows(dump, "memory")
    if not found:
        return []
    span = [(found[0][0], found[-1][1])]
    removed = [_effect(step)[1] for step in steps if _effect(step)[0] == "remove"]
    inside = intersect([r for r in removed if r[0] < r[1]], span)
    return inside if total(inside) < total(found) else []
