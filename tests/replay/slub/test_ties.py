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


def test_the_object_that_is_freed_is_the_last_that_the_other_cpu_took() -> None:
    text = crossed(tied=True)
    last = len(text.lines) - 2
    again = text.lines[last]
    text.kfree(obj(0x20, 3), cpu=1)
    freed = text.lines.pop()
    time = again.split(": ")[0].split()[-1]
    freed = freed.replace(freed.split()[3], f"{time}:")
    text.lines[last + 1 : last + 1] = [freed, again]
    assert codes(replay(text)) == []


@pytest.mark.parametrize("text", [crossed(tied=False), crossed(tied=True, cpu=0)])
def test_with_a_certain_order_the_free_is_wrong(text: SlabText) -> None:
    assert "SL203" in [code for code, _ in codes(replay(text))]


def held(*, tied: bool, freed: bool = True) -> SlabText:
    """Return a trace in which cpu 1 uses for a while what cpu 0 has taken some lines before."""
    text = SlabText()
    text.kmalloc(obj(0x10, 5))
    text.page(0x20, 1)
    for slot in range(3):
        text.kmalloc(obj(0x20, slot))
    first = len(text.lines) - 1
    text.kmalloc(obj(0x20, 2), cpu=1)
    if freed:
        text.kfree(obj(0x20, 2), cpu=1)
    time = text.lines[first].split(": ")[0].split()[-1]
    for place in range(first + 1, len(text.lines)) if tied else ():
        words = text.lines[place].split()
        text.lines[place] = text.lines[place].replace(words[3], f"{time}:")
    text.kmalloc(obj(0x20, 3))
    return text


def test_an_object_may_have_gone_before_a_line_of_another_cpu_takes_it() -> None:
    ledger = replay(held(tied=True))
    assert codes(ledger) == []
    assert ledger.kind("free").matched == 1
    assert ledger.kind("object").matched == ledger.kind("object").events == 6


@pytest.mark.parametrize("text", [held(tied=False), held(tied=True, freed=False)])
def test_an_object_that_nobody_gave_back_is_in_use(text: SlabText) -> None:
    text.kfree(obj(0x20, 2))
    text.kfree(obj(0x20, 2))
    assert {"SL102", "SL201"} & {code for code, _ in codes(replay(text))}
