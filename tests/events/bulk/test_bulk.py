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
def test_lives_and_merge_agree(drawn: tuple) -> None:
    kind, roles, keys = drawn
    assert list(compiled.merge(kind, keys)) == list(with_numpy.merge(kind, keys))
    for one, other in zip(
        compiled.lives(kind, roles, keys), with_numpy.lives(kind, roles, keys), strict=True
    ):
        assert list(one) == list(other)


@given(st.lists(st.tuples(SMALL, SMALL, SMALL), max_size=40))
def test_the_others_agree(rows: list[tuple[int, int, int]]) -> None:
    one, two, three = (
        (column(list(values)) for values in zip(*rows, strict=True)) if rows else (column([]),) * 3
    )
    assert list(compiled.pick(one, two)) == list(with_numpy.pick(one, two))
    assert list(compiled.places(one, 3)) == list(with_numpy.places(one, 3))
    assert list(compiled.unequal(one, two)) == list(with_numpy.unequal(one, two))
    assert list(compiled.descents(one, two)) == list(with_numpy.descents(one, two))
    assert dict(compiled.group([one, two], [three])) == dict(with_numpy.group([one, two], [three]))
    assert list(compiled.group([one], [])) == list(with_numpy.group([one], []))


@given(st.lists(st.integers(0, 40), unique=True, max_size=30))
def test_scatter_agrees(index: list[int]) -> None:
    assert list(compiled.scatter(column(index), 41)) == list(with_numpy.scatter(column(index), 41))


@pytest.mark.parametrize("way", [compiled, with_numpy], ids=["compiled", "numpy"])
def test_a_life_ends_with_the_next_event_of_its_key(way) -> None:
    kind = column([0, 0, 1, 0, 1, 1, 0, 0])
    keys = {0: (column([7, 8, 7, 0, 8]), 5), 1: (column([7, 9, ABSENT]), 3)}
    made, freed, fates = way.lives(kind, {0: bulk.BEGINS, 1: bulk.ENDS}, keys)
    assert list(made) == [0, 1, 3, 6, 7]
    assert list(freed) == [2, bulk.UNSEEN, bulk.ALONE, bulk.UNKNOWN, bulk.ALONE]
    assert list(fates) == [0, bulk.ALONE, bulk.UNKNOWN]


@pytest.mark.parametrize("way", [compiled, with_numpy], ids=["compiled", "numpy"])
def test_groups_come_as_they_first_appear_and_absent_adds_nothing(way) -> None:
    groups = way.group([column([5, 3, 5]), column([1, 1, 1])], [column([10, ABSENT, 20])])
    assert list(groups.items()) == [((5, 1), (2, 30)), ((3, 1), (1, 0))]


def test_many_groups_and_many_lives_survive_growing() -> None:
    size = 100_000
    keys = column(list(range(1, size + 1)))
    assert len(compiled.group([keys], [keys])) == size
    kind = column([0] * size + [1] * size)
    made, freed, _ = compiled.lives(kind, {0: 1, 1: 2}, {0: (keys, size), 1: (keys, size)})
    assert list(freed) == list(range(size, 2 * size))
    assert len(made) == size
