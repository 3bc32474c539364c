"""What the kernel may have done without a line where a result is not the predicted one.

If the result is right, something changed unseen before it: the place that was predicted was
taken, or RAM was added that no line tells of. Each is a state of its own; the results that
follow show whether the kernel was in it. So one unseen change is one divergence, however many
results it displaces.
"""

from __future__ import annotations

from collections.abc import Callable

from tracekit.replay.memblock.log import Alloc
from tracekit.replay.memblock.world import World, fits

Expects = Callable[[World], int]

# Gaps that an unseen reservation may fill one after the other before it counts as unlikely.
MOST_GAPS = 4


def unlogged_changes(world: World, alloc: Alloc, expects: Expects) -> list[World]:
    """Return the states with one unseen change in which ``alloc``'s result is right.

    ``expects`` gives the address that the rules lead to in a state. Nothing of the states
    that are returned has taken the result yet.
    """
    found = (_taken(world, alloc, expects), _added(world, alloc, expects))
    return [state for state in found if state is not None]


def _taken(world: World, alloc: Alloc, expects: Expects) -> World | None:
    """The predicted place was reserved, with all of its gap up to the result."""
    state = world.branch("the predicted place was reserved without a line")
    for _ in range(MOST_GAPS):
        expected = expects(state)
        if fits(alloc, expected):
            return state
        if not expected:
            return None
        start, end = _free_around(state, expected)
        if start <= alloc.base < end:
            start, end = _beside(alloc, expected, start, end)
        state.memblock.reserve(start, end - start)
    return None


def _free_around(world: World, address: int) -> tuple[int, int]:
    start, end = world.memblock.reserved.gap_around(address + 1)
    region = world.memblock.memory.search(address)
    if region is None:
        return address, address
    return max(start, region.base), min(end, region.end)


def _beside(alloc: Alloc, expected: int, start: int, end: int) -> tuple[int, int]:
    """The part of the gap from the result to the side that the search comes from."""
    if expected > alloc.base:
        return alloc.base + alloc.size, end
    return start, alloc.base


def _added(world: World, alloc: Alloc, expects: Expects) -> World | None:
    """RAM reaches from the nearest known range, or from the result itself, to the result."""
    memory = world.memblock.memory
    if memory.covers(alloc.base, alloc.size):
        return None
    state = world.branch("RAM was added without a line")
    below = [region.end for region in memory if region.end <= alloc.base]
    start = max(below, default=alloc.base)
    state.memblock.add(start, alloc.base + alloc.size - start)
    return state if fits(alloc, expects(state)) else None
