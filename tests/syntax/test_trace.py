# ruff: noqa: E501  (lines of traces are long)
from __future__ import annotations

import gc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.traces import events, read
from tracekit.events.table import ABSENT
from tracekit.syntax.trace import read_trace

HEAD = b"""# tracer: nop
#
# entries-in-buffer/entries-written: 6/6   #P:2
#
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
"""
BODY = b"""\
          <idle>-0       [000] d..1.     0.000001: kmalloc: call_site=setup+0x1/0x2 ptr=ffff888005df1ec0 bytes_req=60 bytes_alloc=64 gfp_flags=GFP_KERNEL node=-1 accounted=false
 my task [x]-7-12345 (  12345) [001] d.... 12345.600000: kmem_cache_alloc: call_site=f+0x1/0x2 [mod] ptr=ffff888005df1f00 name=two words bytes_req=8 bytes_alloc=8 gfp_flags=GFP_KERNEL|__GFP_ZERO node=0 accounted=true
            init-1       [000] .N..     0.700000: kfree: call_site=ffffffff81000000 ptr=          (null)
            init-1       [000] ....     0.700001: mm_page_alloc: page=ffffea0000000040 pfn=0x1a order=3 migratetype=1 gfp_flags=GFP_KERNEL
            init-1       [000]     0.700002: mm_page_free_direct: page=ffffea0000000040 pfn=26 order=3
            init-1       [000] ....     0.700003: tracing_mark_write: tracekit: snapshot begin
            init-1       [000] ....     0.700004: sched_switch: prev_comm=init
"""


@pytest.mark.parametrize("compiled", [True, False])
def test_every_line_is_accounted_for(compiled: bool) -> None:
    trace = read(HEAD + BODY, compiled=compiled)
    counts = trace.counts
    assert (counts.lines, counts.events, counts.markers, counts.other) == (13, 5, 1, 6)
    assert counts.unknown == {"sched_switch": 1}
    assert counts.total == counts.lines
    assert (trace.header.entries, trace.header.written, trace.header.cpus) == (6, 6, 2)
    assert trace.markers[0].text == "tracekit: snapshot begin"
    assert trace.markers[0].index == 5


@pytest.mark.parametrize("compiled", [True, False])
def test_the_columns_hold_what_the_lines_show(compiled: bool) -> None:
    trace = read(HEAD + BODY, compiled=compiled)
    assert [trace.text(comm) for comm in trace["comm"]][:2] == ["<idle>", "my task [x]-7"]
    assert list(trace["pid"]) == [0, 12345, 1, 1, 1]
    assert list(trace["tgid"]) == [ABSENT, 12345, ABSENT, ABSENT, ABSENT]
    assert list(trace["cpu"]) == [0, 1, 0, 0, 0]
    assert trace["time"][1] == 12345_600_000_000
    assert list(trace["line"]) == [7, 8, 9, 10, 11]
    kmalloc = trace.table("kmalloc")
    assert kmalloc["ptr"][0] & (1 << 64) - 1 == 0xFFFF888005DF1EC0
    assert (kmalloc["node"][0], kmalloc["accounted"][0]) == (-1, 0)
    cache = trace.table("kmem_cache_alloc")
    assert trace.text(cache["name"][0]) == "two words"
    assert trace.text(cache["call_site"][0]) == "f+0x1/0x2 [mod]"
    assert trace.table("kfree")["ptr"][0] == 0
    assert trace.table("mm_page_alloc")["pfn"][0] == 0x1A
    assert trace.table("mm_page_free_direct")["pfn"][0] == 26
    assert trace.text(trace["flags"][4]) == ""


@pytest.mark.parametrize("compiled", [True, False])
@given(size=st.integers(1, 400))
@settings(max_examples=20, deadline=None)
def test_chunks_may_be_cut_anywhere(compiled: bool, size: int) -> None:
    whole, cut = read(HEAD + BODY), read(HEAD + BODY, size, compiled)
    assert events(cut) == events(whole)
    assert cut.counts.lines == whole.counts.lines == cut.counts.total


@pytest.mark.parametrize("compiled", [True, False])
def test_lines_may_end_as_windows_ends_them(compiled: bool) -> None:
    trace = read((HEAD + BODY).replace(b"\n", b"\r\n"), compiled=compiled)
    assert events(trace) == events(read(HEAD + BODY))


def test_stamps_of_a_counting_clock_are_ticks() -> None:
    for compiled in (True, False):
        line = b" init-1 [000] d..1. 4711: kfree: call_site=f+0x1/0x2 ptr=ffff888005df1ec0\n"
        trace = read(line, compiled=compiled)
        assert trace["time"][0] == 4711
        assert trace.counting_clock
        assert not read(HEAD + BODY, compiled=compiled).counting_clock


def test_lost_events_stand_where_they_were_lost() -> None:
    lines = BODY.splitlines(keepends=True)
    data = b"".join((*lines[:2], b"CPU:1 [LOST 1234 EVENTS]\n", lines[2], b"CPU:0 [LOST EVENTS]\n"))
    losses = read(data).losses
    assert [(loss.index, loss.cpu, loss.count, loss.line) for loss in losses] == [
        (2, 1, 1234, 3),
        (3, 0, None, 5),
    ]
    dropped = read(lines[0] + b"CPU:3 [77 EVENTS DROPPED]\n").losses
    assert [(loss.cpu, loss.count) for loss in dropped] == [(3, 77)]


def test_a_number_too_long_for_a_column_makes_the_line_unread() -> None:
    line = b" init-1 [000] d..1. 1.000000: kfree: call_site=f+0x1/0x2 ptr=1ffff888005df1ec00\n"
    for compiled in (True, False):
        trace = read(line, compiled=compiled)
        assert len(trace) == 0
        assert trace.counts.unparsed == 1


@pytest.mark.parametrize("filler", [b" ", b"-", b"x", b"a-1 [000] "])
def test_an_endless_line_costs_neither_time_nor_memory(filler: bytes) -> None:
    data = BODY + b"a" + filler * (3_000_000 // len(filler)) + b"z\n" + BODY
    for compiled in (True, False):
        trace = read(data, 1 << 16, compiled)
        assert trace.counts.unparsed == 1
        assert trace.counts.total == trace.counts.lines == 15
        assert trace.unparsed[0].reason == "longer than any line of a trace"


def test_the_collector_is_left_as_it_was() -> None:
    assert gc.isenabled()
    read(BODY)
    assert gc.isenabled()


def test_progress_is_told_in_bytes() -> None:
    seen: list[int] = []
    read_trace("t", [BODY[:100], BODY[100:]], seen.append)
    assert seen[-1] == len(BODY)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_damage_never_raises_and_is_counted(data: st.DataObject) -> None:
    lines = (HEAD + BODY).splitlines(keepends=True)
    order = data.draw(st.permutations(range(len(lines))))
    kept = [lines[i] for i in order[: data.draw(st.integers(0, len(lines)))]]
    text = bytearray(b"".join(kept))
    for _ in range(data.draw(st.integers(0, 4))):
        if text:
            text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(text)[: data.draw(st.integers(0, len(text)))]
    compiled, expressions = read(damaged), read(damaged, compiled=False)
    for trace in (compiled, expressions):
        assert trace.counts.total == trace.counts.lines
        assert trace.counts.events == len(trace)
        assert all(0 <= gap.last <= len(trace) for gap in trace.gaps)
    assert events(compiled) == events(expressions)
