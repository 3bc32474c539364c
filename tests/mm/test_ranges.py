from __future__ import annotations

from tracekit.mm.ranges import intersect, subtract, total, union


def test_union_joins_what_touches_and_drops_what_is_empty() -> None:
    assert union([(8, 9), (0, 4), (4, 6), (5, 7), (7, 7)]) == [(0, 7), (8, 9)]


def test_subtract_cuts_holes_and_ends() -> None:
    assert subtract([(0, 10)], [(2, 3), (5, 6), (9, 20)]) == [(0, 2), (3, 5), (6, 9)]
    assert subtract([(0, 10)], [(0, 10)]) == []
    assert subtract([(4, 6)], [(0, 4), (6, 9)]) == [(4, 6)]


def test_intersect_keeps_what_is_in_both() -> None:
    assert intersect([(0, 5), (7, 9)], [(3, 8)]) == [(3, 5), (7, 8)]


def test_total_counts_shared_bytes_once() -> None:
    assert total([(0, 5), (3, 8)]) == 8
