"""The statistics of a trace, in the vocabulary of perf kmem stat: what the events say.

Nothing is simulated here. Bytes are requested and allocated as the events show them; a thing
is live when the trace shows it made and not freed; a free is cross-CPU when it happens on
another CPU than the allocation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import add
from typing import NamedTuple

from tracekit.events import bulk
from tracekit.events.lifetimes import PERCPU, SLAB, Lifetimes
from tracekit.events.table import ABSENT, ADDRESS, Column, Table, Trace

# The ways of grouping, each with what perf calls it.
SLAB_GROUPS = ("caller", "cache", "size", "task", "cpu")
PERCPU_GROUPS = ("caller", "size", "task", "cpu")
EACH = "alloc"

# the columns whose values tell apart the groups of the things that one kind of event made
Keys = Callable[[Table], list[Column]]
# the sizes of those things
Size = Callable[[Table], Column]
# names a group by the kind of event and the values of its keys
Label = Callable[[str, tuple[int, ...]], str | int]
# kind of event, values of the keys, and the figures of what they have in common
Tally = list[tuple[str, tuple[int, ...], bulk.Figures]]


class Row(NamedTuple):
    """One group: how often it allocated, how many bytes (or pages), and what became of them."""

    key: str | int
    hit: int = 0
    requested: int = 0
    allocated: int = 0
    cross_cpu: int = 0
    live: int = 0
    live_allocated: int = 0

    @property
    def frag(self) -> int:
        """The bytes lost inside objects: allocated but not asked for."""
        return self.allocated - self.requested

    def plus(self, figures: Iterable[int]) -> Row:
        """Return the row with these figures, in the order of the fields, added."""
        mine: tuple[int, ...] = self[1:]
        return Row(self.key, *map(add, mine, figures))


class Section(NamedTuple):
    """The statistics of one allocator. Sizes are bytes.

    ``frees_alone`` free what was made before the trace; ``freed_unseen`` counts things whose
    address was handed out again though no event freed them.

    ``allocated`` is False where the kernel does not print how much it allocated; then
    allocated bytes are 0 and mean nothing.
    """

    name: str
    total: Row
    frees: int
    frees_of_null: int
    frees_alone: int
    freed_unseen: int
    failed: int
    groups: dict[str, list[Row]]
    knows_allocated: bool = True


class Measure:
    """What every grouping of one allocator sums, for each kind of event that makes things."""

    def __init__(self, lives: Lifetimes, requested: Size, allocated: Size) -> None:
        self.lives = lives
        self._columns = {
            table.kind.name: (
                requested(table),
                allocated(table),
                lives.moved(table),
                lives.fates(table),
            )
            for table in lives.makes
        }

    def tally(self, keys: Keys) -> Tally:
        """Return the figures for each distinct tuple of the keys."""
        return list(self._figures(keys))

    def _figures(self, keys: Keys) -> Iterator[tuple[str, tuple[int, ...], bulk.Figures]]:
        for table in self.lives.makes:
            name = table.kind.name
            for key, figures in bulk.tally(keys(table), *self._columns[name]).items():
                yield name, key, figures


def rows(tally: Tally, label: Label) -> list[Row]:
    """Return the figures by label, those with the same label put together."""
    found: dict[str | int, Row] = {}
    for kind, key, figures in tally:
        name = label(kind, key)
        row = found.get(name)
        found[name] = Row(name, *figures) if row is None else row.plus(figures)
    return list(found.values())


def slab(trace: Trace, by: Sequence[str] = SLAB_GROUPS) -> Section:
    """Return the statistics of kmalloc and the slab caches, grouped in these ways."""
    lives = Lifetimes(trace, SLAB)
    groups = Groups(Measure(lives, field_of("bytes_req"), field_of("bytes_alloc")))
    groups.keys["cache"] = groups.keys["size"] = lambda table: _cache_keys(lives, table)
    groups.labels["cache"] = _cache_label(trace)
    groups.labels["size"] = first_key
    return _section("slab", groups, by)


def percpu(trace: Trace, by: Sequence[str] = PERCPU_GROUPS) -> Section:
    """Return the statistics of the percpu allocator, grouped in these ways."""
    lives = Lifetimes(trace, PERCPU)
    groups = Groups(Measure(lives, field_of("size"), field_of("bytes_alloc")))
    groups.keys["size"] = one_field("size")
    groups.labels["size"] = first_key
    return _section("percpu", groups, by)._replace(
        failed=len(trace.table("percpu_alloc_percpu_fail")),
        knows_allocated="bytes_alloc" in trace.table("percpu_alloc_percpu"),
    )


def field_of(name: str) -> Size:
    """Return what gives the column of a field."""
    return lambda table: table.column(name)


def one_field(name: str) -> Keys:
    """Return keys that are a field alone."""
    return lambda table: [table.column(name)]


def first_key(_kind: str, key: tuple[int, ...]) -> int:
    """Name a group by its first key, a number."""
    return key[0]


class Groups:
    """The ways of grouping the things of one allocator: by which keys, called how.

    Groupings by the same keys share one pass over the events.
    """

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        lives, trace = measure.lives, measure.lives.trace

        def prefix(table: Table) -> list[Column]:
            return [lives.prefix(table)]

        self.keys: dict[str, Keys] = {
            "caller": one_field("call_site"),
            "task": prefix,
            "cpu": prefix,
            EACH: one_field(lives.family.key),
        }
        self.labels: dict[str, Label] = {
            "caller": lambda _, key: trace.text(key[0]) or "(not shown)",
            "task": _task_label(trace),
            "cpu": _cpu_label(trace),
            EACH: lambda _, key: "(hidden)" if key[0] == ABSENT else f"{key[0] & ADDRESS:#x}",
        }
        self._tallies: dict[Keys, Tally] = {}

    def rows(self, group: str) -> list[Row]:
        """Return the groups of one way of grouping."""
        keys = self.keys[group]
        if keys not in self._tallies:
            self._tallies[keys] = self.measure.tally(keys)
        return rows(self._tallies[keys], self.labels[group])

    def total(self) -> Row:
        """Return the figures of all things together."""
        total = Row("total")
        for row in self.rows("cpu"):
            total = total.plus(row[1:])
        return total


def _section(name: str, groups: Groups, by: Sequence[str]) -> Section:
    lives = groups.measure.lives
    return Section(
        name,
        groups.total(),
        frees=lives.freed,
        frees_of_null=lives.frees_of_null,
        frees_alone=lives.frees_alone,
        freed_unseen=lives.freed_unseen,
        failed=lives.failed,
        groups={group: groups.rows(group) for group in by},
    )


def _cache_keys(lives: Lifetimes, table: Table) -> list[Column]:
    """Return the size, and the name of the cache as the allocation and as the free show it."""
    made = table.column("name")
    shown = "name" in table and not len(bulk.places(made, ABSENT))
    freed = made if shown else lives.field_when_freed(table, "kmem_cache_free", "name")
    return [table.column("bytes_alloc"), made, freed]


def _cache_label(trace: Trace) -> Label:
    """Name the cache as the allocation or the free does; kmalloc's by their size."""

    def label(kind: str, key: tuple[int, ...]) -> str:
        size, *names = key
        for name in names:
            if name != ABSENT:
                return trace.text(name)
        if kind.startswith("kmalloc"):
            return f"kmalloc-{size}"
        return f"(cache not named, {size} bytes)"

    return label


def _task_label(trace: Trace) -> Label:
    comms, pids = trace.prefix("comm"), trace.prefix("pid")

    def label(_kind: str, key: tuple[int, ...]) -> str:
        row = key[0]
        return "(not shown)" if pids[row] == ABSENT else f"{trace.text(comms[row])}-{pids[row]}"

    return label


def _cpu_label(trace: Trace) -> Label:
    cpus = trace.prefix("cpu")
    return lambda _, key: "(not shown)" if cpus[key[0]] == ABSENT else cpus[key[0]]
