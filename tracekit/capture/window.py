"""Reads the bytes of a log within bounded memory, however large the file is."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.capture.errors import CaptureError, DamagedStreamError
from tracekit.capture.streams import Source
from tracekit.capture.text import check_text, count_lines

_HEAD = 1 << 16
_MOST_BYTES = 64 << 20
_MOST_LINES = 300_000
_SILENT = 8 << 20
_CONTEXT = 1 << 15
_BANNER = b"Linux version "
_EVIDENCE = (_BANNER, b"kernel: ", b"memblock", b"[    ", b"[   1", b"Memory: ", b"BIOS-e820")


@dataclass(slots=True)
class Window:
    """The part of a log that is looked at: all of it unless the file is very large.

    ``skipped`` is the number of lines before ``data``, ``lines`` the number in all.
    """

    data: bytes = b""
    skipped: int = 0
    lines: int = 0
    problems: list[str] = field(default_factory=list)


def read_window(source: Source) -> Window:
    """Return the bytes of a log, of a huge one those from its last boot on.

    Raises CaptureError for what is no text, empty, or holds nothing that a kernel prints.
    """
    check_text(source.name, source.head(_HEAD))
    window, held, seen = Window(), bytearray(), 0
    heard = full = False
    try:
        for chunk in source.chunks():
            seen += len(chunk)
            heard = heard or any(sign in chunk for sign in _EVIDENCE) or chunk.count(0) > 99
            if not heard and seen > _SILENT:
                raise CaptureError(source.name, "holds nothing that a Linux kernel prints.")
            banner = chunk.rfind(_BANNER)
            if full and banner < 0:
                window.lines += chunk.count(b"\n")
                continue
            held += chunk
            if len(held) > _MOST_BYTES:
                window.skipped += _forget_older_boots(held)
            full = len(held) > _MOST_BYTES
    except DamagedStreamError as error:
        window.problems.append(f"The file is cut or broken: {error.message}")
    if not held:
        raise CaptureError(source.name, "is compressed, but nothing of it can be unpacked.")
    return _finish(window, held)


def _forget_older_boots(held: bytearray) -> int:
    """Drop what stands well before the last version banner; return how many lines that was."""
    banner = held.rfind(_BANNER)
    start = held.rfind(b"\n", 0, max(banner - _CONTEXT, 0)) + 1
    dropped = held.count(b"\n", 0, start)
    del held[:start]
    return dropped


def _finish(window: Window, held: bytearray) -> Window:
    if held.count(b"\n") > _MOST_LINES:
        window.skipped += _forget_older_boots(held)
    window.lines += window.skipped + count_lines(bytes(held))
    kept = bytes(held[:_MOST_BYTES])
    if kept.count(b"\n") > _MOST_LINES:
        kept = b"\n".join(kept.split(b"\n", _MOST_LINES)[:_MOST_LINES]) + b"\n"
    if window.lines > window.skipped + count_lines(kept):
        last = window.skipped + kept.count(b"\n")
        window.problems.append(f"The file is very large; what follows line {last} was not read.")
    if window.skipped:
        window.problems.append(
            f"The file is very large; lines 1 to {window.skipped}, before its last boot, "
            "were not read."
        )
    window.data = kept
    return window
