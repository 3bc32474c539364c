"""A trace, whole: chunks of bytes to the columns of events/table.py, every line accounted for.

Lines are read in the fastest way that is at hand; what that way cannot read goes, one line at
a time and in its place, through SlowReader.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from tracekit.capture.errors import DamagedStreamError
from tracekit.events.columns import Finished, named, tables
from tracekit.events.table import COMMON, PREFIX, Counts, Kind, Trace
from tracekit.syntax.trace_slow import LONGEST_LINE, Sink, SlowReader

# called with the number of bytes read so far
Progress = Callable[[int], None]


class BulkReader(Sink, Protocol):
    """A way of reading whole chunks: the compiled scanner, or regular expressions in bulk.

    ``least`` is the number of bytes for which it is worth calling.
    """

    least: int
    kinds: tuple[Kind, ...]
    lines: int
    events: int
    ticks: bool

    def scan(
        self, data: bytes, begin: int, number: int, slow: SlowReader, /
    ) -> tuple[int, int]: ...
    def unknown(self) -> dict[bytes, int]: ...
    def texts(self) -> list[bytes]: ...
    def finish(self) -> Finished: ...


def read_trace(path: str, chunks: Iterable[bytes], progress: Progress | None = None) -> Trace:
    """Read the trace whose decompressed bytes ``chunks`` yields; ``path`` is what it is called.

    Memory beside the columns is bounded by the size of a chunk. No line raises: what cannot be
    read is counted and kept in ``unparsed``. Of an archive that ends early, what could be
    unpacked is read, and ``damage`` says so.
    """
    name, reader = bulk_reader()
    slow = SlowReader(reader)
    damage = ""
    with _collector_off():
        try:
            _feed(_gathered(chunks, reader.least), reader, slow, progress)
        except DamagedStreamError as error:
            damage = error.message
        slow.flush()
    trace = _trace(path, name, reader, slow)
    trace.damage, trace.cut = damage, slow.cut
    return trace


def bulk_reader() -> tuple[str, BulkReader]:
    """Return the fastest reader of this installation, and what it is called."""
    try:
        from tracekit.syntax._scanner import Scanner
    except ImportError:
        from tracekit.syntax.trace_bulk import ExpressionReader

        return "regular expressions", ExpressionReader()
    from tracekit.syntax.assemble import tables as programs

    return "compiled scanner", Scanner(programs())


def _feed(
    chunks: Iterable[bytes], reader: BulkReader, slow: SlowReader, progress: Progress | None
) -> None:
    done, number, rest = 0, 0, b""
    for chunk in chunks:
        done += len(chunk)
        begin = 0
        if rest:
            # only the line that the last chunk cut is put together, not whole chunks
            begin = chunk.find(b"\n") + 1
            rest += chunk[:begin] if begin else chunk
            if not begin:
                # no event is that long: what follows only has to be passed over
                rest = rest[: 2 * LONGEST_LINE]
                continue
            _, number = reader.scan(rest, 0, number, slow)
        used, number = reader.scan(chunk, begin, number, slow)
        rest = chunk[used:]
        if progress is not None:
            progress(done)
    if rest:
        slow.read_last(rest, number + 1)


def _gathered(chunks: Iterable[bytes], least: int) -> Iterator[bytes]:
    """Yield the same bytes in pieces of at least this size, and what is left at the end."""
    held: list[bytes] = []
    size = 0
    try:
        for chunk in chunks:
            held.append(chunk)
            size += len(chunk)
            if size >= least:
                yield b"".join(held)
                held, size = [], 0
    except DamagedStreamError:
        yield b"".join(held)
        raise
    yield b"".join(held)


@contextmanager
def _collector_off() -> Iterator[None]:
    """Bulk reading makes no cycles; looking for them costs a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _trace(path: str, name: str, reader: BulkReader, slow: SlowReader) -> Trace:
    finished = reader.finish()
    return Trace(
        path,
        reader.kinds,
        named(COMMON, finished[0]),
        named(PREFIX, finished[1]),
        tables(reader.kinds, finished),
        [text.decode("utf-8", "replace") for text in reader.texts()],
        _counts(reader, slow.counts),
        slow.header,
        slow.unparsed,
        slow.losses,
        slow.markers,
        counting_clock=reader.ticks or slow.ticks,
        reader=name,
    )


def _counts(reader: BulkReader, counts: Counts) -> Counts:
    """Add what the bulk reader read to what went through the slow one."""
    counts.slow = counts.lines
    counts.lines += reader.lines
    counts.events += reader.events
    for raw, seen in reader.unknown().items():
        name = raw.decode("utf-8", "replace")
        counts.unknown[name] = counts.unknown.get(name, 0) + seen
    return counts
