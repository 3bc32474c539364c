"""slabinfo against the simulated slabs, and its geometry against the object size."""

from __future__ import annotations

from tests.replay.slab_text import SlabText, codes, make_twin, obj
from tracekit.observed.slabinfo import SlabinfoRow
from tracekit.replay.ledger import Ledger
from tracekit.replay.slub.snapshot import (
    NO_WINDOW,
    OLDER,
    UNNAMED,
    UNSEEN,
    caches_created,
    check_snapshot,
    snapshot_window,
)


def row(name: str, active: int, objects: int) -> SlabinfoRow:
    return SlabinfoRow(3, name, active, objects, 1024, 8, 2, 0, 1, 1)


def young(text: SlabText) -> SlabText:
    """A cache that begins in the trace: two slabs, of the first one object is free again."""
    text.cache_alloc(obj(0x900, 0, 64), 64, "other")
    text.page(0x20, 1)
    for slot in range(8):
        text.cache_alloc(obj(0x20, slot), 1024)
    text.page(0x40, 1)
    text.cache_alloc(obj(0x40, 0), 1024)
    text.cache_free(obj(0x40, 0), "young")
    text.cache_alloc(obj(0x40, 0), 1024)
    return text


def check(text: SlabText, *rows: SlabinfoRow) -> Ledger:
    twin = make_twin(text)
    ledger = twin.desk.ledger
    check_snapshot(ledger, "slabinfo", list(rows), twin)
    return ledger


def test_objects_on_cpu_slabs_count_as_active() -> None:
    text = young(SlabText())
    text.mark("slabinfo")
    text.mark("end")
    ledger = check(text, row("young", 16, 16))
    assert ledger.kind("snapshot").matched == 1


def test_any_moment_of_the_window_will_do() -> None:
    text = SlabText()
    text.mark("begin")
    young(text)
    text.mark("end")
    assert check(text, row("young", 8, 8)).kind("snapshot").matched == 1


def test_another_count_is_a_note() -> None:
    text = young(SlabText())
    text.mark("slabinfo")
    text.mark("end")
    ledger = check(text, row("young", 9, 24))
    assert codes(ledger) == [("SL402", 3)]
    assert ledger.divergences[0].severity == "note"


def test_what_cannot_be_known_is_unchecked() -> None:
    text = young(SlabText())
    assert check(text, row("young", 16, 16)).kind("snapshot").unchecked[NO_WINDOW] == 1
    text.cache_free(obj(0x900, 1, 64), "elder")
    text.cache_alloc(obj(0x900, 1, 64), 64, "other")
    text.cache_free(obj(0x900, 1, 64), "elder")
    text.mark("slabinfo")
    unchecked = check(text, row("elder", 1, 8), row("never", 0, 0)).kind("snapshot").unchecked
    assert unchecked == {OLDER: 1, UNNAMED: 1}


def test_the_window_ends_at_the_next_marker() -> None:
    text = SlabText()
    text.mark("begin")
    text.mark("slabinfo")
    text.page(0x10)
    text.mark("zoneinfo")
    text.page(0x11)
    text.mark("end")
    assert snapshot_window(text.trace(), "slabinfo") == (0, 1)
    assert snapshot_window(text.trace(), "vmstat") == (0, 2)


def named(text: SlabText, *names: str) -> SlabText:
    """Let caches be created, on a kernel whose allocations name their cache."""
    for number, name in enumerate(names):
        text.named_alloc(obj(0x900, number, 256), 256, name)
    return text


def test_a_cache_created_in_the_trace_and_never_used_is_empty() -> None:
    text = named(SlabText(), "kmem_cache", "kmem_cache")
    text.mark("slabinfo")
    text.mark("end")
    ledger = check(text, row("newest", 0, 0), row("newer", 0, 0), row("old", 5, 8))
    assert ledger.kind("snapshot").matched == 2
    assert ledger.kind("snapshot").unchecked == {UNSEEN: 1}


def test_a_cache_that_went_again_does_not_count() -> None:
    text = named(SlabText(), "kmem_cache", "kmem_cache")
    text.cache_free(obj(0x900, 0, 256), "kmem_cache")
    assert caches_created(text.stream(), 1000) == 1


def test_where_events_do_not_name_caches_any_of_them_may_have_objects() -> None:
    text = SlabText()
    text.cache_alloc(obj(0x900, 0, 256), 256, "kmem_cache_create_usercopy")
    assert caches_created(text.stream(), 1000) == 1
    text.mark("slabinfo")
    text.mark("end")
    assert check(text, row("newest", 0, 0)).kind("snapshot").unchecked == {UNNAMED: 1}


def test_kmalloc_has_objects_before_anything_is_traced() -> None:
    text = SlabText()
    text.cache_alloc(obj(0x900, 0, 64), 64, "other")
    text.kmalloc(obj(0x901, 0))
    text.page(0x20, 1)
    text.kmalloc(obj(0x20, 0))
    text.mark("slabinfo")
    text.mark("end")
    assert check(text, row("kmalloc-1k", 8, 8)).kind("snapshot").unchecked == {OLDER: 1}
