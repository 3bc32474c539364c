"""What a trace says of the life of each allocation: made, and freed later or never."""

from __future__ import annotations

from typing import NamedTuple

from tracekit.events import bulk
from tracekit.events.table import Column, Table, Trace


class Family(NamedTuple):
    """Events that make and free things of one sort; ``key`` is the field that names a thing."""

    makes: tuple[str, ...]
    frees: tuple[str, ...]
    key: str


SLAB = Family(
    ("kmalloc", "kmalloc_node", "kmem_cache_alloc", "kmem_cache_alloc_node"),
    ("kfree", "kmem_cache_free"),
    "ptr",
)
PERCPU = Family(("percpu_alloc_percpu",), ("percpu_free_percpu",), "ptr")
# mm_page_free_batched comes beside mm_page_free and frees nothing itself.
PAGE = Family(("mm_page_alloc",), ("mm_page_free", "mm_page_free_direct"), "pfn")
# Up to 2.6.34 a page vector was freed without mm_page_free_direct (__pagevec_free).
PAGEVEC = Family(PAGE.makes, (*PAGE.frees, "mm_pagevec_free"), PAGE.key)


class Lifetimes:
    """The events of one family: those that make a thing, and how each ended.

    ``makes`` and ``frees`` are the tables that have events. The columns below have one row for
    each event of a table.
    """

    def __init__(self, trace: Trace, family: Family) -> None:
        self.trace = trace
        self.family = family
        self.makes = [trace.tables[name] for name in family.makes if name in trace.tables]
        self.frees = [trace.tables[name] for name in family.frees if name in trace.tables]
        self._fates = bulk.lives(trace, family.makes, family.frees, family.key)

    def fates(self, table: Table) -> Column:
        """Return the place, in the global order, of the event at the other end of each life.

        Of an event that makes something: ALONE where it lives at the trace's end, UNKNOWN where
        it cannot be told apart, UNSEEN where its address was handed out again though no free
        is shown. Of one that frees: ALONE where the thing was made before the trace or beside
        it, UNKNOWN where it is NULL or hidden.
        """
        return self._fates[table.kind.name]

    def prefix(self, table: Table) -> Column:
        """Return the row of trace.prefixes: cpu and task of the event."""
        return bulk.pick(self.trace["prefix"], table.index)

    def moved(self, table: Table) -> Column:
        """Return 1 for each thing that was freed on another cpu than it was made on, else 0."""
        cpus = self.trace.prefix("cpu")
        return bulk.moved(table.index, self.fates(table), self.trace["prefix"], cpus)

    def field_when_freed(self, table: Table, kind: str, name: str) -> Column:
        """Return a field of the events of one kind at what they freed, elsewhere ABSENT."""
        frees = self.trace.table(kind)
        rows = bulk.locate(frees.index, self.fates(table), len(self.trace))
        return bulk.pick(frees.column(name), rows)

    @property
    def failed(self) -> int:
        """The number of attempts that made nothing: the key is NULL."""
        return sum(len(bulk.places(table.column(self.family.key), 0)) for table in self.makes)

    @property
    def freed_unseen(self) -> int:
        """The number of things that were freed without an event: their address came again."""
        return self._count(self.makes, bulk.UNSEEN)

    @property
    def freed(self) -> int:
        """The number of events that free, those of NULL included."""
        return sum(map(len, self.frees))

    @property
    def frees_of_null(self) -> int:
        """The number of events that free NULL, or something that the kernel hid."""
        return self._count(self.frees, bulk.UNKNOWN)

    @property
    def frees_alone(self) -> int:
        """The number of frees of things that were made before or beside the trace."""
        return self._count(self.frees, bulk.ALONE)

    def _count(self, tables: list[Table], fate: int) -> int:
        return sum(len(bulk.places(self.fates(table), fate)) for table in tables)


def nothing(size: int) -> Column:
    """Return a column of zeros."""
    return memoryview(bytes(8 * size)).cast("q")
