"""Bytes to lines: encodings, control characters, numbering."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.capture.errors import CaptureError
from tracekit.capture.text import check_text, count_lines, decode, encoding, is_text, numbered_lines


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"", "is empty"),
        (bytes(5000), "holds only NUL bytes"),
        (b"\x7fELF\x02\x01\x01" + bytes(range(32)) * 9, "is binary data"),
        (os.urandom(1 << 16), "is binary data"),
        (b"x" * (1 << 16), "is binary data"),
    ],
    ids=["empty", "NUL", "ELF", "noise", "x"],
)
def test_what_is_no_log(head: bytes, reason: str) -> None:
    with pytest.raises(CaptureError, match=reason):
        check_text("x", head)


@pytest.mark.parametrize(
    "head",
    [
        b"[    0.000000] Linux version\n",
        b"one line without its end",
        bytes(300) + b"[    0.000000] Linux version\n" * 20,
        b"\x1b[32mgreen\x1b[0m\r\n",
        "Größe 10 €, naïve\n".encode("latin-1", "replace"),
        "Linux version 6.1\n".encode("utf-16"),
    ],
)
def test_what_can_be_a_log(head: bytes) -> None:
    check_text("x", head)
    assert is_text(head)


@pytest.mark.parametrize(
    ("data", "codec"),
    [
        ("Linux".encode("utf-16-le"), "utf-16-le"),
        ("Linux".encode("utf-16-be"), "utf-16-be"),
        (b"\xff\xfeL\0", "utf-16-le"),
        (b"Linux", None),
        (b"Li\0nux version", None),
        (bytes(40), None),
    ],
)
def test_encoding(data: bytes, codec: str | None) -> None:
    assert encoding(data) == codec


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbfLinux", "Linux"),
        (b"a\xffb\xc3\xa9", "a\\xffb\u00e9"),
        (b"\x1b[1;32mok\x1b[0m \x1b]0;title\x07x\x1b[K", "ok x"),
        (b"a\0b\0", "ab"),
        ("[\u00a0 0.1]".encode(), "[  0.1]"),
        (b"tab\tstays", "tab\tstays"),
    ],
)
def test_decode(data: bytes, text: str) -> None:
    assert decode(data) == text


def test_carriage_returns_part_lines_but_do_not_number_them() -> None:
    lines, numbers = numbered_lines("a\r\n\r\nlogin: \r[1] b\r\r\n\n\rc")
    assert lines == ["a", "", "login: ", "[1] b", "", "c"]
    assert numbers == [1, 2, 3, 3, 4, 5]


def test_only_newlines_end_lines() -> None:
    lines, numbers = numbered_lines("a\x0bb\x0cc\u2028d\x85e\nf")
    assert lines == ["a\x0bb\x0cc\u2028d\x85e", "f"]
    assert numbers == [1, 2]


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\x1b"), max_size=9)))
def test_count_agrees_with_numbering(texts: list[str]) -> None:
    data = "".join(text + "\n" for text in texts).encode("utf-8", "replace")
    if encoding(data) is None:
        assert count_lines(data) == len(texts) == len(numbered_lines(decode(data))[0])


def test_count_of_a_last_line_without_end() -> None:
    assert count_lines(b"") == 0
    assert count_lines(b"a") == 1
    assert count_lines(b"a\nb") == count_lines("a\nb\n".encode("utf-16")) == 2
