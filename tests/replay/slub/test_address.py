"""Which object comes next, where lines and lists are not in step."""

from __future__ import annotations

from tests.replay.slab_text import SlabText, codes, obj, replay


def interrupted(context: str) -> SlabText:
    """Return a trace where objects 2 and 5 are freed in lines of `context`, behind object 3's."""
    text = SlabText()
    text.kmalloc(obj(0x10, 5))
    text.page(0x20, 1)
    for slot in range(8):
        text.kmalloc(obj(0x20, slot))
    text.kfree(obj(0x20, 3))
    for slot in (2, 5):
        line = text.kfree(obj(0x20, slot)) - 1
        text.lines[line] = text.lines[line].replace(".....", context)
    for slot in (3, 5, 2):
        text.kmalloc(obj(0x20, slot))
    return text


def test_a_free_that_an_interrupt_held_up_reaches_its_list_last() -> None:
    ledger = replay(interrupted("..s.."))
    assert codes(ledger) == []
    assert ledger.kind("address").inferred == 1


def test_without_an_interrupt_each_object_out_of_turn_needs_an_explanation() -> None:
    assert replay(interrupted(".....")).kind("address").inferred == 3
