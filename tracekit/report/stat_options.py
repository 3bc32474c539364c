"""What of a trace's statistics is shown: which allocators, groupings, order, how many rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tracekit.events.table import Trace
from tracekit.report.stat import EACH, PERCPU_GROUPS, SLAB_GROUPS, Row, Section, percpu, slab
from tracekit.report.stat_page import PAGE_GROUPS, PageSection, page

GROUPS = {"slab": SLAB_GROUPS, "page": PAGE_GROUPS, "percpu": PERCPU_GROUPS}
ALL_GROUPS = tuple(dict.fromkeys((*SLAB_GROUPS, *PAGE_GROUPS, EACH)))
# perf calls these columns so; the largest come first, names in alphabetical order
SORT_KEYS: dict[str, Callable[[Row], int | str]] = {
    "frag": lambda row: -row.frag,
    "hit": lambda row: -row.hit,
    "bytes": lambda row: -row.allocated,
    "pingpong": lambda row: -row.cross_cpu,
    "live": lambda row: -row.live_allocated,
    "key": lambda row: f"{row.key:>20}",
}
DEFAULT_SORT = ("bytes", "hit", "key")


class Wanted(NamedTuple):
    """What to show. No ``allocators`` or ``by`` means all that the trace has.

    ``live`` leaves out what was freed, ``lines`` is the number of rows of a grouping, None
    for all of them.
    """

    allocators: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    live: bool = False
    sort: tuple[str, ...] = DEFAULT_SORT
    lines: int | None = None

    def groups(self, allocator: str) -> Sequence[str]:
        """Return the groupings of one allocator that are wanted."""
        known = (*GROUPS[allocator], EACH)
        if not self.by:
            return GROUPS[allocator]
        return [group for group in self.by if group in known]

    def rows(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows to show, in order."""
        shown = [row for row in rows if row.live or not self.live]
        keys = ("live", *self.sort) if self.live else self.sort
        shown.sort(key=lambda row: [SORT_KEYS[key](row) for key in keys])
        return shown[: self.lines]


class Stat(NamedTuple):
    """The statistics of a trace; a section is None where the trace has no such events.

    ``page_size`` is in bytes, None where nothing that was given tells it.
    """

    trace: Trace
    wanted: Wanted
    page_size: int | None
    slab: Section | None
    page: PageSection | None
    percpu: Section | None


def compute(trace: Trace, wanted: Wanted, page_size: int | None = None) -> Stat:
    """Return the statistics of the allocators that are wanted and have events."""
    chosen = wanted.allocators or tuple(GROUPS)
    return Stat(
        trace,
        wanted,
        page_size,
        slab(trace, wanted.groups("slab")) if "slab" in chosen else None,
        page(trace, wanted.groups("page")) if "page" in chosen else None,
        percpu(trace, wanted.groups("percpu")) if "percpu" in chosen else None,
    )
