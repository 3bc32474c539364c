"""Objects that only look passed over: their line comes after an interrupt's or a task's."""

from __future__ import annotations

from tests.replay.slab_text import SlabText, codes, obj, replay


def preempted(*, freed: bool = False, late: bool = True) -> SlabText:
    """Return a trace in which slot 2 is taken, but its line comes after those of 3 to 6."""
    text = SlabText()
    text.kmalloc(obj(0x10, 5))
    text.page(0x20, 1)
    for slot in range(8):
        text.kmalloc(obj(0x20, slot))
    text.page(0x40, 1)
    for slot in (0, 1, 3, 4, 5, 6):
        text.kmalloc(obj(0x40, slot))
    if freed:
        text.kfree(obj(0x40, 2))
    if late:
        text.kmalloc(obj(0x40, 2))
        text.kmalloc(obj(0x40, 7))
    return text


def test_an_object_that_a_line_takes_after_all_was_not_lost() -> None:
    assert codes(replay(preempted())) == []


def test_an_object_that_somebody_had_was_lost() -> None:
    assert [code for code, _ in codes(replay(preempted(freed=True)))] == ["SL105"]
    assert [code for code, _ in codes(replay(preempted(late=False)))] == ["SL105"]
