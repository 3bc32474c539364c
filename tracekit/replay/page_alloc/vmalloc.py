"""vmalloc() and vfree(): pages taken without an event, and pages given back in larger blocks.

vmalloc() allocates an array of page pointers first, and that kmalloc is logged: it says how
many pages follow. Until v7.1 alloc_pages_bulk() then takes them from the per-cpu list without
a word (mm/vmalloc.c:vm_area_alloc_pages, at most 100 at a time, and a single one the ordinary
way). From v7.2 on vfree() gives neighbouring pages back as aligned blocks (free_pages_bulk()).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tracekit.mm.page_alloc import PageAllocator, PcpList
from tracekit.mm.page_alloc_rules import UNMOVABLE
from tracekit.replay.page_alloc.policy import Policy, highest_zone
from tracekit.replay.page_alloc.stream import Stream

BULK_MAX = 100


@dataclass(frozen=True, slots=True)
class Announced:
    """Pages that a vmalloc() is about to take: how many, for whom, on which node (-1: any)."""

    pid: int
    pages: int
    nid: int


class Freeing:
    """Neighbouring pages that a vfree() has given back so far: [start, end)."""

    def __init__(self, cpu: int, start: int, end: int) -> None:
        self.cpu = cpu
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Take:
    """Pages that an announced vmalloc() took from a list, in list order."""

    home: PcpList
    pages: list[int]


class Vmalloc:
    """What is known of vmalloc areas in the making and in the unmaking."""

    def __init__(self, allocator: PageAllocator, policy: Policy) -> None:
        self.allocator = allocator
        self.policy = policy
        self.pending: dict[int, Announced] = {}
        self.freeing: Freeing | None = None
        self.taken: dict[int, Take] = {}
        self._wanted: dict[int, int] = {}
        self._pages: set[int] = set()

    def announce(self, stream: Stream, row: int) -> None:
        """Note the array of a vmalloc() of ``pfn[row]`` pages."""
        pages, rules = stream.pfn[row], self.allocator.rules
        if rules.vfree_merges:
            self._wanted[stream.pid[row]] = pages
        if rules.bulk_unlogged and pages > 1:
            announced = Announced(stream.pid[row], pages, stream.extra[row])
            self.pending[stream.cpu[row]] = announced

    # -- taking ---------------------------------------------------------------------------

    def take(self, announced: Announced, cpu: int) -> list[int]:
        """Take what alloc_pages_bulk() takes; return the pfns."""
        found: list[int] = []
        for nid, count in self._shares(announced, cpu):
            pages = self._list(nid, cpu)
            if pages is not None:
                take = Take(pages, [])
                while count > 0 and pages.pages:
                    take.pages.append(self.allocator.pop(pages))
                    count -= 1
                self.taken.update((pfn, take) for pfn in take.pages)
                found += take.pages
        return found

    def untake(self, pfn: int, there: Callable[[int], bool]) -> list[int]:
        """Put back what the vmalloc() that took ``pfn`` did not take after all.

        The task had moved to another cpu, or asked for another node. ``there`` says of a page
        whether it still stands in the list. Return the pfns put back to the list's head.
        """
        take = self.taken[pfn]
        back = [page for page in take.pages if page in self.taken and there(page)]
        for page in reversed(back):
            del self.taken[page]
            self.allocator.push(take.home, page, tail=False)
        return back

    def _shares(self, announced: Announced, cpu: int) -> list[tuple[int, int]]:
        shares: list[tuple[int, int]] = []
        left = announced.pages
        while left > 0:
            chunk = min(left, BULK_MAX)
            left -= chunk
            if announced.nid < 0 and self.policy.interleaved(announced.pid):
                shares += self._interleaved(chunk)
            else:
                nid = announced.nid if announced.nid >= 0 else self.policy.node_of(cpu)
                shares.append((nid, chunk))
        return [(nid, count) for nid, count in shares if count > 1]

    def _interleaved(self, chunk: int) -> list[tuple[int, int]]:
        # alloc_pages_bulk_interleave(): one more page for the first nodes where it is uneven
        nids = self.policy.nids
        each, more = divmod(chunk, len(nids))
        first = nids.index(self.policy.next_node())
        turns = [nids[(first + turn) % len(nids)] for turn in range(len(nids))]
        return [(nid, each + (turn < more)) for turn, nid in enumerate(turns)]

    def _list(self, nid: int, cpu: int) -> PcpList | None:
        rules = self.allocator.rules
        pindex = rules.pindex(0, UNMOVABLE)
        return self.policy.first_list(nid, highest_zone("__GFP_HIGHMEM"), cpu, pindex)

    # -- giving back ----------------------------------------------------------------------

    def allocated(self, stream: Stream, row: int) -> None:
        """Note an allocation that belongs to an announced vmalloc area."""
        wanted = self._wanted.get(stream.pid[row])
        if not wanted:
            return
        pages = 1 << stream.order[row]
        if pages <= wanted and highest_zone(stream.gfps[stream.extra[row]]) >= 3:
            self._wanted[stream.pid[row]] = wanted - pages
            pfn = stream.pfn[row]
            self._pages.update(range(pfn, pfn + pages))

    def begins(self, stream: Stream, row: int) -> bool:
        """Begin a run of pages of a vmalloc area; return whether the page is one."""
        pfn = stream.pfn[row]
        if pfn not in self._pages:
            return False
        self._pages.discard(pfn)
        self.freeing = Freeing(stream.cpu[row], pfn, pfn + 1)
        return True

    def gathers(self, stream: Stream, row: int) -> bool:
        """Return whether the freed page continues the run, which it then joins."""
        freeing, pfn = self.freeing, stream.pfn[row]
        if freeing is None or freeing.cpu != stream.cpu[row] or freeing.end != pfn:
            return False
        if pfn not in self._pages:
            return False
        self._pages.discard(pfn)
        freeing.end += 1
        return True

    def flush(self) -> PcpList | None:
        """Free the run in aligned blocks (free_prepared_contig_range()).

        Return the per-cpu list that the last block went to, None where it went to the zone.
        """
        last: PcpList | None = None
        freeing, self.freeing = self.freeing, None
        allocator, rules = self.allocator, self.allocator.rules
        while freeing is not None and freeing.start < freeing.end:
            pfn = freeing.start
            order = (pfn & -pfn).bit_length() - 1 if pfn else rules.max_order
            order = min(order, (freeing.end - pfn).bit_length() - 1, rules.max_order)
            freeing.start += 1 << order
            zone = allocator.zone_of(pfn)
            if zone is None:
                continue
            migratetype = zone.pageblock_type(pfn)
            if rules.in_pcp(order):
                pages = allocator.pcp(zone, freeing.cpu, rules.pindex(order, migratetype))
                allocator.push(pages, pfn, tail=False)
                last = pages
            else:
                zone.free_one(pfn, order, migratetype)
                last = None
        return last
