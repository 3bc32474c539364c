"""What embedding gave back of each unit: a second witness to the size of the first chunk.

pcpu_embed_first_chunk() frees the end of every unit that it does not need right before it
prints its sizes, so a log of memblock's or bootmem's calls tells those sizes by itself.
"""

from __future__ import annotations

from tracekit.boot import Boot
from tracekit.events.base import Event
from tracekit.events.bootmem import BootmemFree, BootmemMark
from tracekit.events.memblock import MemblockCall
from tracekit.events.percpu_setup import PercpuEmbedded
from tracekit.mm.percpu_first_chunk import AllocInfo


def given_back(boot: Boot, page_size: int) -> list[tuple[Event, int]]:
    """Return the frees right before the line ``Embedded``, with their bytes, in reverse order."""
    embedded = next((i for i, e in enumerate(boot.events) if isinstance(e, PercpuEmbedded)), 0)
    found: list[tuple[Event, int]] = []
    for event in reversed(boot.events[:embedded]):
        match event:
            case MemblockCall() if event.is_free:
                found.append((event, event.bound - event.base))
            case BootmemFree():
                found.append((event, (event.end_pfn - event.start_pfn) * page_size))
            case BootmemMark():
                continue
            case _:
                return found
    return found


def agrees(info: AllocInfo, frees: list[tuple[Event, int]]) -> bool:
    """Whether each free is the end of a unit in this layout, or a unit without a CPU.

    The last byte counts in the printed range of some kernels and not in others.
    """
    sizes = {info.unit - info.size_sum, info.unit}
    return bool(frees) and all(size in sizes or size + 1 in sizes for _, size in frees)
