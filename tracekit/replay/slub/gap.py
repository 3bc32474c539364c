"""Where a lost allocation line most likely stood: where the lines around it are no neighbours.

That a line is lost shows only at the next line of its cache.  But a kernel path prints its lines in
one order: where two lines follow each other that elsewhere have an allocation of this very cache
between them, that is the place.
"""

from __future__ import annotations

from collections import Counter

from tracekit.events.lifetimes import SLAB
from tracekit.replay.slub.stream import ALLOC, BLIND, PAGE_ALLOC, SlabStream

__all__ = ["Gaps"]

Pair = tuple[int, int]
# So many times as often must an allocation stand between two lines as not.
CLEAR = 1


class Gaps:
    """The order of a trace's lines, task by task, as pairs and triples of call sites."""

    def __init__(self, stream: SlabStream) -> None:
        self.stream = stream
        self.pairs: Counter[Pair] = Counter()
        self.triples: Counter[tuple[int, int, int]] = Counter()
        self.sites_of: dict[int, set[int]] = {}
        self.pair_at: dict[int, Pair] = {}
        self._read()

    def _read(self) -> None:
        stream, sites = self.stream, self._sites()
        pids = stream.trace["pid"]
        last: dict[int, Pair] = {}
        for row, (index, op, what) in enumerate(
            zip(stream.index, stream.op, stream.what, strict=True)
        ):
            if op == BLIND:
                last.clear()
                self.pair_at[row] = -1, -1
                continue
            # Events of pages have no call site: their order tells them apart.
            site = -op * 64 - what if op >= PAGE_ALLOC else sites.get(index, -1)
            if op == ALLOC:
                self.sites_of.setdefault(what, set()).add(site)
            before, previous = last.get(pids[index], (-1, -1))
            self.triples[before, previous, site] += 1
            self.pairs[previous, site] += 1
            self.pair_at[row] = previous, site
            last[pids[index]] = previous, site

    def _sites(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for name in (*SLAB.makes, *SLAB.frees):
            table = self.stream.trace.table(name)
            if "call_site" in table:
                found.update(zip(table.index, table["call_site"], strict=True))
        return found

    def place(self, since: int, row: int, keys: list[int]) -> int:
        """Return the row after `since` and up to `row` before which a line was lost.

        The line allocated from a cache with these `keys`.  Without a clear answer it is `row`.
        """
        sites = set().union(*(self.sites_of.get(key, set()) for key in keys))
        best, found = 0.0, row
        for each in range(row, since, -1):
            before, after = self.pair_at[each]
            between = max((self.triples[before, site, after] for site in sites), default=0)
            apart = between / (between + self.pairs[before, after])
            if apart > best and between >= CLEAR * self.pairs[before, after]:
                best, found = apart, each
        return found
