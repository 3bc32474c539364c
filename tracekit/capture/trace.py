"""A trace of kernel events as found: its header, and its bytes in bounded pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tracekit.capture.streams import CHUNK, Source
from tracekit.capture.text import decode

_HEADER_BYTES = 1 << 14


@dataclass(frozen=True, slots=True)
class TraceSource:
    """A trace that is read in pieces, as often as wanted; it is never held as a whole.

    ``header`` are the lines at its very beginning that start with ``#``.
    """

    path: str
    header: tuple[str, ...]
    source: Source

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """Yield the decompressed bytes in pieces of at most ``size``, cut anywhere.

        Raises DamagedStreamError after the last good bytes of a cut or broken archive.
        """
        return self.source.chunks(size)


def trace_source(source: Source) -> TraceSource:
    """Return the trace that ``source`` holds, its header read."""
    header = []
    for line in decode(source.head(_HEADER_BYTES)).split("\n")[:-1]:
        if not line.startswith("#"):
            break
        header.append(line.rstrip())
    return TraceSource(source.name, tuple(header), source)
