"""Caches with debugging on: every object comes from the node's first partial slab."""

from __future__ import annotations

from tracekit.mm.slub import NEW_SLAB, CacheRules
from tracekit.mm.slub_debug import DebugCache
from tracekit.mm.slub_freelist import UNKNOWN, Sequence


def cache(*, old: bool = False, reverses: bool = False, min_partial: int = 5) -> DebugCache:
    rules = CacheRules(min_partial, debug=True, reverses=reverses)
    return DebugCache(Sequence(4, shuffled=False), rules, old=old)


def take(slabs: DebugCache, count: int) -> list[tuple[int, int]]:
    """Let the cache hand out `count` objects; return (slab name, slot) of each."""
    found = []
    for _ in range(count):
        slab, slot = slabs.predict(0)
        assert slab is not None
        slabs.commit(0, slab, slot)
        found.append((slab.name, slot))
    return found


def test_an_object_freed_last_comes_first_whatever_the_cpu() -> None:
    slabs = cache()
    slab = slabs.adopt_new(0, 100, 4, 0)
    assert slabs.predict(1) == (slab, 1)
    slabs.commit(1, slab, 1)
    slabs.free(0, slab, 0)
    assert slabs.predict(0) == (slab, 0)


def test_up_to_5_11_each_allocation_turns_the_list_round() -> None:
    slabs = cache(reverses=True)
    slab = slabs.adopt_new(0, 100, 4, 0)
    assert take(slabs, 1) == [(100, 3)]
    slabs.free(0, slab, 0)
    assert take(slabs, 3) == [(100, 0), (100, 2), (100, 1)]
    assert slabs.predict(0) == (None, NEW_SLAB)


def test_a_full_slab_that_frees_an_object_goes_to_the_end() -> None:
    slabs = cache()
    first = slabs.adopt_new(0, 100, 4, 0)
    take(slabs, 3)
    slabs.adopt_new(0, 200, 4, 0)
    slabs.free(0, first, 2)
    assert take(slabs, 4) == [(200, 1), (200, 2), (200, 3), (100, 2)]


def test_a_new_slab_shows_that_all_others_are_full() -> None:
    slabs = cache(old=True)
    assert slabs.predict(0) == (None, UNKNOWN)
    old = slabs.add_old(100, 4)
    slabs.free(0, old, 2)
    assert slabs.predict(0) == (None, UNKNOWN)
    slabs.adopt_new(0, 200, 4, 0)
    take(slabs, 3)
    assert slabs.predict(0) == (None, NEW_SLAB)
    slabs.free(0, old, 1)
    assert slabs.predict(0) == (old, 1)


def test_the_slab_that_served_last_serves_next_even_where_the_list_is_unknown() -> None:
    slabs = cache(old=True)
    old = slabs.add_old(100, 4)
    slabs.adopt(0, old, 2)
    assert slabs.predict(0) == (old, UNKNOWN)
    slabs.free(0, old, 3)
    assert slabs.predict(0) == (old, 3)


def test_an_allocation_without_a_line_left_the_other_end_in_front() -> None:
    slabs = cache(reverses=True)
    slab = slabs.adopt_new(0, 100, 4, 0)
    assert slabs.predict(0) == (slab, 3)
    slabs.adopt(0, slab, 1)
    assert take(slabs, 1) == [(100, 2)]


def test_what_came_and_went_unseen_leaves_nothing_known() -> None:
    slabs = cache()
    slab = slabs.adopt_new(0, 100, 4, 0)
    slabs.lose()
    assert slabs.predict(0) == (None, UNKNOWN)
    slabs.adopt(0, slab, 3)
    assert slabs.predict(0) == (slab, UNKNOWN)


def test_an_empty_slab_beyond_min_partial_is_given_back() -> None:
    slabs = cache(min_partial=1)
    first = slabs.adopt_new(0, 100, 4, 0)
    take(slabs, 3)
    slabs.adopt_new(0, 200, 4, 0)
    for slot in range(4):
        slabs.free(0, first, slot)
    assert list(slabs.slabs) == [200]


def test_a_slab_that_was_asked_for_earlier_comes_first_and_the_others_stay() -> None:
    slabs = cache()
    slabs.adopt_new(0, 100, 4, 0)
    slabs.adopt_new(0, 200, 4, 0, made=False)
    assert take(slabs, 4) == [(200, 1), (200, 2), (200, 3), (100, 1)]


def test_an_object_that_nothing_shows_free_leaves_the_list_unknown() -> None:
    slabs = cache()
    slab = slabs.adopt_new(0, 100, 4, 0)
    take(slabs, 3)
    slabs.adopt(0, slab, 2)
    assert slabs.predict(0) == (slab, UNKNOWN)


def test_slabinfo_counts_what_no_list_holds() -> None:
    slabs = cache()
    slabs.adopt_new(0, 100, 4, 0)
    assert slabs.census() == (4, 3)
    slabs.lose()
    assert slabs.census() is None
