"""Frees that passed per-cpu lists by before the snapshot, as its files show."""

from __future__ import annotations

import pytest

from tests.replay.page_alloc.play import MOVABLE
from tracekit.mm.page_alloc_rules import Rules
from tracekit.mm.page_alloc_zone import Zone
from tracekit.observed.buddyinfo import FreeRow
from tracekit.replay.page_alloc.passed_snapshot import (
    Change,
    Passing,
    difference,
    explained,
    sum_of,
    would_change,
)


def make_zone(*blocks: tuple[int, int]) -> Zone:
    zone = Zone("Normal", 0, 0, 2048, Rules())
    for pfn, order in blocks:
        zone.insert(pfn, order, MOVABLE, tail=True)
    return zone


@pytest.mark.parametrize(
    ("free", "freed", "change"),
    [
        ((), (8,), {(0, MOVABLE): 1}),
        (((9, 0),), (8,), {(0, MOVABLE): -1, (1, MOVABLE): 1}),
        ((), (8, 9), {(1, MOVABLE): 1}),
        (((10, 1),), (8, 9), {(1, MOVABLE): -1, (2, MOVABLE): 1}),
    ],
)
def test_what_frees_would_change(
    free: tuple[tuple[int, int], ...], freed: tuple[int, ...], change: Change
) -> None:
    zone = make_zone(*free)
    before = dict(zone.blocks)
    assert would_change(zone, [(pfn, 0) for pfn in freed]) == change
    assert zone.blocks == before


def make_passing(row: int, change: Change) -> Passing:
    return Passing((row,), make_zone(), change)


def test_changes_of_several_interrupts_add_up() -> None:
    one, two = make_passing(1, {(0, 0): 1}), make_passing(2, {(0, 0): 2, (1, 0): -1})
    assert sum_of([one, two], {(0, 0): 3, (1, 0): -1}) == [one, two]
    assert sum_of([two, one], {(0, 0): 3, (1, 0): -1}) == [two, one]
    assert sum_of([one, two], {(0, 0): 2}) is None
    assert sum_of([one], {(0, 0): 2}) is None
    assert sum_of([one], {}) == []


def test_more_interrupts_than_are_looked_for_explain_nothing() -> None:
    many = [make_passing(row, {(row, 0): 1}) for row in range(4)]
    assert sum_of(many[:3], {(row, 0): 1 for row in range(3)}) == many[:3]
    assert sum_of(many, {(row, 0): 1 for row in range(4)}) is None


def test_a_state_within_the_window_and_the_frees_lead_to_the_file() -> None:
    types = Rules().types
    rows = [
        FreeRow(1, 0, "Normal", "Unmovable", (2, 0)),
        FreeRow(2, 0, "Normal", "Movable", (1, 1)),
    ]
    states = [((0, 0), (0, 1)), ((1, 1), (0, 1))]
    one = make_passing(1, {(0, 0): 1})
    assert difference(rows, states[1], types) == {(0, 0): 1}
    assert explained([one], states, rows, types) == [one]
    assert explained([one], states[:1], rows, types) is None
