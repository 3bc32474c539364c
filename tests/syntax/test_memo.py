"""What the scanner remembers of earlier lines (_memo.pxi) never changes what it reads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.syntax.test_trace_ways import PATTERNS, QUICK
from tests.traces import FRAME, compiled_scanner, events, lines, read

pytestmark = pytest.mark.skipif(not compiled_scanner(), reason="the extension is not built")
KMALLOC = b"kmalloc: call_site=f+0x1/0x2 ptr=%016x bytes_req=%d bytes_alloc=%d gfp_flags=%s node=%d"
# more distinct rests of lines than are kept, and more tries than a point is given
MANY = 5000


def assert_alike(data: bytes) -> None:
    compiled, expressions = read(data), read(data, compiled=False)
    assert events(compiled) == events(expressions)
    assert compiled.counts.total == compiled.counts.lines == data.count(b"\n")


@given(name=st.sampled_from(sorted(PATTERNS)), data=st.data())
@settings(max_examples=60, **QUICK)
def test_lines_that_come_again_are_read_alike(name: str, data: st.DataObject) -> None:
    few = data.draw(st.lists(lines(PATTERNS[name]), min_size=1, max_size=4))
    order = data.draw(st.lists(st.sampled_from(few), min_size=2, max_size=12))
    assert_alike(b"".join(FRAME + event.encode() + b"\n" for event in order))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 40)), min_size=2))
@settings(max_examples=60, **QUICK)
def test_a_rest_that_is_cut_or_longer_is_another_one(rows: list[tuple[int, int, int]]) -> None:
    whole = [
        KMALLOC % (pointer, 8 << size, 8 << size, b"GFP_KERNEL|__GFP_ZERO", -1)
        for pointer, size, _ in rows
    ]
    cut = [event[: len(event) - row[2] % 7] for event, row in zip(whole, rows, strict=True)]
    longer = [
        event + b" accounted=true" * (row[2] % 2) for event, row in zip(cut, rows, strict=True)
    ]
    assert_alike(b"".join(FRAME + event + b"\n" for event in (*whole, *cut, *longer, *whole)))


def test_more_rests_than_are_kept_are_read_alike() -> None:
    new = [KMALLOC % (i, i, 2 * i, b"GFP_%d" % i, i) for i in range(MANY)]
    again = [KMALLOC % (i, 8, 8, b"GFP_KERNEL", i % 3) for i in range(MANY)]
    assert_alike(b"".join(FRAME + event + b"\n" for event in (*new, *again, *new[::50])))
