"""A trace of kernel events as found: its header, and its bytes in bounded pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tracekit.capture.streams import CHUNK, Source
from tracekit.capture.text import decode, encoding, without_escapes

_HEADER_BYTES = 1 << 14
_MARK = b"\xef\xbb\xbf"
_ESCAPE = b"\x1b"


@dataclass(frozen=True, slots=True)
class TraceSource:
    """A trace that is read in pieces, as often as wanted; it is never held as a whole.

    ``header`` are the lines at its very beginning that start with ``#``. ``codec`` is the
    UTF-16 that it is written in, None for plain bytes; ``captured`` says that a terminal's
    escape sequences stand between its lines.
    """

    path: str
    header: tuple[str, ...]
    source: Source
    codec: str | None = None
    captured: bool = False

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """Yield the decompressed bytes in pieces cut anywhere, a plain trace's of at most ``size``.

        They are in UTF-8, without escape sequences; newlines stay what they were. Raises
        DamagedStreamError after the last good bytes of a cut or broken archive.
        """
        chunks = self.source.chunks(size)
        if self.codec is not None:
            chunks = _recoded(chunks, self.codec)
        return _uncoloured(chunks) if self.captured else chunks


def _recoded(chunks: Iterator[bytes], codec: str) -> Iterator[bytes]:
    from codecs import getincrementaldecoder

    decoder = getincrementaldecoder(codec)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).replace("\ufeff", "").encode()
    yield decoder.decode(b"", final=True).encode()


def _uncoloured(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield whole lines without escape sequences and the mark that some editors put first."""
    rest = b""
    for chunk in chunks:
        whole, newline, rest = (rest + chunk).rpartition(b"\n")
        yield without_escapes((whole + newline).removeprefix(_MARK))
    yield without_escapes(rest)


def trace_source(source: Source) -> TraceSource:
    """Return the trace that ``source`` holds, its header read."""
    header = []
    head = source.head(_HEADER_BYTES)
    for line in decode(head).split("\n")[:-1]:
        if not line.startswith("#"):
            break
        header.append(line.rstrip())
    captured = _ESCAPE in head or head.startswith(_MARK)
    return TraceSource(source.name, tuple(header), source, encoding(head), captured)
