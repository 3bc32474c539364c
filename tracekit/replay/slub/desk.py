"""Where the parts of the slab twin enter their results: counts and divergences."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tracekit.divergence import Severity
from tracekit.events.base import Source
from tracekit.mm.slub import Cache, Slab
from tracekit.replay.ledger import Ledger
from tracekit.replay.slub.identity import CacheFacts
from tracekit.replay.slub.layout import LinearMap
from tracekit.replay.slub.stream import SlabStream

__all__ = ["BULK", "Desk", "SimulatedCache", "SlubRules"]

BULK = "objects of the cache come and go in bulk, which prints nothing"


@dataclass(frozen=True, slots=True)
class SlubRules:
    """What differs between kernels.

    `sheaves`: CPUs keep arrays of objects, and no slabs; their capacity depends on `page_size` and
    the size of a pointer, `word` (bytes).  `shuffled`: new slabs start at random.
    `cpu_partial`: CPUs keep partial slabs, counted `by_slabs` or by objects.  `debug`: slab
    debugging is on for all caches, and each allocation `reverses` the slab's free list.
    """

    sheaves: bool = False
    page_size: int = 4096
    word: int = 8
    shuffled: bool = True
    cpu_partial: bool = True
    by_slabs: bool = True
    debug: bool = False
    reverses: bool = False


class SimulatedCache:
    """A cache of the trace: its facts, its simulated slabs, and what happened to it.

    `silent`: its objects also come and go in bulk, which prints nothing.  `blind`: events were off
    since its slabs were last known.  `bulk` counts what only silent actions explain, from row
    `bulk_row` on.  `old_slabs` counts slabs from before the trace, `asked` the bytes asked for.
    `last_row` is the row of the last allocation by CPU, `peak_slabs` the most slabs held at once;
    `travelled` counts objects freed on another CPU than they came from, the last one in row
    `travelled_row`.  `order`, `size`, `objects` and `offset`
    are those of its facts.
    """

    __slots__ = (
        "_names", "allocs", "asked", "blind", "bulk", "bulk_row", "cache", "facts",
        "first_on_new", "frees", "last_row", "name", "objects", "offset", "old_slabs", "order",
        "peak_slabs", "silent", "size", "travelled", "travelled_row",
    )  # fmt: skip

    def __init__(self, facts: CacheFacts, cache: Cache, name: str, silent: bool) -> None:
        self.facts = facts
        self.cache = cache
        self.name = name
        self.silent = silent
        self.order = facts.geometry.order
        self.size = facts.geometry.size
        self.objects = facts.geometry.objects
        self.offset = facts.offset
        self.blind = False
        self.bulk = 0
        self.bulk_row = -1
        self.allocs = 0
        self.frees = 0
        self.asked = 0
        self.old_slabs = 0
        self.first_on_new = False
        self.peak_slabs = 0
        self.travelled = 0
        self.travelled_row = -1
        self.last_row: dict[int, int] = {}
        most = max(facts.names.values(), default=0)
        common = {name for name, count in facts.names.items() if count * 3 >= most}
        self._names = common if most >= 3 else set()

    @property
    def plain_kmalloc(self) -> bool:
        """Whether kmalloc() serves ordinary requests from it, as it does from kmem_cache_init()."""
        return self.name.startswith("kmalloc-") and self.name[8:9].isdigit()

    def belongs_to_other(self, name: int) -> bool:
        """Say whether frees show so often another name that this one is not the cache's."""
        return bool(self._names) and name not in self._names

    def note_bulk(self, row: int) -> None:
        """Count something that only an action without a line explains."""
        if not self.bulk:
            self.bulk_row = row
        self.bulk += 1


class Desk:
    """Counts are kept here and entered in the ledger at the end: there are many.

    What is counted most often, matched `objects`, `addresses` and `frees`, has its own number.
    """

    __slots__ = (
        "addresses", "frees", "inferred", "ledger", "linear", "objects", "stream",
        "unchecked",
    )  # fmt: skip

    def __init__(self, ledger: Ledger, stream: SlabStream, linear: LinearMap) -> None:
        self.ledger = ledger
        self.stream = stream
        self.linear = linear
        self.objects = 0
        self.addresses = 0
        self.frees = 0
        self.inferred: Counter[str] = Counter()
        self.unchecked: Counter[tuple[str, str]] = Counter()

    def flush(self) -> None:
        """Enter the counts in the ledger."""
        matched = {"object": self.objects, "address": self.addresses, "free": self.frees}
        for kind, count in matched.items():
            if count:
                self.ledger.matched(kind, count)
        for kind, count in self.inferred.items():
            self.ledger.inferred(kind, count)
        for (kind, reason), count in self.unchecked.items():
            self.ledger.unchecked(kind, reason, count)

    def source(self, row: int) -> Source:
        """Return where the event of a row stands."""
        return self.stream.source(row)

    def pointer(self, simulated: SimulatedCache, slab: Slab, slot: int) -> int:
        """Return the address of a slot's object."""
        start = self.linear.base + (slab.name << self.linear.page_shift)
        return start + simulated.facts.offset + slot * simulated.facts.geometry.size

    def diverge(
        self,
        row: int,
        kind: str,
        code: str,
        subject: str,
        simulated: str,
        *,
        logged: str = "",
        alternatives: tuple[str, ...] = (),
        related: int | None = None,
        severity: Severity | None = None,
    ) -> None:
        """Report the event of a row; `related` is the row of the other side."""
        self.ledger.diverged(
            kind,
            code,
            self.source(row),
            subject,
            logged=logged or f"ptr=0x{self.stream.pointer(row):x}",
            simulated=simulated,
            alternatives=alternatives,
            related=() if related is None else (self.source(related),),
            severity=severity,
        )
