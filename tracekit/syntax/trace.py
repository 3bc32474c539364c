"""A trace, whole: chunks of bytes to the columns of events/table.py, every line accounted for.

Lines are read in the fastest way that is at hand; what that way cannot read goes, one line at
a time and in its place, through SlowReader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tracekit.events.columns import Columns
from tracekit.events.table import Trace
from tracekit.syntax.kinds import kinds
from tracekit.syntax.trace_slow import SlowReader

# called with the number of bytes read so far
Progress = Callable[[int], None]


def read_trace(path: str, chunks: Iterable[bytes], progress: Progress | None = None) -> Trace:
    """Read the trace whose decompressed bytes ``chunks`` yields; ``path`` is what it is called.

    Memory beside the columns is bounded by the size of a chunk. No line raises: what cannot
    be read is counted and kept in ``unparsed``.
    """
    columns = Columns(kinds())
    slow = SlowReader(columns)
    done, number, rest = 0, 0, b""
    for chunk in chunks:
        done += len(chunk)
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        for line in lines:
            number += 1
            slow.read(line, number)
        if progress is not None:
            progress(done)
    if rest:
        slow.read(rest, number + 1)
    slow.finish()
    return slow.trace(path, "regular expressions")
