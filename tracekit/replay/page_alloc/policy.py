"""Which node and zone serves a request: the zonelist walk as far as a log determines it.

Mirrors the zonelists of mm/page_alloc.c and the interleaving of early boot: until init is
started, the first task runs under MPOL_INTERLEAVE over all nodes (mm/mempolicy.c:
numa_policy_init, numa_default_policy).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from tracekit.mm.page_alloc import PageAllocator, PcpList
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.stream import Stream

ZONE_ORDER = ("DMA", "DMA32", "Normal", "HighMem", "Movable", "Device")
_HIGHMEM = frozenset(("__GFP_HIGHMEM", "GFP_HIGHUSER", "GFP_HIGHUSER_MOVABLE", "GFP_TRANSHUGE"))
_MOVABLE = frozenset(("__GFP_MOVABLE", "GFP_HIGHUSER_MOVABLE", "GFP_TRANSHUGE"))
_TRANSHUGE = frozenset(("GFP_TRANSHUGE", "GFP_TRANSHUGE_LIGHT"))


@cache
def highest_zone(gfp: str) -> int:
    """Return the index in ZONE_ORDER of the highest zone that a gfp mask allows (gfp_zone())."""
    flags = frozenset(gfp.split("|"))
    if flags & {"__GFP_DMA", "GFP_DMA"}:
        return 0
    if flags & {"__GFP_DMA32", "GFP_DMA32"}:
        return 1
    highmem = bool(flags & (_HIGHMEM | _TRANSHUGE))
    if highmem and flags & (_MOVABLE | _TRANSHUGE):
        return 4
    return 3 if highmem else 2


@cache
def this_node(gfp: str) -> bool:
    """Return whether the request names its node (__GFP_THISNODE)."""
    return "__GFP_THISNODE" in gfp.split("|")


@cache
def user_page(gfp: str) -> bool:
    """Return whether the request is for a zeroed page of a user's address space."""
    flags = frozenset(gfp.split("|"))
    return "__GFP_ZERO" in flags and "GFP_HIGHUSER_MOVABLE" in flags


@cache
def slab_page(gfp: str) -> bool:
    """Return whether the request is for a new slab, by the flags of allocate_slab().

    The ring buffer, which says __GFP_RETRY_MAYFAIL, names the node of its slabs.
    """
    flags = frozenset(gfp.split("|"))
    return {"__GFP_NOWARN", "__GFP_NORETRY"} <= flags and "__GFP_RETRY_MAYFAIL" not in flags


class Policy:
    """The nodes of the cpus, and where interleaving stands."""

    def __init__(self, allocator: PageAllocator, nodes: Mapping[int, int]) -> None:
        self.allocator = allocator
        self.nodes = dict(nodes)
        self.nids = sorted({zone.nid for zone in allocator.zones})
        self.several = len(self.nids) > 1
        self.interleaving = self.several
        self._last = -1
        self._habits: dict[tuple[int, int, int], tuple[int, int]] = {}
        self._lists: dict[tuple[int, int], list[Zone]] = {}

    def node_of(self, cpu: int) -> int:
        """Return the node of a cpu (numa_node_id())."""
        nid = self.nodes.get(cpu, 0)
        return nid if nid in self.nids else self.nids[0] if self.nids else 0

    def zonelist(self, nid: int, highest: int) -> list[Zone]:
        """Return the zones of a node that a request may use, highest first."""
        found = self._lists.get((nid, highest))
        if found is None:
            zones = [
                zone
                for zone in self.allocator.zones
                if zone.nid == nid and ZONE_ORDER.index(zone.name) <= highest
            ]
            zones.sort(key=lambda zone: -ZONE_ORDER.index(zone.name))
            found = self._lists[nid, highest] = zones
        return found

    def interleaved(self, pid: int) -> bool:
        """Return whether the task's requests go round all nodes."""
        return self.interleaving and pid <= 1

    def next_node(self, steps: int = 1) -> int:
        """Return the node that interleaving gives after so many steps (interleave_nodes())."""
        if self._last not in self.nids:
            return self.nids[0]
        return self.nids[(self.nids.index(self._last) + steps) % len(self.nids)]

    def watch(self, stream: Stream, row: int) -> None:
        """See interleaving end: kernel_init() drops it just before it runs init.

        The first sign of that is a page for the new program's stack.
        """
        if stream.pid[row] == 1 and user_page(stream.gfps[stream.extra[row]]):
            self.interleaving = False

    def wanted_node(self, stream: Stream, row: int) -> int:
        """Return the node that the request most likely asks for.

        The request's node is not logged. A task that repeats a request (a loop over the pages
        of a buffer, say) asks for the same node again; others go by their policy. Before
        it asks for a new slab, get_any_partial() of mm/slub.c has gone on by one node as well.
        """
        pid = stream.pid[row]
        if self.interleaved(pid) and not stream.context[row]:
            gfp = stream.gfps[stream.extra[row]]
            if slab_page(gfp) and not this_node(gfp):
                return self.next_node(2)
        nid, times = self._habits.get((pid, stream.cpu[row], stream.extra[row]), (-1, 0))
        if self.interleaved(pid) and not stream.context[row]:
            return nid if times > 1 else self.next_node()
        return nid if times else self.node_of(stream.cpu[row])

    def served(self, stream: Stream, row: int, nid: int) -> None:
        """Note which node served a request."""
        if not self.several:
            return
        pid = stream.pid[row]
        key = (pid, stream.cpu[row], stream.extra[row])
        last, times = self._habits.get(key, (nid, 0))
        self._habits[key] = (nid, times + 1 if last == nid else 1)
        if pid <= 1 and not stream.context[row] and not this_node(stream.gfps[stream.extra[row]]):
            self._last = nid

    def list_for(self, stream: Stream, row: int) -> PcpList | None:
        """Return the per-cpu list that serves a request without a refill, None if none can.

        A zone whose list is empty would have been refilled, which is logged: so the first
        zone of the zonelist whose list holds pages.
        """
        allocator = self.allocator
        pindex = allocator.pindex[stream.order[row]][stream.migratetype[row]]
        highest = highest_zone(stream.gfps[stream.extra[row]])
        nid = self.wanted_node(stream, row) if self.several else self.nids[0]
        return self.first_list(nid, highest, stream.cpu[row], pindex)

    def first_list(self, nid: int, highest: int, cpu: int, pindex: int) -> PcpList | None:
        """Return the first list of a node's zones that holds pages."""
        zones = self._lists.get((nid, highest))
        for zone in self.zonelist(nid, highest) if zones is None else zones:
            pages = self.allocator.pcp_lists(zone, cpu).get(pindex)
            if pages is not None and pages.pages:
                return pages
        return None
