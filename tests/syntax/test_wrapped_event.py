from __future__ import annotations

import pytest

from tracekit.syntax.wrapped_event import MOST_LINES, WrappedEvent, join, unquote


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        ([b"kfree:", b"  ptr=1"], b"kfree: ptr=1"),
        ([b"> > kfree:", b">   ptr=1  "], b"kfree: ptr=1"),
        ([b"a=3D1 b=3D2=", b"3 c=3D4=", b" d=3D5"], b"a=1 b=23 c=4 d=5"),
        ([b"name=", b"x"], b"name= x"),
    ],
)
def test_pieces_are_joined_as_they_were_cut(lines: list[bytes], joined: bytes) -> None:
    assert join(lines) == joined


def test_only_quote_marks_are_taken_off() -> None:
    assert unquote(b"| > bash-1") == b"bash-1"
    assert unquote(b"  <idle>-0") == b"  <idle>-0"


def test_an_event_has_a_bounded_number_of_pieces() -> None:
    event = WrappedEvent()
    assert not event
    for number in range(MOST_LINES):
        assert not event.full
        event.add(number, b"x")
    assert event.full
    assert len(event.take()) == MOST_LINES
    assert not event
