"""Slabs in motion: cpu slabs, partial lists, and what stays unknown."""

from __future__ import annotations

from tracekit.mm.slub import NEW_SLAB, Cache, CacheRules, Slab
from tracekit.mm.slub_freelist import UNKNOWN, Sequence


def cache(objects: int = 4, *, old: bool = False, **rules: int | bool) -> Cache:
    return Cache(Sequence(objects, shuffled=False), CacheRules(**rules), old=old)  # type: ignore[arg-type]


def fill(slabs: Cache, name: int, cpu: int = 0, objects: int = 4) -> Slab:
    """Make slab `name` on `cpu` and allocate all of it."""
    assert slabs.predict(cpu)[1] == NEW_SLAB
    slab = slabs.adopt_new(cpu, name, objects, 0)
    for slot in range(1, objects):
        assert slabs.predict(cpu) == (slab, slot)
        slabs.commit(cpu, slab, slot)
    return slab


def test_a_cpu_reuses_what_it_freed_last() -> None:
    slabs = cache()
    slab = fill(slabs, 100)
    slabs.free(0, slab, 2)
    slabs.free(0, slab, 1)
    assert slabs.predict(0) == (slab, 1)


def test_objects_freed_elsewhere_come_when_the_own_list_is_empty() -> None:
    slabs = cache()
    slab = slabs.adopt_new(0, 100, 4, 0)
    slabs.free(1, slab, 0)
    for slot in (1, 2, 3):
        assert slabs.predict(0) == (slab, slot)
        slabs.commit(0, slab, slot)
    assert slabs.predict(0) == (slab, 0)


def test_a_full_slab_comes_back_through_the_cpu_partial_list() -> None:
    slabs = cache(cpu_partial=4)
    first = fill(slabs, 100)
    second = fill(slabs, 200)
    slabs.free(0, first, 3)
    assert slabs.predict(0) == (first, 3)
    slabs.commit(0, first, 3)
    assert slabs.predict(0)[1] == NEW_SLAB
    assert not second.frozen


def test_the_latest_partial_slab_is_taken_first() -> None:
    slabs = cache(cpu_partial=4)
    made = [fill(slabs, name) for name in (100, 200, 300)]
    slabs.free(0, made[0], 0)
    slabs.free(0, made[1], 0)
    assert slabs.predict(0) == (made[1], 0)


def test_too_many_partial_slabs_move_to_the_node() -> None:
    slabs = cache(cpu_partial=2)
    made = [fill(slabs, name) for name in range(100, 600, 100)]
    for slab in made[:3]:
        slabs.free(0, slab, 0)
    assert slabs.node(0).partial == [made[1], made[0]]
    assert slabs.cpu(0).partial == [made[2]]


def test_without_cpu_partial_lists_slabs_queue_at_the_node() -> None:
    slabs = cache()
    made = [fill(slabs, name) for name in (100, 200, 300)]
    slabs.free(0, made[0], 1)
    slabs.free(0, made[1], 1)
    assert slabs.node(0).partial == made[:2]
    assert slabs.predict(0) == (made[0], 1)


def test_an_empty_slab_beyond_min_partial_is_given_back() -> None:
    slabs = cache(objects=2, min_partial=1)
    made = [fill(slabs, name, objects=2) for name in (100, 200, 300)]
    slabs.free(0, made[0], 0)
    slabs.free(0, made[1], 0)
    slabs.free(0, made[1], 1)
    assert 200 not in slabs.slabs
    assert 100 in slabs.slabs


def test_other_nodes_do_not_serve_strict_requests() -> None:
    slabs = cache()
    slab = slabs.adopt_new(0, 100, 4, 0, nid=0)
    assert slabs.predict(0, 1, strict=True) == (None, NEW_SLAB)
    assert slabs.node(0).partial == [slab]


def test_the_past_is_unknown_until_a_new_slab_shows_that_nothing_was_left() -> None:
    slabs = cache(old=True)
    assert slabs.predict(0) == (None, UNKNOWN)
    old = slabs.add_old(100, 4)
    slabs.adopt(0, old, 2)
    assert slabs.predict(0) == (old, UNKNOWN)
    slab = slabs.adopt_new(0, 200, 4, 0)
    assert slabs.predict(0) == (slab, 1)
    for slot in (1, 2, 3):
        slabs.commit(0, slab, slot)
    assert slabs.predict(0) == (None, NEW_SLAB)


def test_older_kernels_count_free_objects_in_partial_slabs() -> None:
    slabs = cache(objects=4, cpu_partial=2, by_slabs=False)
    made = [fill(slabs, name) for name in range(100, 600, 100)]
    for slab in made[:4]:
        slabs.free(0, slab, 0)
    assert len(slabs.cpu(0).partial) == 1
    assert len(slabs.node(0).partial) == 3


def test_a_slab_that_was_asked_for_earlier_sets_the_cpu_slab_aside() -> None:
    slabs = cache()
    first = slabs.adopt_new(0, 100, 4, 0)
    late = slabs.adopt_new(0, 200, 4, 0, made=False)
    assert slabs.predict(0) == (late, 1)
    for slot in (1, 2, 3):
        slabs.commit(0, late, slot)
    assert slabs.predict(0) == (first, 1)


def test_a_cpu_slab_set_aside_was_turned_round_before_5_12() -> None:
    for reverses, slot in ((False, 1), (True, 3)):
        slabs = cache(reverses=reverses)
        first = slabs.adopt_new(0, 100, 4, 0)
        second = slabs.adopt_new(0, 200, 4, 0, nid=1, made=False)
        assert slabs.node(0).partial == [first]
        assert first.free.peek(slabs.sequence, 4) == slot
        assert slabs.cpu(0).slab is second
