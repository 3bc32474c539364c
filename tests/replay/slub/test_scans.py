"""Passes over the rows of a stream, counted by hand."""

from __future__ import annotations

from array import array

from tracekit.events.table import Column
from tracekit.replay.slub.scans import Groups, count_distances, count_offsets, join_by_slab
from tracekit.replay.slub.stream import ALLOC, FREE, PAGE_ALLOC

BASE, SHIFT = 0x1000000, 12


def column(*values: int) -> Column:
    return memoryview(array("q", values))


def at(pfn: int, offset: int = 0) -> int:
    return BASE + (pfn << SHIFT) + offset


def test_groups_are_joined() -> None:
    groups = Groups(4)
    groups.join(0, 2)
    groups.join(2, 3)
    assert [groups.find(key) for key in range(4)] == [0, 1, 0, 0]


def test_keys_of_one_slab_are_joined_and_slabs_never_handed_out_are_old() -> None:
    groups = Groups(3)
    old = join_by_slab(
        column(PAGE_ALLOC, ALLOC, ALLOC, ALLOC, FREE),
        column(8, at(8), at(9, 64), at(20), at(20)),
        column(1, 0, 1, 2, 2),
        BASE,
        SHIFT,
        [1, 1, 0],
        groups,
    )
    assert groups.find(0) == groups.find(1) != groups.find(2)
    assert old == {20: 2}


def test_a_page_handed_out_anew_begins_another_slab() -> None:
    groups = Groups(2)
    op = column(PAGE_ALLOC, ALLOC, PAGE_ALLOC, ALLOC)
    join_by_slab(op, column(8, at(8), 8, at(8)), column(0, 0, 0, 1), BASE, SHIFT, [0, 0], groups)
    assert groups.find(0) != groups.find(1)


def test_a_distance_counts_from_the_page_just_taken_on_the_same_cpu() -> None:
    op = column(PAGE_ALLOC, PAGE_ALLOC, ALLOC, ALLOC, ALLOC)
    where = column(8, 30, at(9), at(9), at(30))
    found = count_distances(op, column(0, 1, 0, 0, 1), where, column(1, 0, 0, 0, 0), SHIFT)
    assert found == {BASE >> SHIFT: 2}


def test_offsets_are_counted_within_places() -> None:
    op, where = column(ALLOC, ALLOC, FREE, ALLOC), column(at(8, 16), at(8, 80), at(8), at(9))
    found = count_offsets(op, where, column(0, 0, 0, 1), BASE, [0, -1], [8192], [64])
    assert found == [{16: 2}]
