"""The statistics of the page allocator, in the vocabulary of perf kmem stat --page."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from tracekit.events import bulk
from tracekit.events.lifetimes import PAGE, PAGEVEC, Family, Lifetimes, nothing
from tracekit.events.table import ABSENT, Column, Table, Trace
from tracekit.report.stat import EACH, Groups, Label, Measure, Row, first_key, one_field

PAGE_GROUPS = ("order", "migratetype", "gfp", "task", "cpu")
FIELDS = {"order": "order", "migratetype": "migratetype", "gfp": "gfp_flags"}
# An order is a small number; whatever a damaged line says, a block has no more pages than this.
MAX_ORDERS = 40


class PageSection(NamedTuple):
    """The statistics of the page allocator. Sizes are pages.

    ``total`` sums the requests that were met. ``by_order`` counts them by order and migrate
    type, both as the kernel numbers them.
    """

    total: Row
    free_requests: int
    freed: int
    frees_alone: int
    freed_unseen: int
    alone: int
    failed: int
    failed_pages: int
    by_order: dict[tuple[int, int], int]
    groups: dict[str, list[Row]]


def page(trace: Trace, by: Sequence[str] = PAGE_GROUPS) -> PageSection:
    """Return the statistics of the page allocator, grouped in these ways."""
    lives = Lifetimes(trace, family(trace))
    groups = Groups(Measure(lives, _pages, _pages))
    for name, field_name in FIELDS.items():
        groups.keys[name] = one_field(field_name)
        groups.labels[name] = _gfp_label(trace) if name == "gfp" else first_key
    groups.labels[EACH] = first_key
    failed, failed_pages = _failures(lives)
    return PageSection(
        total=groups.total().plus((-failed, -failed_pages, -failed_pages, 0, 0, 0)),
        free_requests=lives.freed,
        freed=sum(bulk.total(_pages(table)) for table in lives.frees),
        frees_alone=lives.frees_alone,
        freed_unseen=lives.freed_unseen,
        alone=sum(_pages_alone(lives, table) for table in lives.frees),
        failed=failed,
        failed_pages=failed_pages,
        by_order=_by_order(lives),
        groups={group: groups.rows(group) for group in by},
    )


def _pages_alone(lives: Lifetimes, table: Table) -> int:
    """Return the pages that were freed but not allocated within the trace."""
    rows = bulk.places(lives.fates(table), bulk.ALONE)
    return bulk.total(bulk.pick(_pages(table), rows))


def _by_order(lives: Lifetimes) -> dict[tuple[int, int], int]:
    """Return the number of requests by order and migrate type."""
    found: dict[tuple[int, int], int] = {}
    for table in lives.makes:
        none = nothing(len(table))
        keys = [table.column("order"), table.column("migratetype")]
        for (order, kind), (hit, *_) in bulk.tally(keys, none, none, none, none).items():
            found[order, kind] = found.get((order, kind), 0) + hit
    return found


def _failures(lives: Lifetimes) -> tuple[int, int]:
    """Return how many requests were not met, and the pages that they asked for."""
    requests = pages = 0
    for table in lives.makes:
        failed = _failed(table)
        requests += len(failed)
        pages += bulk.total(bulk.pick(_pages(table), failed))
    return requests, pages


def family(trace: Trace) -> Family:
    """Return which events free pages here.

    mm_pagevec_free frees by itself where the kernel does not go on to mm_page_free_direct for
    the same page: up to 2.6.34 (mm/page_alloc.c, __pagevec_free and free_hot_cold_page).
    """
    vec, direct = trace.table("mm_pagevec_free"), trace.table("mm_page_free_direct")
    if not len(vec):
        return PAGE
    shown = set(zip(direct.index, direct.columns.get("pfn", ()), strict=False))
    both = sum((i + 1, pfn) in shown for i, pfn in zip(vec.index, vec["pfn"], strict=True))
    return PAGE if 2 * both > len(vec) else PAGEVEC


def _gfp_label(trace: Trace) -> Label:
    return lambda _, key: trace.text(key[0])


def _failed(table: Table) -> Column:
    """Return the requests that were not met: the page is NULL; raw records show pfn -1."""
    page = table.column("page")
    if "page" in table and len(bulk.places(page, ABSENT)) < len(page):
        return bulk.places(page, 0)
    return bulk.places(table.column("pfn"), -1)


def _pages(table: Table) -> Column:
    """Return the size of each block in pages."""
    sizes = memoryview(array("q", [1 << power for power in range(MAX_ORDERS)]))
    return bulk.pick(sizes, table.column("order"))
