"""The virtual addresses that a node's remapped pages get, by generation of the kernel.

Each function returns the first address of a node's area and the end that the kernel prints,
which was not always the area's own; None where the start of the KVA area is not known.
"""

from __future__ import annotations

from tracekit.mm.numa_32 import kaddr
from tracekit.replay.numa_32.worlds import World

Place = tuple[int, int]


def place_from_start(world: World, nid: int, pages: int) -> Place | None:
    """2.6.27 to 2.6.39: one behind the other from the KVA area's start."""
    if world.kva_start is None:
        return None
    first = world.kva_start + world.offset(nid)
    return kaddr(first), kaddr(first + pages)


def place_inside_lowmem(world: World, nid: int, pages: int, highstart: int) -> Place | None:
    """2.6.20 to 2.6.26: the same start, but the end is printed as if it lay above lowmem."""
    if world.kva_start is None:
        return None
    offset = world.offset(nid)
    return kaddr(world.kva_start + offset), kaddr(highstart + offset + pages)


def place_above_lowmem(world: World, nid: int, pages: int, highstart: int, *, whole: bool) -> Place:
    """Up to 2.6.19: above lowmem, which was cut for it.

    `whole` is false for the kernels before 2.6.13, where node 0 took no part and the areas
    were counted from the top.
    """
    offset = world.offset(nid)
    first = highstart + (offset if whole else world.total - offset - pages)
    return kaddr(first), kaddr(first + pages)
