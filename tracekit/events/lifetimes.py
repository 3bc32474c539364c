"""What a trace says of the life of each allocation: made, and freed later or never."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracekit.events import bulk
from tracekit.events.table import Column, Trace


@dataclass(frozen=True, slots=True)
class Family:
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

    Columns have one row for each event that makes something, in global order. ``made`` is its
    index, ``freed`` the index of the event that freed the thing: ALONE where it lives at the
    trace's end, UNKNOWN where it cannot be told apart, UNSEEN where its address was handed out
    again though no free is shown.
    """

    def __init__(self, trace: Trace, family: Family) -> None:
        self.trace = trace
        self.family = family
        found = bulk.lives(trace, family.makes, family.frees, family.key)
        self.made, self.freed, self._fates = found
        self.key = self.field(family.key)

    def __len__(self) -> int:
        return len(self.made)

    def field(self, name: str) -> Column:
        """Return a field of the events that make something."""
        return bulk.merge(self.trace, self.family.makes, name)

    def common(self, name: str) -> Column:
        """Return a column of COMMON at the events that make something."""
        return bulk.pick(self.trace[name], self.made)

    def field_when_freed(self, kind: str, name: str) -> Column:
        """Return a field of the events of one kind at what they freed, elsewhere ABSENT."""
        table = self.trace.table(kind)
        if name not in table:
            return bulk.pick(self.made[:0], self.made)
        rows = bulk.scatter(table.index, len(self.trace))
        return bulk.pick(table[name], bulk.pick(rows, self.freed))

    def moved(self) -> Column:
        """Return 1 for each thing that was freed on another cpu than it was made on, else 0."""
        cpu = self.trace["cpu"]
        return bulk.unequal(bulk.pick(cpu, self.made), bulk.pick(cpu, self.freed))

    def living(self) -> Column:
        """Return the rows of the things that live at the end of the trace."""
        return bulk.places(self.freed, bulk.ALONE)

    def ends_alone(self) -> Column:
        """Return the places, among all frees, of those of things made before the trace."""
        return bulk.places(self._fates, bulk.ALONE)

    @property
    def failed(self) -> int:
        """The number of attempts that made nothing: the key is NULL."""
        return len(bulk.places(self.key, 0))

    @property
    def freed_unseen(self) -> int:
        """The number of things that were freed without an event: their address came again."""
        return len(bulk.places(self.freed, bulk.UNSEEN))

    @property
    def frees(self) -> int:
        """The number of events that free, those of NULL included."""
        return len(self._fates)

    @property
    def frees_of_null(self) -> int:
        """The number of events that free NULL, or something that the kernel hid."""
        return len(bulk.places(self._fates, bulk.UNKNOWN))

    @property
    def frees_alone(self) -> int:
        """The number of frees of things that were made before or beside the trace."""
        return len(self.ends_alone())


def subset(columns: Sequence[Column], rows: Column) -> list[Column]:
    """Return the same columns at these rows."""
    return [bulk.pick(column, rows) for column in columns]
