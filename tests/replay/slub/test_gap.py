"""Where a lost line stood, from the order that lines have elsewhere."""

from __future__ import annotations

from tests.replay.slab_text import SlabText, obj
from tracekit.replay.slub.gap import Gaps

PATH = ("opens", "reads", "copies", "closes")


def repeated(times: int, without: int = -1) -> SlabText:
    """Let a path that allocates at four places run; in one run its second line is lost."""
    text = SlabText()
    for run in range(times):
        for slot, caller in enumerate(PATH):
            if (run, slot) != (without, 1):
                text.kmalloc(obj(0x10 + run, slot, 256 + slot), 256 + slot, caller=caller)
    return text


def key(gaps: Gaps, caller_size: int) -> list[int]:
    keys = gaps.stream.keys
    return [number for number, each in enumerate(keys) if each.size == caller_size]


def test_lines_that_elsewhere_have_another_between_them_show_the_gap() -> None:
    gaps = Gaps(repeated(5, without=4).stream())
    # the line is missed only three lines later; rows 16 and 17 are "opens" and "copies"
    assert gaps.place(15, 18, key(gaps, 257)) == 17


def test_without_a_gap_nothing_is_moved() -> None:
    gaps = Gaps(repeated(5).stream())
    assert gaps.place(15, 19, key(gaps, 257)) == 19


def test_a_gap_before_the_time_in_question_does_not_count() -> None:
    gaps = Gaps(repeated(5, without=4).stream())
    assert gaps.place(17, 18, key(gaps, 257)) == 18


def test_another_cache_is_not_missed_there() -> None:
    gaps = Gaps(repeated(5, without=4).stream())
    assert gaps.place(15, 18, key(gaps, 259)) == 18
