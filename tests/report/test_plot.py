"""The plot in plain characters."""

from __future__ import annotations

from tracekit.report.plot import HEIGHT, WIDTH, digits, plot, spread


def test_the_largest_value_is_on_top_and_the_smallest_below() -> None:
    lines = plot([0, 7, 3])
    assert len(lines) == HEIGHT
    assert lines[0] == "7 | *"
    assert lines[-1] == "0 |*::"
    assert lines[4] == "  | :*"


def test_unknown_values_leave_their_columns_empty() -> None:
    assert plot([None, None]) == []
    assert all(line.partition("|")[2][1:2] in ("", " ") for line in plot([1, None, 2]))


def test_a_constant_is_one_line_at_the_bottom() -> None:
    lines = plot([5.0] * 3)
    assert lines[-1].endswith("|***")
    assert all(line.endswith("|") for line in lines[:-1])


def test_many_values_are_thinned_and_the_last_one_stays() -> None:
    values = list(range(1000))
    thinned = spread(values)
    assert len(thinned) == WIDTH
    assert thinned[-1] == 999
    assert thinned == sorted(set(values) & set(thinned))


def test_digits_show_orders_beyond_nine_and_what_is_unknown() -> None:
    assert digits([0, 9, 10, 13, -1, None]) == "09ad--"
