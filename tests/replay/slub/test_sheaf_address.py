"""Made-up traces of a kernel with sheaves."""

from __future__ import annotations

from tests.replay.slab_text import SlabText, codes, make_twin, obj, replay
from tracekit.replay.slub.desk import SlubRules
from tracekit.replay.slub.sheaf_address import FILLED_UNSEEN, FLUSHED

SHEAVES = SlubRules(sheaves=True, shuffled=False)


def refilled() -> SlabText:
    """A sheaf of kmalloc-1k holds 12 objects: all 8 of a first slab, and 4 of a second."""
    text = SlabText()
    text.page(0x10, 1)
    text.kmalloc(obj(0x10, 0))
    text.page(0x20, 1)
    text.page(0x40, 1)
    for slot in (3, 2, 1, 0):
        text.kmalloc(obj(0x40, slot))
    return text


def test_a_sheaf_leaves_last_first_and_takes_frees_on_top() -> None:
    text = refilled()
    text.kfree(obj(0x40, 2))
    text.kmalloc(obj(0x40, 2))
    ledger = replay(text, SHEAVES)
    assert codes(ledger) == []
    assert ledger.kind("address").matched >= 1


def test_an_object_that_was_passed_over_is_noted() -> None:
    text = refilled()
    for slot in (3, 2, 1):
        text.kfree(obj(0x40, slot))
    line = text.kmalloc(obj(0x40, 3))
    for slot in (4, 5, 6):
        text.kmalloc(obj(0x10, slot))
    ledger = replay(text, SHEAVES)
    assert codes(ledger) == [("SL105", line)]
    assert ledger.divergences[0].severity == "note"


def test_a_free_printed_before_an_earlier_allocation_is_no_fault() -> None:
    text = refilled()
    for slot in (3, 2):
        text.kfree(obj(0x40, slot))
    text.lines[-1] = text.lines[-1].replace("] .....", "] ..s..")
    text.kmalloc(obj(0x40, 3))
    ledger = replay(text, SHEAVES)
    assert codes(ledger) == []
    assert ledger.kind("address").inferred == 1


def test_a_shrunk_cache_is_learned_anew() -> None:
    text = refilled()
    text.kfree(obj(0x40, 2))
    text.lines.append(text.lines[-1].replace("freer", "flush_cpu_sheaves").replace("2800", "6800"))
    text.kmalloc(obj(0x40, 3))
    twin = make_twin(text, SHEAVES)
    assert twin.desk.stream.flushes
    twin.run()
    assert twin.desk.unchecked["address", FLUSHED] + twin.desk.unchecked["address", FILLED_UNSEEN]
