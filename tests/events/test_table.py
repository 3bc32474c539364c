from __future__ import annotations

import numpy as np
import pytest

from tests.traces import read
from tracekit.events.table import ABSENT

TEXT = b"""\
a-1 [000] .... 1.000000: kfree: call_site=f+0x1/0x2 ptr=ffff888005df1ec0
a-1 [000] .... 2.000000: mm_page_alloc: page=aa pfn=7 order=2 migratetype=1 gfp_flags=GFP_KERNEL
a-1 [001] .... 3.000000: kfree: call_site=g+0x1/0x2 ptr=ffff888005df1f00
a-1 [001] .... 4.000000: mm_page_free: page=aa pfn=7 order=2
"""


@pytest.mark.parametrize("compiled", [True, False])
def test_a_stream_merges_kinds_in_global_order(compiled: bool) -> None:
    trace = read(TEXT, compiled=compiled)
    stream = trace.stream(("mm_page_free", "kfree"), ("pfn", "ptr", "migratetype"))
    assert list(stream.index) == [0, 2, 3]
    assert [trace.kinds[code].name for code in stream.kind] == ["kfree", "kfree", "mm_page_free"]
    assert list(stream["cpu"]) == [0, 1, 1]
    assert list(stream["pfn"]) == [ABSENT, ABSENT, 7]
    assert list(stream["migratetype"]) == [ABSENT] * 3
    assert stream["ptr"].dtype == np.int64
    assert stream["ptr"].flags["C_CONTIGUOUS"]
    assert len(trace.stream(("kmalloc",), ("ptr",))) == 0


def test_what_no_line_shows_has_no_column() -> None:
    trace = read(TEXT)
    assert "page" in trace.table("mm_page_alloc")
    assert "call_site" not in trace.table("mm_page_alloc")
    with pytest.raises(KeyError):
        trace.table("mm_page_alloc")["percpu_refill"]
    assert len(trace.table("kmalloc")) == 0
    with pytest.raises(KeyError):
        trace.table("no_such_event")
    with pytest.raises(KeyError):
        trace["no_such_column"]
    assert list(trace["tgid"]) == [ABSENT] * 4


def test_an_empty_trace_has_empty_columns() -> None:
    for compiled in (True, False):
        trace = read(b"", compiled=compiled)
        assert len(trace) == len(trace["cpu"]) == len(trace["kind"]) == 0
        assert trace.gaps == []
        assert len(trace.stream(("kfree",), ("ptr",))["cpu"]) == 0
