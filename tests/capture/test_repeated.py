"""Lines that a console printed twice."""

from __future__ import annotations

from tests.capture.fragments import MESSAGES
from tracekit.capture.prefixes import Messages
from tracekit.capture.repeated import drop_repeated

Line = tuple[float | None, str]
TAKEOVER: Line = (0.02, "printk: console [ttyS0] enabled")
EARLY: list[Line] = [*MESSAGES[:30], TAKEOVER]


def left(lines: list[Line]) -> list[Line]:
    messages = Messages()
    for number, (time, text) in enumerate(lines, 1):
        messages.add(number, time, text, True, 1)
    removed = drop_repeated(messages)
    assert removed == len(lines) - len(messages.texts)
    return list(zip(messages.times, messages.texts, strict=True))


def test_every_line_twice() -> None:
    assert left([line for line in MESSAGES for _ in range(2)]) == MESSAGES


def test_twice_for_a_while_only() -> None:
    lines: list[Line] = [*[line for line in EARLY for _ in range(2)], *MESSAGES[30:]]
    assert left(lines) == [*EARLY, *MESSAGES[30:]]


def test_whole_buffer_again() -> None:
    assert left([*EARLY, *EARLY, *MESSAGES[30:]]) == [*EARLY, *MESSAGES[30:]]


def test_buffer_again_without_the_head_that_it_had_lost() -> None:
    assert left([*EARLY, *EARLY[8:], *MESSAGES[30:]]) == [*EARLY, *MESSAGES[30:]]


def test_what_merely_looks_repeated_stays() -> None:
    dumps: list[Line] = [(0.0, f" reserved[{n:#x}]\t[0x1-0x2]") for n in range(30)] * 2
    same: list[Line] = [(None, "the same again")] * 40
    few: list[Line] = [line for line in MESSAGES[:5] for _ in range(2)]
    reboot: list[Line] = [*EARLY, (5.0, "reboot: Restarting system"), *EARLY]
    for lines in (dumps, same, few, reboot, list(MESSAGES), []):
        assert left(lines) == lines


def test_pairs_of_different_times_stay() -> None:
    lines: list[Line] = [(n + half / 2, f"line {n}") for n in range(20) for half in range(2)]
    assert left(lines) == lines
