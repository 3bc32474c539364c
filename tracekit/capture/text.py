"""Bytes of a log -> physical lines of text, without what terminals and editors put in."""

from __future__ import annotations

import re

from tracekit.capture.errors import CaptureError

_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\x1b\b\f\v\0")) + b"\x7f"
# random bytes hold over ten per cent of control characters, a garbled serial line far fewer
_CONTROL_SHARE = 0.05
_LONGEST_LINE = 1 << 16
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # colours and cursor movements
    r"|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # window titles
    r"|[ -/]*[0-~])?"
)

_BYTE_ESCAPES = re.compile(_ESCAPES.pattern.encode())


def check_text(name: str, head: bytes) -> None:
    """Raise CaptureError where the first bytes of ``name`` cannot be the text of a log."""
    if not head:
        raise CaptureError(name, "is empty.", "Capture the log again, e.g. 'dmesg > dmesg.log'.")
    if not head.strip(b"\0"):
        raise CaptureError(name, "holds only NUL bytes.", "Its disk blocks were never written.")
    if not is_text(head):
        raise CaptureError(name, "is binary data, not the text of a log.")


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file can be the text of a log."""
    if encoding(head) is not None:
        return True
    visible = head.replace(b"\0", b"")
    controls = len(visible) - len(visible.translate(None, _CONTROL))
    if not visible or controls > _CONTROL_SHARE * len(visible):
        return False
    return b"\n" in head or len(head) < _LONGEST_LINE


def encoding(head: bytes) -> str | None:
    """Return the UTF-16 codec that ``head`` is written in, or None for anything else."""
    by_mark = _UTF16.get(head[:2])
    if by_mark or len(head) < 4:
        return by_mark
    sample = head[:4096]
    high, low = sample[0::2].count(0), sample[1::2].count(0)
    if low > 0.4 * len(sample) and high < 0.05 * len(sample):
        return "utf-16-le"
    if high > 0.4 * len(sample) and low < 0.05 * len(sample):
        return "utf-16-be"
    return None


def decode(data: bytes) -> str:
    """Return the text of ``data``; bytes that are no UTF-8 stay visible as ``\\xNN``."""
    utf16 = encoding(data)
    return _clean(data.decode(utf16 or "utf-8", "replace" if utf16 else "backslashreplace"))


def _clean(text: str) -> str:
    """Drop colour codes, marks and NULs; the number of newlines stays what it was."""
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii():
        text = text.replace("\ufeff", "").replace("\u00a0", " ")
    if "\b" in text:
        text = text.replace("\b", "")
    return text


def without_escapes(data: bytes) -> bytes:
    """Return the bytes without what a terminal takes as colours, titles and movements."""
    return _BYTE_ESCAPES.sub(b"", data) if b"\x1b" in data else data


def numbered_lines(text: str) -> tuple[list[str], list[int]]:
    """Return the lines of ``text`` without line ends, and each one's 1-based number.

    Only a newline counts as a line end; a carriage return inside a line, as terminals
    overwrite prompts with, parts it into two lines of the same number.
    """
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    numbers = list(range(1, len(lines) + 1))
    if "\r" not in text:
        return lines, numbers
    parted = [
        (part, number)
        for line, number in zip(lines, numbers, strict=True)
        for part in _visible_parts(line)
    ]
    return [part for part, _ in parted], [number for _, number in parted]


def _visible_parts(line: str) -> list[str]:
    if "\r" not in line:
        return [line]
    return [part for part in line.split("\r") if part] or [""]


def count_lines(data: bytes) -> int:
    """Return the number of lines in ``data``, a last one without a line end included."""
    utf16 = encoding(data)
    if utf16:
        return count_lines(data.decode(utf16, "replace").encode())
    return data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
