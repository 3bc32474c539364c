"""Where slab pages lie in the kernel's address space, found from the events themselves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tracekit.events.mm_init import NodeRangeLine
from tracekit.events.table import ADDRESS
from tracekit.replay.slub.scans import count_distances
from tracekit.replay.slub.stream import SlabStream

__all__ = ["LinearMap", "NodeMap", "find_linear_map"]

_ENOUGH = 8


@dataclass(frozen=True, slots=True)
class LinearMap:
    """The kernel's linear mapping: physical page `pfn` is at `base` + pfn * page size."""

    base: int
    page_shift: int

    def pfn(self, pointer: int) -> int:
        """Return the page that `pointer` lies in."""
        return ((pointer - self.base) & ADDRESS) >> self.page_shift


def find_linear_map(stream: SlabStream, page_size: int) -> LinearMap | None:
    """Return the mapping that puts new objects on pages handed out just before, or None.

    An allocation that needs a new slab takes a page first.  So the distance between an object's
    page and the page taken just before it on the same CPU is the mapping's base more often than
    anything else; with hashed pointers no distance stands out.
    """
    shift = page_size.bit_length() - 1
    distances = count_distances(stream.op, stream.cpu, stream.where, stream.what, shift)
    best = Counter(distances).most_common(2)
    if not best or best[0][1] < _ENOUGH:
        return None
    if len(best) == 2 and best[0][1] < 2 * best[1][1]:
        return None
    return LinearMap((best[0][0] << shift) & ADDRESS, shift)


class NodeMap:
    """Which node a page belongs to, from the log's early memory node ranges."""

    def __init__(self, ranges: list[NodeRangeLine], page_shift: int) -> None:
        self._ranges = [
            (line.start, line.end, line.nid)
            if line.in_pfn
            else (line.start >> page_shift, line.end >> page_shift, line.nid)
            for line in ranges
        ]
        self.several = len({nid for _, _, nid in self._ranges}) > 1

    def nid(self, pfn: int) -> int:
        """Return the page's node, 0 where the log names none."""
        if self.several:
            for start, end, nid in self._ranges:
                if start <= pfn < end:
                    return nid
        return 0
