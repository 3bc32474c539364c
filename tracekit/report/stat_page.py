"""The statistics of the page allocator, in the vocabulary of perf kmem stat --page."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from tracekit.events import bulk
from tracekit.events.lifetimes import PAGE, PAGEVEC, Family, Lifetimes
from tracekit.events.table import ABSENT, Column, Trace
from tracekit.report.stat import EACH, Groups, Label, Measure, Row

PAGE_GROUPS = ("order", "migratetype", "gfp", "task", "cpu")
FIELDS = {"order": "order", "migratetype": "migratetype", "gfp": "gfp_flags"}
# An order is a small number; whatever a damaged line says, a block has no more pages than this.
MAX_ORDERS = 40


@dataclass(slots=True)
class PageSection:
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
    by_order: dict[tuple[int, int], int] = field(default_factory=dict)
    groups: dict[str, list[Row]] = field(default_factory=dict)


def page(trace: Trace, by: Sequence[str] = PAGE_GROUPS) -> PageSection:
    """Return the statistics of the page allocator, grouped in these ways."""
    lives = Lifetimes(trace, family(trace))
    pages = _pages(lives.field("order"))
    groups = Groups(Measure(lives, pages, pages, lives.moved(), lives.living()))
    for name, field_name in FIELDS.items():
        groups.keys[name] = partial(_one_field, lives, field_name)
        groups.labels[name] = _gfp_label(trace) if name == "gfp" else _plain
    groups.labels[EACH] = _plain
    failed = _failed(lives)
    freed = _pages(bulk.merge(trace, lives.family.frees, "order"))
    section = PageSection(
        total=groups.total(),
        free_requests=lives.frees,
        freed=_sum(freed),
        frees_alone=lives.frees_alone,
        freed_unseen=lives.freed_unseen,
        alone=_sum(bulk.pick(freed, lives.ends_alone())),
        failed=len(failed),
        failed_pages=_sum(bulk.pick(pages, failed)),
    )
    section.total.hit -= section.failed
    section.total.requested -= section.failed_pages
    section.total.allocated -= section.failed_pages
    keys = [lives.field("order"), lives.field("migratetype")]
    section.by_order = {(k[0], k[1]): counts[0] for k, counts in bulk.group(keys, []).items()}
    section.groups = {group: groups.rows(group) for group in by}
    return section


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


def _one_field(lives: Lifetimes, name: str) -> list[Column]:
    return [lives.field(name)]


def _plain(key: tuple[int, ...]) -> int:
    return key[0]


def _gfp_label(trace: Trace) -> Label:
    return lambda key: trace.text(key[0])


def _failed(lives: Lifetimes) -> Column:
    """Return the requests that were not met: the page is NULL; raw records show pfn -1."""
    page = lives.field("page")
    raw = bulk.places(page, ABSENT)
    if len(raw) < len(page):
        return bulk.places(page, 0)
    return bulk.places(lives.key, -1)


def _pages(order: Column) -> Column:
    sizes = memoryview(array("q", [1 << power for power in range(MAX_ORDERS)]))
    return bulk.pick(sizes, order)


def _sum(column: Column) -> int:
    if not len(column):
        return 0
    nothing = memoryview(bytes(8 * len(column))).cast("q")
    return bulk.group([nothing], [column])[(0,)][1]
