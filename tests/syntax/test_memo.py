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


def test_a_rest_means_another_thing_in_another_kind_of_event() -> None:
    """What follows migratetype in one kind follows bytes_alloc in the other, as another field."""
    # lines that come again here and there make each point of a line give up before the next one
    new = iter(range(1, MANY))
    rows = [(0, 0, 0)] * 200 + [(next(new),) * 3 for _ in range(830)]
    rows += [(next(new), 0, 0) for _ in range(100)] + [(next(new),) * 3 for _ in range(105)]
    rows += [(next(new), next(new), 0) for _ in range(50)] + [(next(new),) * 3 for _ in range(55)]
    pages = [
        b"mm_page_alloc: page=%016x pfn=0x%x order=%d migratetype=%d gfp_flags=GFP_KERNEL"
        % (page, pfn, order, order)
        for page, pfn, order in rows
    ]
    areas = [
        b"percpu_alloc_percpu: call_site=f+0x1/0x2 reserved=0 is_atomic=0 size=%d align=8 "
        b"base_addr=ffff000000001000 off=%d ptr=%016x bytes_alloc=%d gfp_flags=GFP_KERNEL"
        % (i, i, i, i)
        for i in range(40)
    ]
    assert_alike(b"".join(FRAME + event + b"\n" for event in (*pages, *areas)))
