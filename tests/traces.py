"""Traces for tests: lines made from the grammar, and ways of reading them line by line."""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from pathlib import Path

from hypothesis import strategies as st

from tracekit.events.table import Trace
from tracekit.syntax import trace as trace_module
from tracekit.syntax.pattern import Choice, Field, Literal, Pattern, Repeat, Sequence, Token
from tracekit.syntax.trace_bulk import ExpressionReader

FRAME = b"          <idle>-0       [000] d..1.     0.000000: "
# Terminals whose expression looks ahead, or that the test wants livelier than at random.
LIVELY = {
    "NAME": r"[A-Za-z][A-Za-z0-9_.:-]{0,14}(?: [a-z]{1,4})?",
    "CALL_SITE": r"[a-z_][a-z0-9_.]{0,20}\+0x[0-9a-f]{1,3}/0x[0-9a-f]{1,4}(?: \[[a-z]{1,8}\])?",
    "WORD": r"[A-Z_]{1,12}(?:\|[A-Z_]{1,12}){0,3}|0x[0-9a-f]{1,8}",
    "LAST_NAME": r"[a-z][a-z0-9_-]{0,12}",
    "EXTRA": r"x_[a-z]{1,6}=[a-z0-9]{0,5}",
    "SP": r" {1,14}",
}


def lines(pattern: Pattern) -> st.SearchStrategy[str]:
    """Return a strategy for the texts of a pattern."""
    match pattern:
        case Literal():
            return st.just(pattern.text)
        case Token():
            regex = LIVELY.get(pattern.name, pattern.regex)
            return st.from_regex(regex, fullmatch=True, alphabet=st.characters(max_codepoint=126))
        case Field():
            return lines(pattern.inner)
        case Sequence():
            return st.tuples(*map(lines, pattern.parts)).map("".join)
        case Choice():
            return st.one_of(*map(lines, pattern.options))
        case Repeat():
            least, most = {"?": (0, 1), "*": (0, 3), "+": (1, 4)}[pattern.operator]
            inner = st.lists(lines(pattern.inner), min_size=least, max_size=most)
            return inner.map("".join)


def read(data: bytes, size: int = 1 << 20, compiled: bool = True) -> Trace:
    """Read a trace from chunks of ``size``, by the best reader or by expressions alone."""
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    if compiled:
        return trace_module.read_trace("test", chunks)
    fastest = trace_module.bulk_reader
    trace_module.bulk_reader = lambda: ("regular expressions", ExpressionReader())
    try:
        return trace_module.read_trace("test", chunks)
    finally:
        trace_module.bulk_reader = fastest


def compiled_scanner() -> bool:
    """Whether the compiled scanner is installed."""
    return trace_module.bulk_reader()[0] == "compiled scanner"


def events(trace: Trace) -> list[tuple[str, dict[str, int | str]]]:
    """Return the events of a trace as plain values: name, then fields that are shown."""
    from tracekit.events.rows import rows

    found = []
    for row in rows(trace):
        name = str(row.pop("event"))
        found.append((name, row))
    return found


def text_of(boot: Path) -> bytes:
    """Return the trace of a captured boot, unpacked."""
    packed = boot / "trace.txt.xz"
    return (
        lzma.decompress(packed.read_bytes())
        if packed.exists()
        else (boot / "trace.txt").read_bytes()
    )


def boots_with_trace(folders: list[Path]) -> Iterator[Path]:
    """Yield the captured boots that have a trace."""
    for folder in folders:
        if (folder / "trace.txt.xz").exists() or (folder / "trace.txt").exists():
            yield folder
