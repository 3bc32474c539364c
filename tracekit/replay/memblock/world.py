"""One version of memblock's state, and the ways to go on after log and rules part ways.

When a result is not the predicted one, either the line is wrong or the kernel did something
unseen. Nothing decides that at once: both versions of the state are carried on, and the next
lines show which of them the kernel was in. So one fault gives one divergence.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.mm.memblock import Memblock
from tracekit.mm.memblock_type import MEMBLOCK_NONE, NUMA_NO_NODE
from tracekit.replay.memblock.log import Alloc, Change
from tracekit.replay.memblock.machine import Machine
from tracekit.replay.memblock.owner import Purpose
from tracekit.replay.memblock.rules import predict


@dataclass(slots=True)
class World:
    """A possible state of memblock and in words how it came about."""

    memblock: Memblock
    why: str = ""

    def expects(self, alloc: Alloc, what: Purpose, machine: Machine, upwards: bool) -> int:
        """The address that the rules give in this state; 0 for a failure."""
        self.memblock.bottom_up = upwards
        return predict(self.memblock, alloc, what, machine)

    def take(self, alloc: Alloc) -> None:
        """Reserve what the log shows, with node and flags where the line gives them."""
        if alloc.result is not None:
            nid = NUMA_NO_NODE if alloc.result.nid is None else alloc.result.nid
            flags = alloc.result.flags or MEMBLOCK_NONE
            self.memblock.reserve(alloc.base, alloc.size, nid, flags)

    def change(self, change: Change) -> None:
        """Apply a call that names its range."""
        memblock, base, size = self.memblock, change.base, change.size
        nid = NUMA_NO_NODE if change.call.nid is None else change.call.nid
        flags = change.call.flags or MEMBLOCK_NONE
        match change.kind:
            case "add":
                memblock.add(base, size, nid, flags)
            case "remove":
                memblock.remove(base, size)
            case "reserve":
                memblock.reserve(base, size, nid, flags)
            case "free":
                memblock.free(base, size)
            case "physmem":
                memblock.physmem_add(base, size)

    def branch(self, why: str) -> World:
        """A copy that may go another way."""
        return World(self.memblock.copy(), why)


def fits(alloc: Alloc, expected: int) -> bool:
    """Whether the logged outcome is the expected address with the size that was asked for."""
    if alloc.result is None:
        return expected == 0
    asked = alloc.request.size if alloc.request is not None else alloc.size
    return expected == alloc.base and alloc.size == asked
