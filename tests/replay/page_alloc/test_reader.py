"""Old kernels' frees: one row each, whatever lines they print."""

from __future__ import annotations

from tests.replay.page_alloc.play import Trace
from tracekit.replay.page_alloc.reader import settle_old_frees
from tracekit.replay.page_alloc.stream import FREE, FREE_BATCHED, REPEATED


def kinds(*rows: tuple[int, int]) -> list[int]:
    trace = Trace()
    for kind, pfn in rows:
        trace.add(kind, pfn)
    settle_old_frees(trace.stream)
    return trace.stream.kind


def test_a_batched_free_that_stands_alone_is_the_free() -> None:
    assert kinds((FREE_BATCHED, 1), (FREE_BATCHED, 2)) == [FREE, FREE]


def test_a_single_page_is_logged_by_two_functions() -> None:
    assert kinds((FREE, 5), (FREE, 5), (FREE, 6)) == [FREE, REPEATED, FREE]


def test_since_v2_6_35_the_free_follows_its_batched_line() -> None:
    rows = ((FREE_BATCHED, 1), (FREE, 1), (FREE, 1))
    assert kinds(*rows) == [FREE_BATCHED, FREE, FREE]
