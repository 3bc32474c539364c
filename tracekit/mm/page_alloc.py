"""The page allocator: zones with their free lists, and the per-cpu lists before them.

Mirrors mm/page_alloc.c. The parts stand in page_alloc_rules (what differs between kernels),
page_alloc_zone (one zone's free lists) and page_alloc_fallback (taking from other types).
It knows nothing of logs::

    rules = Rules()
    zone = Zone("Normal", 0, 0, 4096, rules)
    zone.insert(1024, 10, rules.movable, tail=True)
    allocator = PageAllocator([zone], rules)
    pages = allocator.pcp(zone, cpu=0, pindex=rules.pindex(0, rules.movable))
    allocator.refill(pages, 7)
    pfn = allocator.pop(pages)
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import islice

from tracekit.mm.page_alloc_rules import Drain, Rules
from tracekit.mm.page_alloc_zone import Zone


class PcpList:
    """One per-cpu list: ``pages`` of one order and migrate type of a zone, head first."""

    __slots__ = ("cpu", "migratetype", "order", "pages", "pindex", "zone")

    def __init__(self, zone: Zone, cpu: int, pindex: int, order: int, migratetype: int) -> None:
        self.zone = zone
        self.cpu = cpu
        self.pindex = pindex
        self.order = order
        self.migratetype = migratetype
        self.pages: OrderedDict[int, None] = OrderedDict()

    @property
    def head(self) -> int | None:
        """The page that the next allocation takes."""
        return next(iter(self.pages), None)

    @property
    def tail(self) -> int | None:
        """The page that the next drain takes."""
        return next(reversed(self.pages), None)

    def before(self, pfn: int) -> list[int]:
        """Return the pages that stand before ``pfn``, head first; all where it is absent."""
        found = []
        for page in self.pages:
            if page == pfn:
                break
            found.append(page)
        return found


class PageAllocator:
    """All zones of a machine, and which page stands in which per-cpu list.

    ``where`` maps the first pfn of each block in a per-cpu list to that list. ``in_pcp`` by
    order and ``pindex`` by order and migrate type hold what the rules' functions say.
    """

    def __init__(self, zones: Sequence[Zone], rules: Rules) -> None:
        self.follow(rules)
        self.zones = sorted(zones, key=lambda zone: (zone.start, zone.end))
        self._latest_first = self.zones[::-1]
        self.where: dict[int, PcpList] = {}
        self._pcp: dict[Zone, dict[int, dict[int, PcpList]]] = {zone: {} for zone in zones}

    def follow(self, rules: Rules) -> None:
        """Go by these rules from now on."""
        self.rules = rules
        orders, types = range(rules.max_order + 1), range(len(rules.types))
        self.in_pcp = [rules.in_pcp(order) for order in orders]
        self.pindex = [[rules.pindex(order, kind) for kind in types] for order in orders]

    def zone_of(self, pfn: int) -> Zone | None:
        """Return the zone that spans the page, None where none does.

        Where nodes interleave, the zone that began last.
        """
        for zone in self._latest_first:
            if zone.start <= pfn < zone.end:
                return zone
        return None

    def pcp_lists(self, zone: Zone, cpu: int) -> dict[int, PcpList]:
        """Return the per-cpu lists of a zone on a cpu, by pindex; those never used are absent."""
        cpus = self._pcp[zone]
        lists = cpus.get(cpu)
        if lists is None:
            lists = cpus[cpu] = {}
        return lists

    def pcp(self, zone: Zone, cpu: int, pindex: int) -> PcpList:
        """Return one per-cpu list, begun empty where it was never used."""
        lists = self.pcp_lists(zone, cpu)
        found = lists.get(pindex)
        if found is None:
            rules = self.rules
            order = rules.pindex_order(pindex)
            huge = order > rules.pcp_max_order
            migratetype = (rules.movable if pindex & 1 else 0) if huge else pindex % 3
            found = lists[pindex] = PcpList(zone, cpu, pindex, order, migratetype)
        return found

    def all_lists(self) -> Iterable[PcpList]:
        """Return every per-cpu list that was ever used."""
        cpus = (lists for by_cpu in self._pcp.values() for lists in by_cpu.values())
        return [pages for lists in cpus for pages in lists.values()]

    def push(self, pages: PcpList, pfn: int, tail: bool) -> None:
        """Put a page on a per-cpu list: freed pages at the head, refilled ones at the tail.

        A page that stands in another list leaves that one.
        """
        if pfn in self.where:
            self.drop(pfn)
        pages.pages[pfn] = None
        if not tail:
            pages.pages.move_to_end(pfn, last=False)
        self.where[pfn] = pages

    def pop(self, pages: PcpList) -> int:
        """Take the page at the head of a per-cpu list (KeyError where it is empty)."""
        pfn, _ = pages.pages.popitem(last=False)
        del self.where[pfn]
        return pfn

    def drop(self, pfn: int) -> PcpList:
        """Take a page off the per-cpu list that it stands in; return the list.

        Raises KeyError where it stands in none.
        """
        pages = self.where.pop(pfn)
        del pages.pages[pfn]
        return pages

    def replace(self, pfn: int, other: int) -> None:
        """Put another page into the place of one in its per-cpu list.

        Raises KeyError where ``pfn`` stands in none. No kernel function does this: it brings
        the simulation to what a log shows.
        """
        pages = self.where.pop(pfn)
        order = [other if page == pfn else page for page in pages.pages]
        pages.pages = OrderedDict.fromkeys(order)
        self.where[other] = pages

    def refill(self, pages: PcpList, count: int) -> list[int]:
        """Move up to ``count`` blocks from the zone to the list's tail; return their pfns.

        Mirrors rmqueue_bulk() as far as the list's own type reaches.
        """
        found: list[int] = []
        while len(found) < count:
            pfn = pages.zone.rmqueue_smallest(pages.order, pages.migratetype)
            if pfn is None:
                break
            self.push(pages, pfn, tail=True)
            found.append(pfn)
        return found

    def drain_order(self, zone: Zone, cpu: int, first: int | None, count: int) -> list[int]:
        """Return the pfns that free_pcppages_bulk() would free next, in order.

        ``first`` is the pindex of the page whose freeing set it off, None where nothing was
        freed; ``count`` is in pages.
        """
        lists = {i: p for i, p in self.pcp_lists(zone, cpu).items() if p.pages}
        if self.rules.drain is Drain.FREED_FIRST:
            return self._drain_freed_first(lists, first or 0, count)
        return self._drain_rotating(lists, count)

    def _drain_freed_first(self, lists: dict[int, PcpList], first: int, count: int) -> list[int]:
        found: list[int] = []
        indexes = sorted(lists)
        for index in [i for i in indexes if i >= first] + [i for i in indexes if i < first]:
            pages, size = lists[index].pages, 1 << lists[index].order
            wanted = -(-count // size)
            if wanted <= 0:
                break
            found += reversed(pages) if wanted >= len(pages) else islice(reversed(pages), wanted)
            count -= size * len(pages)
        return found

    def _drain_rotating(self, lists: dict[int, PcpList], count: int) -> list[int]:
        size = 3 * (self.rules.pcp_max_order + 1)
        left = {index: list(pages.pages) for index, pages in lists.items()}
        found: list[int] = []
        index = batch = 0
        while count > 0 and any(left.values()):
            while True:
                batch += 1
                index = (index + 1) % size
                if left.get(index):
                    break
            if batch == size:
                batch = count
            while count > 0 and batch > 0 and left[index]:
                found.append(left[index].pop())
                count -= 1 << self.rules.pindex_order(index)
                batch -= 1
        return found
