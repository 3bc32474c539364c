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

Label = Callable[[tuple[int, ...]], str | int]


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

    ``allocated`` is False where the kernel does not print how much it allocated; then
    allocated bytes are 0 and mean nothing.
    """

    name: str
    total: Row
    frees: int
    frees_of_null: int
    frees_alone: int
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

    def rows(self, keys: Sequence[Column], label: Label) -> list[Row]:
        """Return the groups that these columns of keys make, named by ``label``."""
        sums = bulk.group(keys, [self.requested, self.allocated, self.moved])
        alive = bulk.group(subset(keys, self.living), subset([self.allocated], self.living))
        rows: dict[str | int, Row] = {}
        for key, (hit, requested, allocated, moved) in sums.items():
            live, live_allocated = alive.get(key, (0, 0))
            row = Row(label(key), hit, requested, allocated, moved, live, live_allocated)
            known = rows.setdefault(row.key, row)
            if known is not row:
                known.add(row)
        return list(rows.values())

    def total(self) -> Row:
        """Return the sum over all things made."""
        total = Row("total")
        for row in self.rows([self.lives.common("cpu")], _number):
            total.add(row)
        return total


def slab(trace: Trace, by: Sequence[str] = SLAB_GROUPS) -> Section:
    """Return the statistics of kmalloc and the slab caches, grouped in these ways."""
    lives = Lifetimes(trace, SLAB)
    measure = _measure(lives, "bytes_req", "bytes_alloc")
    section = _section("slab", measure)
    for group in by:
        section.groups[group] = measure.rows(*_slab_keys(trace, lives, group))
    return section


def percpu(trace: Trace, by: Sequence[str] = PERCPU_GROUPS) -> Section:
    """Return the statistics of the percpu allocator, grouped in these ways."""
    lives = Lifetimes(trace, PERCPU)
    section = _section("percpu", measure := _measure(lives, "size", "bytes_alloc"))
    section.failed = len(trace.table("percpu_alloc_percpu_fail"))
    section.knows_allocated = "bytes_alloc" in trace.table("percpu_alloc_percpu")
    for group in by:
        if group == "size":
            section.groups[group] = measure.rows([lives.field("size")], _number)
        else:
            section.groups[group] = measure.rows(*common_keys(trace, lives, group))
    return section


def _measure(lives: Lifetimes, requested: str, allocated: str) -> Measure:
    columns = lives.field(requested), lives.field(allocated)
    return Measure(lives, *columns, lives.moved(), lives.living())


def _section(name: str, measure: Measure) -> Section:
    lives = measure.lives
    return Section(
        name,
        measure.total(),
        lives.frees,
        lives.frees_of_null,
        lives.frees_alone,
        lives.failed,
    )


def _number(key: tuple[int, ...]) -> int:
    return key[0]


def _slab_keys(trace: Trace, lives: Lifetimes, group: str) -> tuple[list[Column], Label]:
    if group == "size":
        return [lives.field("bytes_alloc")], _number
    if group == "cache":
        kind = lives.common("kind")
        names = lives.field("name"), lives.field_when_freed("name")
        return [*names, kind, lives.field("bytes_alloc")], _cache_label(trace)
    return common_keys(trace, lives, group)


def _cache_label(trace: Trace) -> Label:
    """Name the cache as the allocation or the free does; kmalloc's by their size."""

    def label(key: tuple[int, ...]) -> str:
        made, freed, kind, size = key
        for name in (made, freed):
            if name != ABSENT:
                return trace.text(name)
        if trace.kinds[kind].name.startswith("kmalloc"):
            return f"kmalloc-{size}"
        return f"(cache not named, {size} bytes)"

    return label


def common_keys(trace: Trace, lives: Lifetimes, group: str) -> tuple[list[Column], Label]:
    """Return the columns that a grouping goes by, and how its groups are called."""
    if group == "caller":
        return [lives.field("call_site")], lambda key: trace.text(key[0]) or "(not shown)"
    if group == "task":
        return [lives.common("comm"), lives.common("pid")], _task_label(trace)
    if group == "cpu":
        return [lives.common("cpu")], lambda key: -1 if key[0] == ABSENT else key[0]
    assert group == EACH
    return [lives.key], lambda key: "(hidden)" if key[0] == ABSENT else f"{key[0] & ADDRESS:#x}"


def _task_label(trace: Trace) -> Label:
    def label(key: tuple[int, ...]) -> str:
        comm, pid = key
        return f"{trace.text(comm)}-{pid}" if pid != ABSENT else "(not shown)"

    return label
