"""Caches with sheaves: where objects come from and where they go."""

from __future__ import annotations

from tracekit.mm.slub import NEW_SLAB, CacheRules, Slab
from tracekit.mm.slub_freelist import UNKNOWN, Sequence
from tracekit.mm.slub_sheaf_cache import SheafCache

CAPACITY = 6


def young(objects: int = 4, capacity: int = CAPACITY) -> SheafCache:
    """A cache that was created just now, whose slabs hand their objects out in order."""
    return SheafCache(
        Sequence(objects, shuffled=False), CacheRules(min_partial=1), capacity, old=False
    )


def fill(cache: SheafCache, first: int = 100) -> list[tuple[Slab, int]]:
    """Take the first sheaf: all of slab `first` + 1, and two objects of `first`."""
    assert cache.predict(0) == (None, NEW_SLAB)
    taken = [(cache.adopt_new(0, first, 4, 1), 1)]
    while True:
        slab, slot = cache.predict(0)
        if slab is None and len(taken) < CAPACITY:
            slab, slot = cache.adopt_new(0, first + 1, 4, 3, made=False), 3
        elif slab is None or len(taken) == CAPACITY:
            return taken
        else:
            cache.commit(0, slab, slot)
        taken.append((slab, slot))


def test_a_refill_leaves_last_first() -> None:
    taken = fill(young())
    assert [(slab.name, slot) for slab, slot in taken] == [
        (100, 1), (100, 0), (101, 3), (101, 2), (101, 1), (101, 0),
    ]  # fmt: skip


def test_the_next_refill_takes_the_rest_of_the_last_slab() -> None:
    cache = young()
    slab = fill(cache)[0][0]
    assert len(slab.free) == 2
    assert cache.predict(0) == (None, NEW_SLAB)
    cache.adopt_new(0, 200, 4, 3)
    assert cache.census() == (12, 0)
    assert not slab.listed


def test_a_cpu_reuses_what_it_freed_last() -> None:
    cache = young()
    taken = fill(cache)
    for slab, slot in taken:
        cache.free(0, slab, slot)
    for slab, slot in reversed(taken):
        assert cache.predict(0) == (slab, slot)
        cache.commit(0, slab, slot)


def test_full_sheaves_go_to_the_barn_and_come_back() -> None:
    cache = young(objects=64)
    cache.predict(0)
    slab = cache.adopt_new(0, 100, 64, 5)
    for slot in (4, 3, 2, 1, 0):
        assert cache.predict(0) == (slab, slot)
        cache.commit(0, slab, slot)
    for slot in range(6, 6 + 3 * CAPACITY):
        cache.free(0, slab, slot)
    assert len(cache.barn(0).full) == 1
    order = []
    for _ in range(3 * CAPACITY):
        _, slot = cache.predict(0)
        order.append(slot)
        cache.commit(0, slab, slot)
    # The last sheaf and the spare one first, then what the barn got in between.
    assert order == [*range(23, 17, -1), *range(11, 5, -1), *range(17, 11, -1)]


def test_a_barn_that_is_full_sends_the_spare_sheaf_to_its_slabs() -> None:
    cache = young(objects=128)
    cache.predict(0)
    slab = cache.adopt_new(0, 100, 128, 5)
    for slot in (4, 3, 2, 1, 0):
        cache.commit(0, slab, slot)
    free = len(slab.free)
    for slot in range(6, 6 + 12 * CAPACITY):
        cache.free(0, slab, slot)
    assert len(slab.free) == free
    cache.free(0, slab, 100)
    assert len(slab.free) == free + CAPACITY


def test_another_nodes_object_goes_to_its_slab() -> None:
    cache = young()
    slab = fill(cache)[0][0]
    slab.node = 1
    cache.free(0, slab, 1)
    assert cache.predict(0)[1] == NEW_SLAB
    assert 1 in slab.free.stack


def test_a_request_for_another_node_goes_past_the_sheaves() -> None:
    cache = young()
    cache.predict(0, 0)
    assert cache.predict(0, 1, strict=True) == (None, NEW_SLAB)
    slab = cache.adopt_new(0, 300, 4, 0, nid=1)
    assert cache.predict(0, 1, strict=True) == (slab, 1)
    assert not cache.sheaves(0).main.items


def test_an_old_cache_is_unknown_until_a_slab_is_made() -> None:
    cache = SheafCache(Sequence(4, shuffled=False), CacheRules(), CAPACITY)
    assert cache.predict(0) == (None, UNKNOWN)
    slab = cache.adopt_new(0, 100, 4, 1)
    assert cache.predict(0) == (None, UNKNOWN)
    cache.adopt(0, slab, 0)
    other = cache.adopt_new(0, 101, 4, 3, made=False)
    assert cache.predict(0) == (other, 2)
    assert len(slab.free) == 2
    assert not slab.free.unsure


def test_a_cache_without_sheaves_takes_from_its_slabs() -> None:
    cache = young(capacity=0)
    cache.predict(0)
    slab = cache.adopt_new(0, 100, 4, 0)
    assert cache.predict(0) == (slab, 1)
    cache.commit(0, slab, 1)
    cache.free(0, slab, 0)
    assert cache.predict(0) == (slab, 0)


def test_pages_that_go_back_while_sheaves_hold_their_objects_show_a_flush() -> None:
    cache = young()
    taken = fill(cache)
    slab, slot = taken[0]
    cache.free(0, slab, slot)
    cache.discard(slab)
    assert cache.predict(0) == (None, UNKNOWN)
    assert cache.census() is None


def test_a_slab_that_is_not_counted_yet_is_not_taken_for_a_refill() -> None:
    cache = SheafCache(Sequence(4, shuffled=False), CacheRules(), CAPACITY)
    cache.predict(0)
    first = cache.adopt_new(0, 100, 4, 1)
    cache.predict(1)
    other = cache.adopt_new(1, 200, 4, 3)
    assert first.free.fresh >= 0
    assert other.free.fresh >= 0
    for slot in (2, 1, 0):
        cache.predict(1)
        cache.adopt(1, other, slot)
    for slot in (0, 2, 3):
        cache.predict(0)
        cache.adopt(0, first, slot)
    assert len(first.free) >= 0


def test_a_slab_of_another_node_than_thought_leaves_the_list() -> None:
    cache = young(objects=16)
    cache.predict(0, 0)
    cache.adopt_new(0, 100, 16, 5)
    for slot in (4, 3, 2, 1, 0):
        cache.commit(0, cache.slabs[100], slot)
    cache.predict(0, 0)
    cache.sheaves(0).nid = 1
    slab = cache.adopt_new(0, 101, 16, 5, nid=1)
    assert slab.node == 1
    cache.discard(slab)


def test_what_a_slab_has_left_is_taken_though_it_was_not_counted() -> None:
    cache = young(capacity=0)
    cache.predict(0)
    slab = cache.adopt_new(0, 100, 4, 0)
    cache.free(0, slab, 0)
    slab.free.unsure = True
    cache.predict(0)
    cache.commit(0, slab, 2)
    assert 2 not in slab.free.stack
