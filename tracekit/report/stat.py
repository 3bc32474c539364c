"""The statistics of a trace, in the vocabulary of perf kmem stat: what the events say.

Nothing is simulated here. Bytes are requested and allocated as the events show them; a thing
is live when the trace shows it made and not freed; a free is cross-CPU when it happens on
another CPU than the allocation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tracekit.events import bulk
from tracekit.events.lifetimes import PERCPU, SLAB, Lifetimes, subset
from tracekit.events.table import ABSENT, ADDRESS, Column, Trace

# The ways of grouping, each with what perf calls it.
SLAB_GROUPS = ("caller", "cache", "size", "task", "cpu")
PERCPU_GROUPS = ("caller", "size", "task", "cpu")
EACH = "alloc"

# names a group by the values of its keys
Label = Callable[[tuple[int, ...]], str | int]
# the values of the keys, and the figures of what they have in common
Tally = list[tuple[tuple[int, ...], "Row"]]


@dataclass(slots=True)
class Row:
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

    def add(self, other: Row) -> None:
        """Add the figures of a group that has the same name."""
        self.hit += other.hit
        self.requested += other.requested
        self.allocated += other.allocated
        self.cross_cpu += other.cross_cpu
        self.live += other.live
        self.live_allocated += other.live_allocated


@dataclass(slots=True)
class Section:
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
    knows_allocated: bool = True
    groups: dict[str, list[Row]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measure:
    """The columns that every grouping of one allocator sums, and the rows still living."""

    lives: Lifetimes
    requested: Column
    allocated: Column
    moved: Column
    living: Column

    def tally(self, keys: Sequence[Column]) -> Tally:
        """Return the figures for each distinct tuple of the keys."""
        sums = bulk.group(keys, [self.requested, self.allocated, self.moved])
        alive = bulk.group(subset(keys, self.living), subset([self.allocated], self.living))
        none = (0, 0)
        return [(key, Row("", *found, *alive.get(key, none))) for key, found in sums.items()]


def rows(tally: Tally, label: Label) -> list[Row]:
    """Return the figures by label, those with the same label put together."""
    found: dict[str | int, Row] = {}
    for key, figures in tally:
        name = label(key)
        row = found.get(name)
        if row is None:
            row = found[name] = Row(name)
        row.add(figures)
    return list(found.values())


def slab(trace: Trace, by: Sequence[str] = SLAB_GROUPS) -> Section:
    """Return the statistics of kmalloc and the slab caches, grouped in these ways."""
    lives = Lifetimes(trace, SLAB)
    groups = Groups(measure(lives, "bytes_req", "bytes_alloc"))
    groups.keys["cache"] = groups.keys["size"] = lambda: _cache_keys(lives)
    groups.labels["cache"] = _cache_label(trace)
    groups.labels["size"] = lambda key: key[0]
    return _section("slab", groups, by)


def percpu(trace: Trace, by: Sequence[str] = PERCPU_GROUPS) -> Section:
    """Return the statistics of the percpu allocator, grouped in these ways."""
    lives = Lifetimes(trace, PERCPU)
    groups = Groups(measure(lives, "size", "bytes_alloc"))
    groups.keys["size"] = lambda: [lives.field("size")]
    groups.labels["size"] = lambda key: key[0]
    section = _section("percpu", groups, by)
    section.failed = len(trace.table("percpu_alloc_percpu_fail"))
    section.knows_allocated = "bytes_alloc" in trace.table("percpu_alloc_percpu")
    return section


def measure(lives: Lifetimes, requested: str, allocated: str) -> Measure:
    """Return what is summed over things whose sizes are in these fields."""
    columns = lives.field(requested), lives.field(allocated)
    return Measure(lives, *columns, lives.moved(), lives.living())


class Groups:
    """The ways of grouping the things of one allocator: by which keys, called how.

    Groupings by the same keys share one pass over the events.
    """

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        lives, trace = measure.lives, measure.lives.trace
        self.keys: dict[str, Callable[[], list[Column]]] = {
            "caller": lambda: [lives.field("call_site")],
            "task": self._prefix,
            "cpu": self._prefix,
            EACH: lambda: [lives.key],
        }
        self.labels: dict[str, Label] = {
            "caller": lambda key: trace.text(key[0]) or "(not shown)",
            "task": _task_label(trace),
            "cpu": lambda key: "(not shown)" if key[0] == ABSENT else key[0],
            EACH: lambda key: "(hidden)" if key[0] == ABSENT else f"{key[0] & ADDRESS:#x}",
        }
        self._tallies: dict[Callable[[], list[Column]], Tally] = {}

    def rows(self, group: str) -> list[Row]:
        """Return the groups of one way of grouping."""
        keys = self.keys[group]
        if keys not in self._tallies:
            self._tallies[keys] = self.measure.tally(keys())
        return rows(self._tallies[keys], self.labels[group])

    def total(self) -> Row:
        """Return the figures of all things together."""
        total = Row("total")
        for row in self.rows("cpu"):
            total.add(row)
        return total

    def _prefix(self) -> list[Column]:
        """What a line begins with tells cpu and task: few distinct ones for many events."""
        trace, lives = self.measure.lives.trace, self.measure.lives
        prefix = lives.common("prefix")
        names = ("cpu", "comm", "pid")
        return [bulk.pick(trace.prefixes.get(name, prefix[:0]), prefix) for name in names]


def _section(name: str, groups: Groups, by: Sequence[str]) -> Section:
    lives = groups.measure.lives
    section = Section(
        name,
        groups.total(),
        frees=lives.frees,
        frees_of_null=lives.frees_of_null,
        frees_alone=lives.frees_alone,
        freed_unseen=lives.freed_unseen,
        failed=lives.failed,
    )
    section.groups = {group: groups.rows(group) for group in by}
    return section


def _cache_keys(lives: Lifetimes) -> list[Column]:
    made = lives.field("name")
    unnamed = len(bulk.places(made, ABSENT))
    freed = lives.field_when_freed("kmem_cache_free", "name") if unnamed else made
    return [lives.field("bytes_alloc"), lives.common("kind"), made, freed]


def _cache_label(trace: Trace) -> Label:
    """Name the cache as the allocation or the free does; kmalloc's by their size."""

    def label(key: tuple[int, ...]) -> str:
        size, kind, *names = key
        for name in names:
            if name != ABSENT:
                return trace.text(name)
        if trace.kinds[kind].name.startswith("kmalloc"):
            return f"kmalloc-{size}"
        return f"(cache not named, {size} bytes)"

    return label


def _task_label(trace: Trace) -> Label:
    def label(key: tuple[int, ...]) -> str:
        _, comm, pid = key
        return f"{trace.text(comm)}-{pid}" if pid != ABSENT else "(not shown)"

    return label
