from __future__ import annotations

import random

import pytest

from tracekit.mm.memblock_type import MEMBLOCK_NOMAP, MemblockType, Region

TOP = (1 << 64) - 1


def listed(which: MemblockType) -> list[tuple[int, int, int, int]]:
    return [(r.base, r.size, r.nid, r.flags) for r in which]


@pytest.fixture
def reserved() -> MemblockType:
    return MemblockType("reserved", 128, TOP)


def test_touching_regions_merge_only_with_equal_node_and_flags(reserved: MemblockType) -> None:
    reserved.add_range(0x1000, 0x1000)
    reserved.add_range(0x2000, 0x1000)
    reserved.add_range(0x3000, 0x1000, nid=1)
    reserved.add_range(0x4000, 0x1000, nid=1, flags=MEMBLOCK_NOMAP)
    assert listed(reserved) == [
        (0x1000, 0x2000, -1, 0),
        (0x3000, 0x1000, 1, 0),
        (0x4000, 0x1000, 1, MEMBLOCK_NOMAP),
    ]


def test_bytes_already_listed_keep_their_node(reserved: MemblockType) -> None:
    reserved.add_range(0x2000, 0x1000, nid=1)
    reserved.add_range(0x1000, 0x3000, nid=0)
    assert listed(reserved) == [
        (0x1000, 0x1000, 0, 0),
        (0x2000, 0x1000, 1, 0),
        (0x3000, 0x1000, 0, 0),
    ]
    assert reserved.total_size == 0x3000


def test_removing_the_middle_splits(reserved: MemblockType) -> None:
    reserved.add_range(0x1000, 0x4000)
    reserved.remove_range(0x2000, 0x1000)
    assert listed(reserved) == [(0x1000, 0x1000, -1, 0), (0x3000, 0x2000, -1, 0)]
    assert reserved.total_size == 0x3000


def test_a_size_that_wraps_is_capped(reserved: MemblockType) -> None:
    reserved.add_range(0x1000, 0x1000)
    reserved.remove_range(0, TOP)
    assert listed(reserved) == []
    reserved.add_range(TOP - 0x10, 0x1000)
    assert reserved.regions[0].end == TOP


def test_nothing_changes_for_an_empty_range(reserved: MemblockType) -> None:
    assert reserved.add_range(0x1000, 0)
    assert reserved.isolate_range(0x1000, 0) == (0, 0)
    assert listed(reserved) == []


def test_isolating_gives_the_indices_of_what_lies_inside(reserved: MemblockType) -> None:
    reserved.add_range(0x1000, 0x4000)
    assert reserved.isolate_range(0x2000, 0x1000) == (1, 2)
    assert len(reserved) == 3
    reserved.merge()
    assert len(reserved) == 1


def test_looking_up(reserved: MemblockType) -> None:
    reserved.add_range(0x1000, 0x1000)
    reserved.add_range(0x3000, 0x1000)
    assert reserved.search(0x1FFF) == Region(0x1000, 0x1000)
    assert reserved.search(0x2000) is None
    assert reserved.overlaps(0x1800, 0x1000)
    assert not reserved.overlaps(0x2000, 0x1000)
    assert reserved.covers(0x3000, 0x1000)
    assert not reserved.covers(0x1000, 0x3000)


def test_a_full_array_that_cannot_grow_refuses() -> None:
    def refuse(*_: object) -> bool:
        return False

    full = MemblockType("reserved", 2, TOP, refuse)
    assert full.add_range(0x1000, 0x10)
    assert full.add_range(0x2000, 0x10)
    assert not full.add_range(0x3000, 0x10)
    assert full.isolate_range(0x1004, 4) is None
    assert len(full) == 2


def test_a_full_array_asks_for_room_once() -> None:
    asked: list[tuple[int, int]] = []

    def grow(which: MemblockType, base: int, size: int) -> bool:
        asked.append((base, size))
        which.max *= 2
        return True

    growing = MemblockType("reserved", 2, TOP, grow)
    for base in (0x1000, 0x2000, 0x3000):
        assert growing.add_range(base, 0x10)
    assert asked == [(0x3000, 0x10)]


def test_a_copy_is_independent(reserved: MemblockType) -> None:
    reserved.add_range(0x1000, 0x1000)
    twin = reserved.copy()
    twin.add_range(0x2000, 0x1000)
    assert reserved.total_size == 0x1000
    assert reserved.regions[0].size == 0x1000


def test_random_operations_keep_the_bytes_of_a_set() -> None:
    rng = random.Random(7)
    which, model = MemblockType("reserved", 128, TOP), set()
    for _ in range(600):
        base, size = rng.randrange(200), rng.randrange(12)
        if rng.random() < 0.6:
            which.add_range(base, size)
            model |= set(range(base, base + size))
        else:
            which.remove_range(base, size)
            model -= set(range(base, base + size))
        assert {b for r in which for b in range(r.base, r.end)} == model
        assert which.total_size == len(model)
        assert all(a.end < b.base for a, b in zip(which.regions, which.regions[1:], strict=False))
