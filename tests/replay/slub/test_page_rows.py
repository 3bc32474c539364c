"""The last event of each page."""

from __future__ import annotations

from tracekit.replay.slub.page_rows import PageRows


def test_a_page_is_out_or_back_or_unknown() -> None:
    pages = PageRows()
    assert (pages.known(7), pages.out(7), pages.back(7)) == (False, -1, -1)
    pages.handed_out(4, 7, 0)
    assert (pages.known(7), pages.out(7), pages.back(7)) == (True, 0, -1)
    assert not pages.known(8)
    pages.given_back(7, 3)
    assert (pages.out(7), pages.back(7), pages.out(6)) == (-1, 3, 0)
    pages.forget(4, 6)
    assert [pages.known(pfn) for pfn in range(4, 8)] == [False, False, False, True]


def test_a_run_of_pages_may_be_long() -> None:
    pages = PageRows()
    pages.handed_out(4000, 20000, 5)
    assert [pages.out(pfn) for pfn in (3999, 4000, 4096, 20000, 20001)] == [-1, 5, 5, 5, -1]
