"""A trace's header and chunks."""

from __future__ import annotations

import io
import lzma

import pytest

from tracekit.capture.streams import Source
from tracekit.capture.trace import trace_source

HEADER = "# tracer: nop\n#\n# entries-in-buffer/entries-written: 2/2   #P:1\n"
EVENTS = "  sh-1  [000] .....  1.000001: kfree: call_site=f+0x1/0x2 ptr=0x1\n" * 5000


def test_header_and_chunks() -> None:
    data = (HEADER + EVENTS).encode()
    trace = trace_source(Source("t.xz", lambda: io.BytesIO(lzma.compress(data))))
    assert trace.header == tuple(HEADER.splitlines())
    assert trace.path == "t.xz"
    for _ in range(2):
        chunks = list(trace.chunks(1000))
        assert b"".join(chunks) == data
        assert max(map(len, chunks)) <= 1000


def test_no_header() -> None:
    assert trace_source(Source("t", lambda: io.BytesIO(EVENTS.encode()))).header == ()


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_as_what_it_says(codec: str) -> None:
    data = (HEADER + EVENTS).encode(codec)
    trace = trace_source(Source("t", lambda: io.BytesIO(data)))
    assert trace.header == tuple(HEADER.splitlines())
    assert b"".join(trace.chunks(1001)) == (HEADER + EVENTS).encode()


def test_escape_sequences_are_taken_out_wherever_a_piece_ends() -> None:
    data = ("\ufeff" + HEADER + EVENTS.replace("  sh", "\x1b[01;31m  sh\x1b[0m")).encode()
    trace = trace_source(Source("t", lambda: io.BytesIO(data)))
    for size in (977, 4096, 1 << 20):
        assert b"".join(trace.chunks(size)) == (HEADER + EVENTS).encode()
