"""Large files within bounded memory."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator

import pytest

from tests.capture.fragments import DMESG
from tracekit.capture import window
from tracekit.capture.errors import CaptureError
from tracekit.capture.log import read_log
from tracekit.capture.streams import ChunkReader, Source
from tracekit.capture.window import read_window


def repeated(piece: bytes, times: int) -> Source:
    def chunks() -> Iterator[bytes]:
        for _ in range(times):
            yield piece

    return Source("big", lambda: ChunkReader(chunks()))


def test_small_file_is_read_whole() -> None:
    found = read_window(Source("x", lambda: io.BytesIO(DMESG.encode())))
    assert (found.data, found.skipped, found.problems) == (DMESG.encode(), 0, [])
    assert found.lines == DMESG.count("\n")


def test_noise_is_refused_early_and_in_little_memory() -> None:
    noise = repeated(b"it was a dark and stormy night, again and again\n" * 2000, 1100)
    tracemalloc.start()
    with pytest.raises(CaptureError, match="holds nothing that a Linux kernel prints"):
        read_window(noise)
    assert tracemalloc.get_traced_memory()[1] < 40 << 20
    tracemalloc.stop()


def test_last_boot_of_a_huge_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "_MOST_BYTES", 200_000)
    monkeypatch.setattr(window, "_CONTEXT", 1000)
    chatter = "[  100.000000] chatter: nothing of interest here\n" * 1000
    log = read_log(repeated((DMESG + chatter).encode(), 30))
    per_boot = DMESG.count("\n") + 1000
    assert log.physical_lines == 30 * per_boot
    assert log.lines[0].number == 29 * per_boot + 1
    assert log.lines[0].text.startswith("Linux version")
    assert any("very large" in problem for problem in log.problems)


def test_endless_chatter_after_a_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "_MOST_BYTES", 100_000)
    chatter = b"[  100.000000] chatter: nothing of interest here\n" * 4000
    log = read_log(Source("x", lambda: io.BytesIO(DMESG.encode() + chatter)))
    assert log.lines[0].text.startswith("Linux version")
    assert not log.complete
    assert log.physical_lines == DMESG.count("\n") + 4000


def test_very_many_short_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "_MOST_LINES", 500)
    found = read_window(Source("x", lambda: io.BytesIO(DMESG.encode() + b"x\n" * 9000)))
    assert found.data.count(b"\n") == 500
    assert "what follows line 500 was not read" in found.problems[0]
    assert found.lines == DMESG.count("\n") + 9000


def test_last_of_many_boots_within_the_byte_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "_MOST_LINES", 500)
    monkeypatch.setattr(window, "_CONTEXT", 100)
    log = read_log(Source("x", lambda: io.BytesIO(DMESG.encode() * 40)))
    assert log.lines[0].number == 39 * DMESG.count("\n") + 1
