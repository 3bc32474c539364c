"""Predicts where a node's pg_data_t and mem_map lie inside its remap area."""

from __future__ import annotations

from collections.abc import Callable

from tracekit.events.mm_init import NodeMemMap
from tracekit.mm import numa_32
from tracekit.replay.numa_32.worlds import Value, World, Worlds

ELSEWHERE = "they do not come from the remap area"
Place = Callable[[World, int], "tuple[int, int] | None"]


def check_structures(
    worlds: Worlds,
    event: NodeMemMap,
    place: Place,
    pages: tuple[int, int] | None,
    *,
    may_fill: bool,
) -> None:
    """Compare a node's free_area_init_node line with what alloc_remap() gives.

    `place` tells the area's first address and the address behind it, `pages` are the node's
    first pfn with RAM and its end; `may_fill` as in mm.numa_32.
    """

    def predict(world: World) -> Value | None:
        area = place(world, event.nid)
        if area is None or pages is None:
            return None
        pgdat = numa_32.round_up(world.pgdat, numa_32.PAGE_SIZE)
        remap = numa_32.RemapAllocator(*area, area[0] + pgdat, may_fill)
        found = remap.allocate(numa_32.mem_map_bytes(*pages, world.struct_page))
        if found is None:
            return None
        return area[0], numa_32.node_mem_map(found, pages[0], world.struct_page)

    worlds.check(
        "NR107",
        event,
        f"structures of node {event.nid}",
        (event.pgdat, event.node_mem_map_at),
        predict,
        words="pg_data_t {}, mem_map {}",
        unknown=ELSEWHERE,
    )
