"""Whatever form a log was saved in, the same boot comes out of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import boots
from tests.capture.fragments import DMESG, MESSAGES
from tests.capture.transports import TRANSPORTS, Message, Sent, messages_of
from tracekit.capture.errors import CaptureError
from tracekit.capture.line import Log
from tracekit.capture.log import read_log
from tracekit.capture.streams import Source


def log_of(data: bytes) -> Log:
    return read_log(Source("x.log", lambda: io.BytesIO(data)))


def squeezed(text: str) -> str:
    return " ".join(text.split())


def check(sent: Sent, messages: Sequence[Message]) -> Log:
    log = log_of(sent.data)
    found = {line.number: (line.time, squeezed(line.text)) for line in log.lines}
    for number, (time, text) in zip(sent.numbers, messages, strict=True):
        assert found.get(number) == (time if sent.timed else None, squeezed(text))
    return log


@pytest.mark.parametrize("name", TRANSPORTS)
def test_fragment_in_every_transport(name: str) -> None:
    sent = TRANSPORTS[name](MESSAGES)
    log = check(sent, MESSAGES)
    assert log.complete == (name != "diff"), log.problems
    extra = {line.number for line in log.lines} - set(sent.numbers)
    assert len(extra) <= 4
    assert log.physical_lines >= max(sent.numbers)


@cache
def captured_logs() -> list[list[Message]]:
    """The messages of every captured boot whose lines have times."""
    texts = ((folder / "dmesg.log").read_bytes() for folder in boots.boot_folders())
    logs = (messages_of(text.decode("utf-8", "backslashreplace")) for text in texts)
    return [messages for messages in logs if messages]


@pytest.mark.parametrize("name", TRANSPORTS)
def test_captured_boot_in_every_transport(name: str) -> None:
    logs = captured_logs()
    if not logs:
        pytest.skip("no captured boot at hand: the fragment above stands in for one")
    messages = logs[list(TRANSPORTS).index(name) * 7 % len(logs)]
    check(TRANSPORTS[name](messages), messages)


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (TRANSPORTS["plain"], "dmesg"),
        (TRANSPORTS["raw"], "dmesg -r"),
        (TRANSPORTS["wall_clock"], "dmesg -T"),
        (TRANSPORTS["syslog"], "syslog"),
        (TRANSPORTS["journal_json"], "journal-json"),
        (TRANSPORTS["serial"], "serial"),
        (TRANSPORTS["quoted"], "mail"),
        (TRANSPORTS["wrapped"], "wrapped"),
        (TRANSPORTS["no_prefix"], "no prefix"),
    ],
)
def test_transport_is_named(form: Callable[[Sequence[Message]], Sent], name: str) -> None:
    assert log_of(form(MESSAGES).data).transport == name


def test_whole_message_is_kept_with_its_leading_blanks() -> None:
    texts = [line.text for line in log_of(DMESG.encode()).lines]
    assert texts == [text for _, text in MESSAGES]


def test_last_complete_boot_is_chosen_and_the_others_are_named() -> None:
    data = (DMESG + "[    9.000000] reboot: Restarting system\n" + DMESG + DMESG[:200]).encode()
    log = log_of(data)
    count = len(MESSAGES)
    assert log.lines[0].number == count + 2
    assert len(log.lines) == count
    assert log.other_boots == ((1, count + 1), (2 * count + 2, data.count(b"\n") + 1))
    assert f"lines 1 to {count + 1}" in log.problems[-1]
    assert log.complete


def test_head_and_tail_of_other_boots_do_not_make_this_one_incomplete() -> None:
    tail = "[  500.000000] eth0: link down\n[  500.100000] reboot: Restarting system\n"
    log = log_of((tail + DMESG).encode())
    assert (log.lines[0].number, log.other_boots, log.complete) == (3, ((1, 2),), True)


MUTATIONS = st.lists(
    st.tuples(st.integers(0, len(DMESG)), st.integers(0, 40), st.binary(max_size=12)), max_size=12
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(TRANSPORTS)), MUTATIONS)
def test_damaged_bytes_never_crash(name: str, mutations: list[tuple[int, int, bytes]]) -> None:
    data = bytearray(TRANSPORTS[name](MESSAGES).data)
    for at, length, inserted in mutations:
        data[at : at + length] = inserted
    try:
        log = log_of(bytes(data))
    except CaptureError:
        return
    numbers = [line.number for line in log.lines]
    assert numbers == sorted(numbers)
    assert not numbers or 1 <= numbers[0] <= numbers[-1] <= log.physical_lines


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=4000))
def test_any_bytes_are_a_log_or_a_capture_error(data: bytes) -> None:
    try:
        log = log_of(data)
    except CaptureError:
        return
    assert log.physical_lines >= 1


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=2000))
def test_no_visible_text_is_lost(text: str) -> None:
    try:
        log = log_of((DMESG + text).encode("utf-8", "replace"))
    except CaptureError:
        return
    kept = [line.text for line in log.lines][: len(MESSAGES) - 1]
    if not log.other_boots:
        assert kept == [message for _, message in MESSAGES][:-1]
