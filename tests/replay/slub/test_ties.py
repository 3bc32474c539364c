"""Lines of different cpus with one time stamp have no certain order."""

from __future__ import annotations

import pytest

from tests.replay.slab_text import SlabText, codes, obj, replay


def crossed(*, tied: bool, cpu: int = 1) -> SlabText:
    """Return a trace in which cpu 0 frees an object two lines before another cpu takes it."""
    text = SlabText()
    text.kmalloc(obj(0x10, 5))
    text.page(0x20, 1)
    for slot in range(3):
        text.kmalloc(obj(0x20, slot), cpu=cpu)
    first = text.kfree(obj(0x20, 3)) - 1
    text.kmalloc(obj(0x20, 3), cpu=cpu)
    if tied:
        time = text.lines[first].split(": ")[0].split()[-1]
        words = text.lines[first + 1].split()
        text.lines[first + 1] = text.lines[first + 1].replace(words[3], f"{time}:")
    text.kmalloc(obj(0x20, 4), cpu=cpu)
    return text


def test_an_object_of_another_cpu_may_be_freed_before_its_line() -> None:
    ledger = replay(crossed(tied=True))
    assert codes(ledger) == []
    assert ledger.kind("free").matched == 1
    assert ledger.kind("object").events == 6


@pytest.mark.parametrize("text", [crossed(tied=False), crossed(tied=True, cpu=0)])
def test_with_a_certain_order_the_free_is_wrong(text: SlabText) -> None:
    assert "SL203" in [code for code, _ in codes(replay(text))]
