"""The slab twin on made-up traces: healthy ones agree, each fault shows at its line."""

from __future__ import annotations

from tests.replay.slab_text import BASE, SlabText, codes, make_twin, obj, replay
from tracekit.replay.slub.desk import BULK, SlubRules


def healthy() -> SlabText:
    """kmalloc-1k has 8 objects in 2 pages; two are taken on the first slab, after a warm-up."""
    text = SlabText()
    text.kmalloc(obj(0x10, 5))
    text.page(0x20, 1)
    for slot in range(8):
        text.kmalloc(obj(0x20, slot))
    text.page(0x40, 1)
    text.kmalloc(obj(0x40, 0))
    text.kmalloc(obj(0x40, 1))
    return text


def test_a_healthy_trace_agrees() -> None:
    text = healthy()
    text.kfree(obj(0x40, 0))
    text.kmalloc(obj(0x40, 0))
    ledger = replay(text)
    assert codes(ledger) == []
    assert ledger.kind("object").matched == 12
    address = ledger.kind("address")
    assert address.matched == 10
    assert sum(address.unchecked.values()) == 2
    assert ledger.kind("free").matched == 1
    assert ledger.events == 13


def test_counts_add_up() -> None:
    ledger = replay(healthy())
    for kind in ("object", "address"):
        assert ledger.kind(kind).events == 11


def test_an_object_shifted_by_eight_bytes() -> None:
    text = healthy()
    line = text.kmalloc(obj(0x40, 2) + 8)
    text.kmalloc(obj(0x40, 3))
    text.kfree(obj(0x40, 2))
    assert codes(replay(text)) == [("SL101", line)]


def test_an_object_freed_twice() -> None:
    text = healthy()
    first = text.kfree(obj(0x20, 3))
    line = text.kfree(obj(0x20, 3))
    ledger = replay(text)
    assert codes(ledger) == [("SL201", line)]
    assert ledger.divergences[0].related[0].line == first


def test_an_object_freed_by_another_cache() -> None:
    text = SlabText()
    text.cache_alloc(obj(0x10, 5), 1024)
    text.page(0x20, 1)
    for slot in range(8):
        text.cache_alloc(obj(0x20, slot), 1024)
    for slot in range(4):
        text.cache_free(obj(0x20, slot), "right")
    line = text.cache_free(obj(0x20, 5), "wrong")
    assert codes(replay(text)) == [("SL202", line)]


def test_a_lost_allocation_shows_at_the_next_line_of_the_cache() -> None:
    text = healthy()
    line = text.kmalloc(obj(0x40, 3))
    for slot in (4, 5, 6):
        text.kmalloc(obj(0x40, slot))
    text.kfree(obj(0x40, 2))
    assert codes(replay(text)) == [("SL105", line)]


def test_two_lines_in_the_wrong_order_are_no_fault() -> None:
    text = healthy()
    text.kmalloc(obj(0x40, 3))
    text.kmalloc(obj(0x40, 2))
    text.kmalloc(obj(0x40, 4))
    ledger = replay(text)
    assert codes(ledger) == []
    assert ledger.kind("address").inferred == 2


def test_a_free_printed_before_an_earlier_allocation_is_no_fault() -> None:
    text = healthy()
    text.kfree(obj(0x40, 0))
    text.kfree(obj(0x40, 1))
    text.kmalloc(obj(0x40, 0))
    text.kmalloc(obj(0x40, 1))
    assert codes(replay(text)) == []


def test_an_object_in_use_given_out_again() -> None:
    text = healthy()
    line = text.kmalloc(obj(0x20, 4))
    text.kmalloc(obj(0x40, 3))
    text.kmalloc(obj(0x40, 4))
    assert codes(replay(text)) == [("SL102", line)]


def test_an_object_freed_without_a_line_and_given_out_again() -> None:
    text = healthy()
    text.kmalloc(obj(0x40, 0))
    text.kmalloc(obj(0x40, 2))
    ledger = replay(text)
    assert codes(ledger) == []
    assert ledger.kind("object").inferred == 1


def test_an_object_on_a_free_page() -> None:
    text = healthy()
    text.page(0x60, 1)
    text.page_free(0x60, 1)
    line = text.kmalloc(obj(0x60, 0))
    assert codes(replay(text)) == [("SL104", line)]


def test_a_free_that_no_line_allocated() -> None:
    text = healthy()
    line = text.kfree(obj(0x40, 6))
    assert codes(replay(text)) == [("SL203", line)]


def test_a_free_inside_an_object() -> None:
    text = healthy()
    line = text.kfree(obj(0x20, 6) + 16)
    assert codes(replay(text)) == [("SL204", line)]


def test_objects_older_than_the_trace_are_learned_when_freed() -> None:
    text = healthy()
    text.kfree(obj(0x10, 2))
    assert codes(replay(text)) == []


def test_whole_pages() -> None:
    text = healthy()
    text.page(0x80, 2)
    text.kmalloc(BASE + (0x80 << 12), 16384)
    text.kfree(BASE + (0x80 << 12))
    line = text.kmalloc(BASE + (0x80 << 12) + 64, 16384)
    assert codes(replay(text)) == [("SL101", line)]


def test_an_allocation_that_the_kernel_prints_twice() -> None:
    text = healthy()
    text.kmalloc(obj(0x40, 2))
    text.cache_alloc(obj(0x40, 2), 1024)
    text.kmalloc(obj(0x40, 3))
    assert codes(replay(text)) == []


def test_bulk_caches_are_excused_and_say_so() -> None:
    text = SlabText()
    text.cache_alloc(obj(0x10, 5), 1024)
    text.page(0x20, 1)
    text.cache_alloc(obj(0x20, 0), 1024)
    text.cache_alloc(obj(0x20, 4), 1024)
    text.cache_free(obj(0x20, 4), "maple_node")
    text.cache_free(obj(0x20, 0), "maple_node")
    text.cache_free(obj(0x20, 2), "maple_node")
    ledger = replay(text)
    assert codes(ledger) == []
    assert ledger.kind("address").inferred == 1
    assert ledger.kind("free").unchecked == {BULK: 1}


def test_a_shuffled_cache_is_predicted_once_its_sequence_is_known() -> None:
    order = [3, 0, 6, 1, 7, 5, 2, 4]
    text = SlabText()
    text.kmalloc(obj(0x10, 5))
    for pfn in (0x20, 0x40, 0x60):
        text.page(pfn, 1)
        for slot in order:
            text.kmalloc(obj(pfn, slot))
        order = order[3:] + order[:3]
    ledger = replay(text, SlubRules(shuffled=True))
    assert codes(ledger) == []
    # of 24 objects: 3 are first in a slab, 7 teach the sequence, which goes round
    assert ledger.kind("address").matched == 14


def test_after_events_were_off_nothing_is_held_against_a_cache() -> None:
    def trace(caller: str) -> SlabText:
        text = SlabText()
        text.kmalloc(obj(0x10, 0), caller="tracepoint_add_func")
        text.page(0x20, 1)
        text.kmalloc(obj(0x20, 0))
        for pfn in range(0x1000, 0x1000 + 150):
            text.page(pfn)
        for slot in (3, 4, 5, 6):
            text.kmalloc(obj(0x20, slot), caller=caller)
        return text

    assert codes(replay(trace("maker"))) == [("SL105", 155)]
    assert codes(replay(trace("tracepoint_add_func"))) == []


def used_up(last: int = 8) -> SlabText:
    """A first slab whose objects are allocated up to `last`, then two more slabs."""
    text = SlabText()
    text.kmalloc(obj(0x10, 5))
    for pfn, count in ((0x20, last), (0x40, 8), (0x60, 2)):
        text.page(pfn, 1)
        for slot in range(count):
            text.kmalloc(obj(pfn, slot))
    return text


def test_a_slab_left_with_an_object_that_nobody_took_shows_a_lost_line() -> None:
    assert codes(replay(used_up())) == []
    ledger = replay(used_up(7))
    line = 2 + 1 + 1 + 7 + 1
    assert ("SL105", line) in codes(ledger)
    found = next(d for d in ledger.divergences if d.code == "SL105")
    assert "1 allocations were lost" in found.alternatives[0]


def test_a_slab_set_aside_is_no_fault() -> None:
    text = used_up(7)
    place = next(i for i, line in enumerate(text.lines) if "pfn=0x60" in line)
    rest, text.lines = text.lines[place:], text.lines[:place]
    text.kmalloc(obj(0x20, 7))
    text.lines += rest
    assert "SL105" not in [code for code, _ in codes(replay(text))]


def test_a_slab_asked_for_before_another_was_made_leaves_that_one_its_objects() -> None:
    text = SlabText()
    text.kmalloc(obj(0x10, 5))
    text.page(0x20, 1)
    text.page(0x30, 1)
    text.kmalloc(obj(0x20, 0))
    text.kmalloc(obj(0x20, 1))
    for slot in range(8):
        text.kmalloc(obj(0x30, slot))
    for slot in range(2, 8):
        text.kmalloc(obj(0x20, slot))
    ledger = replay(text)
    assert codes(ledger) == [("SL106", 7)]
    assert ledger.kind("address").matched == 14


def test_a_slab_made_while_two_objects_are_known_to_be_left_leaves_them() -> None:
    text = SlabText()
    text.kmalloc(obj(0x10, 5))
    text.page(0x20, 1)
    text.kmalloc(obj(0x20, 0))
    text.page(0x30, 1)
    for pfn in (0x30, 0x20):
        for slot in range(pfn == 0x20, 8):
            text.kmalloc(obj(pfn, slot))
    ledger = replay(text)
    assert codes(ledger) == [("SL106", 6)]
    assert ledger.kind("address").matched == 14


def test_events_off_after_a_slab_was_made_leave_its_objects_unknown() -> None:
    text = SlabText()
    text.kmalloc(obj(0x20, 0))
    text.page(0x30, 1)
    text.kmalloc(obj(0x30, 3), caller="tracepoint_add_func")
    twin = make_twin(text)
    twin.run()
    assert [slab.old for slab in twin.world.caches[0].cache.slabs.values()] == [True, True]
