"""The compiled functions and those with numpy give the same, and what they promise."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.events import bulk
from tracekit.events.bulk import with_numpy
from tracekit.events.table import ABSENT, Column

compiled = pytest.importorskip("tracekit.events.bulk._compiled")
SMALL = st.integers(-2, 6) | st.just(ABSENT)


def column(values: list[int]) -> Column:
    return memoryview(array("q", values))


@st.composite
def events(draw: st.DrawFn) -> tuple[Column, dict[int, int], dict[int, tuple[Column | None, int]]]:
    kinds = draw(st.lists(st.integers(0, 3), max_size=30))
    roles = {0: bulk.BEGINS, 2: bulk.ENDS, 3: bulk.ENDS}
    keys: dict[int, tuple[Column | None, int]] = {}
    for code in roles:
        rows = kinds.count(code)
        shown = draw(st.lists(SMALL, min_size=rows, max_size=rows))
        keys[code] = (column(shown) if draw(st.booleans()) else None, rows)
    return column(kinds), roles, keys


@given(events())
def test_lives_agree(drawn: tuple) -> None:
    kind, roles, keys = drawn
    one, other = compiled.lives(kind, roles, keys), with_numpy.lives(kind, roles, keys)
    assert {code: list(found) for code, found in one.items()} == {
        code: list(found) for code, found in other.items()
    }


@given(st.lists(st.tuples(SMALL, SMALL, SMALL, st.integers(-3, 5)), max_size=40))
def test_the_others_agree(rows: list[tuple[int, int, int, int]]) -> None:
    columns = [column(list(values)) for values in zip(*rows, strict=True)] or [column([])] * 4
    one, two, three, fates = columns
    assert list(compiled.pick(one, two)) == list(with_numpy.pick(one, two))
    assert list(compiled.places(one, 3)) == list(with_numpy.places(one, 3))
    assert compiled.total(one) == with_numpy.total(one)
    for keys in ([one], [one, two], [column([abs(v) for v in fates])]):
        figures = (two, three, column([v % 2 for v in fates]), fates)
        found, expected = compiled.tally(keys, *figures), with_numpy.tally(keys, *figures)
        assert list(found.items()) == list(expected.items())
    assert list(compiled.within(one, 1, 3)) == list(with_numpy.within(one, 1, 3))
    assert list(compiled.known(one)) == list(with_numpy.known(one))
    assert list(compiled.fill(one, 9)) == list(with_numpy.fill(one, 9))
    assert list(compiled.partners(one, two)) == list(with_numpy.partners(one, two))
    for ours, other in zip(compiled.number([one, two]), with_numpy.number([one, two]), strict=True):
        assert list(ours) == list(other)


@given(st.lists(st.lists(st.integers(0, 20)).map(sorted), max_size=4))
def test_interleave_agrees(drawn: list[list[int]]) -> None:
    columns = [column(values) for values in drawn]
    places = list(compiled.interleave(columns))
    assert places == list(with_numpy.interleave(columns))
    joined = bulk.chain(columns)
    assert [joined[place] for place in places] == sorted(joined)


@given(st.lists(st.tuples(st.integers(0, 4), SMALL), max_size=40), st.lists(SMALL, min_size=5))
def test_what_looks_a_prefix_up_agrees(rows: list[tuple[int, int]], cpus: list[int]) -> None:
    prefix, values = (column([row[i] for row in rows]) for i in (0, 1))
    groups = column(cpus)
    one, other = (way.descents(values, prefix, groups) for way in (compiled, with_numpy))
    assert list(one) == list(other)
    begins = column(list(range(len(rows))))
    ends = column([value if value < len(rows) else -1 for value in values])
    one, other = (way.moved(begins, ends, prefix, groups) for way in (compiled, with_numpy))
    assert list(one) == list(other)


@given(st.lists(st.integers(0, 40), unique=True, max_size=30), st.lists(st.integers(-3, 40)))
def test_locate_agrees(index: list[int], wanted: list[int]) -> None:
    one, other = (way.locate(column(index), column(wanted), 41) for way in (compiled, with_numpy))
    assert list(one) == list(other)
    assert list(one) == [index.index(number) if number in index else -1 for number in wanted]


@pytest.mark.parametrize("way", [compiled, with_numpy], ids=["compiled", "numpy"])
def test_a_life_ends_with_the_next_event_of_its_key(way) -> None:
    kind = column([0, 0, 1, 0, 1, 1, 0, 0])
    keys = {0: (column([7, 8, 7, 0, 8]), 5), 1: (column([7, 9, ABSENT]), 3)}
    fates = way.lives(kind, {0: bulk.BEGINS, 1: bulk.ENDS}, keys)
    assert list(fates[0]) == [2, bulk.UNSEEN, bulk.ALONE, bulk.UNKNOWN, bulk.ALONE]
    assert list(fates[1]) == [0, bulk.ALONE, bulk.UNKNOWN]


@pytest.mark.parametrize("way", [compiled, with_numpy], ids=["compiled", "numpy"])
def test_figures_come_as_their_keys_first_appear_and_absent_adds_nothing(way) -> None:
    asked, given = column([10, ABSENT, 20]), column([16, 8, 32])
    found = way.tally(
        [column([5, 3, 5]), column([1, 1, 1])],
        asked,
        given,
        column([0, 1, 1]),
        column([bulk.ALONE, 7, bulk.UNSEEN]),
    )
    assert list(found.items()) == [((5, 1), (2, 30, 48, 1, 1, 16)), ((3, 1), (1, 0, 8, 1, 0, 0))]


def test_many_groups_and_many_lives_survive_growing() -> None:
    size = 100_000
    keys = column(list(range(1, size + 1)))
    assert len(compiled.tally([keys], keys, keys, keys, keys)) == size
    kind = column([0] * size + [1] * size)
    fates = compiled.lives(kind, {0: 1, 1: 2}, {0: (keys, size), 1: (keys, size)})
    assert list(fates[0]) == list(range(size, 2 * size))
    assert list(fates[1]) == list(range(size))


@pytest.mark.parametrize("way", [compiled, with_numpy], ids=["compiled", "numpy"])
def test_partners_are_each_others(way) -> None:
    roles = column([1, 1, 2, 1, 2, 0, 2, 1])
    keys = column([7, 8, 7, 8, 8, 8, 9, 7])
    ends = [2, bulk.UNSEEN, 0, 4, 3, bulk.ALONE, bulk.ALONE, bulk.ALONE]
    assert list(way.partners(roles, keys)) == ends


@pytest.mark.parametrize("way", [compiled, with_numpy], ids=["compiled", "numpy"])
def test_numbers_go_by_first_appearance(way) -> None:
    numbers, firsts, counts = way.number([column([5, 3, 5, ABSENT]), column([1, 1, 1, 1])])
    assert (list(numbers), list(firsts), list(counts)) == ([0, 1, 0, 2], [0, 1, 3], [2, 1, 1])
    assert [list(found) for found in way.number([column([])])] == [[], [], []]


def test_a_column_of_one_value() -> None:
    assert list(bulk.chain([bulk.repeat(-1, 2), bulk.repeat(ABSENT, 1)])) == [-1, -1, ABSENT]
