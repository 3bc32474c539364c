# ruff: noqa: E501  (lines of traces are long)
"""The odd shapes of trace lines: other tools, cut columns, mail."""

from __future__ import annotations

import pytest

from tests.traces import events, read

FREE = b"kfree: call_site=f+0x1/0x2 ptr=ffff888005df1ec0"
ALLOC = (
    b"percpu_alloc_percpu: call_site=a+0x1/0x2 reserved=0 is_atomic=0 size=8 align=8 "
    b"base_addr=0xffffc7117fc00000 off=402176 ptr=0x3dc867a62300 bytes_alloc=48 gfp_flags=GFP_KERNEL"
)


def only(data: bytes) -> dict[str, int | str]:
    trace = read(data)
    assert trace.counts.total == trace.counts.lines
    assert len(trace) == 1, trace.unparsed
    assert trace.counts.unparsed == 0
    return events(trace)[0][1]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            b"sshd-session-3242  [000]  8115.304880: kfree:              call_site=f+0x1 ptr=0xffff95c7",
            {"comm": "sshd-session", "pid": 3242, "ptr": "0xffff95c7", "time": 8115.30488},
        ),
        (
            b"jbd2/dm-3-8  7666 [000]  4666.621521: kmem:" + FREE,
            {"comm": "jbd2/dm-3-8", "pid": 7666, "cpu": 0},
        ),
        (b"perf 12/34 [002] 1.5: kmem:" + FREE, {"pid": 34, "tgid": 12, "cpu": 2}),
        (
            b" 1287587.105144 |   1)               |  /* " + FREE + b" */",
            {"cpu": 1, "time": 1287587.105144},
        ),
        (b"  24)               |  /* " + FREE + b" */", {"cpu": 24}),
        (b"  4582.696626: " + FREE, {"time": 4582.696626}),
        (b"  " + FREE, {"ptr": "0xffff888005df1ec0"}),
        (
            b"org.servo.servo-44682   (  44682) [006] .... 17863.362316: " + FREE,
            {"comm": "org.servo.servo", "tgid": 44682},
        ),
        (
            b"a-1 [2] b-77 (-------) [001] ...21 73.950578: " + FREE,
            {"comm": "a-1 [2] b", "pid": 77},
        ),
        (
            b"  <idle>-0         0d..1.   12us+: " + FREE,
            {"comm": "<idle>", "pid": 0, "cpu": 0, "flags": "d..1.", "time": 0.000012},
        ),
        (
            b"kworker/-1234567  17.N.. 1600us : " + FREE,
            {"comm": "kworker/", "pid": 1234567, "cpu": 17, "flags": ".N..", "time": 0.0016},
        ),
        (
            b"            bash    1108   1 0 00000001 0000002a [000f4240] 0.012ms (+0.003ms): "
            + FREE,
            {"comm": "bash", "pid": 1108, "cpu": 1, "time": 1.0},
        ),
        (
            b"> |  bash-1108    [000] ...21    73.950578: " + FREE,
            {"comm": "bash", "flags": "...21"},
        ),
    ],
)
def test_a_line_of_any_tool_is_read(line: bytes, shown: dict[str, int | str]) -> None:
    row = only(line + b"\n")
    assert {name: row.get(name) for name in shown} == shown


def test_raw_records_show_fields_in_another_order() -> None:
    row = only(
        b" a-1 [000] 1.000000: mm_page_alloc: pfn=0x1a order=0 gfp_flags=0xcc0 migratetype=1\n"
    )
    assert (row["pfn"], row["migratetype"], row["gfp_flags"]) == (26, 1, "0xcc0")


def test_a_field_of_a_vendors_own_does_no_harm() -> None:
    line = b" a-1 [000] .... 1.000000: mm_page_alloc: page=000000001 pfn=97 order=0 migratetype=0 nr_free=3650 gfp_flags=GFP_KERNEL\n"
    assert only(line)["pfn"] == 97


def test_a_hidden_pointer_is_absent() -> None:
    row = only(b" a-1 [000] .... 1.000000: kfree: call_site=f+0x1/0x2 ptr=(____ptrval____)\n")
    assert "ptr" not in row


def test_an_event_wrapped_by_mail_is_one_event() -> None:
    head = b"mkdir-4393  [001]   169.334788: "
    name, *fields = ALLOC.split(b" ")
    wrapped = b"\n ".join(
        [head + name, b" ".join(fields[:4]), b" ".join(fields[4:8]), b" ".join(fields[8:])]
    )
    row = only(wrapped + b"\n")
    assert (row["size"], row["bytes_alloc"], row["gfp_flags"], row["line"]) == (
        8,
        48,
        "GFP_KERNEL",
        1,
    )


def test_a_wrapped_event_keeps_its_place_between_others() -> None:
    whole = b"a-1 [000] .... 1.000000: " + FREE
    cut = b"b-2 [000] .... 2.000000: kmem_cache_free: call_site=f+0x1/0x2\n  ptr=ffff888005df1f00"
    for compiled in (True, False):
        trace = read(whole + b"\n" + cut + b"\n" + whole + b"\n", compiled=compiled)
        assert [name for name, _ in events(trace)] == ["kfree", "kmem_cache_free", "kfree"]
        assert list(trace["line"]) == [1, 2, 4]


def test_quoted_printable_text_is_decoded() -> None:
    data = (
        b"> kmalloc: call_site=3Dcss_alloc+0xd8/0x5b4 ptr=3D000000003e4c37=\n99\n"
        b">     bytes_req=3D2312 bytes_alloc=3D4096 gfp_flags=3DGFP_KERNEL|__GFP_ZERO=\n node=3D-1\n"
        b">     accounted=3Dfalse\n"
    )
    row = only(data)
    assert (row["ptr"], row["bytes_req"], row["node"], row["accounted"]) == (
        "0x3e4c3799",
        2312,
        -1,
        0,
    )


def test_what_does_not_belong_to_a_wrapped_event_is_left_out_of_it() -> None:
    data = b"a-1 [000] .... 1.0: kmem_cache_free: call_site=f+0x1\n ptr=ffff888005df1f00\nhello there\n"
    trace = read(data)
    assert len(trace) == 1
    assert [line.text for line in trace.unparsed] == ["hello there"]


def test_a_line_that_cannot_be_read_says_why() -> None:
    trace = read(b"a-1 [000] .... 1.000000: kmalloc: call_site=f+0x1/0x2 ptr=zz bytes_req=1\n")
    assert trace.counts.unparsed == 1
    assert "column" in trace.unparsed[0].reason
    assert read(b"number of allocs\n").unparsed[0].reason == "not a line of a trace"


def test_call_chains_and_graph_lines_are_no_events() -> None:
    data = (
        b"                  27f1dc .__kmalloc (/boot/vmlinux)\n"
        b"                       0 [unknown] ([unknown])\n <stack trace>\n => kmalloc\n"
        b"  24) @ 184015.2 us |  }\nCPU 3 is empty\ncpus=4\n##### CPU 1 buffer started ####\n"
    )
    trace = read(data)
    assert trace.counts.other == trace.counts.lines == 8
    assert trace.header.cpus == 4
    assert trace.header.started == {1: 0}


def test_a_marker_of_any_kernel_and_tool_is_a_marker() -> None:
    for body in (
        b"tracing_mark_write: x y",
        b"0: x y",
        b"print:                tracing_mark_write: x y",
    ):
        trace = read(b"            init-1     [000]     3.355300: " + body + b"\n")
        assert [marker.text for marker in trace.markers] == ["x y"]
        assert trace.counts.markers == 1


LATENCY = b"""\
# tracer: nop
#
# nop latency trace v1.1.5 on 6.1.0
# --------------------------------------------------------------------
# latency: 0 us, #3/9, CPU#0 | (M:desktop VP:0, KP:0, SP:0 HP:0 #P:2)
#    -----------------
#  cmd     pid   ||||| time  |   caller
#     \\   /      |||||  \\    |   /
  <idle>-0         0d..1.    0us : %(free)s
  <idle>-0         0d..1.    1us!: %(free)s
    bash-77        1.....  900us : %(free)s
""" % {b"free": FREE}


def test_the_latency_format_shows_times_and_how_many_events_there_were() -> None:
    trace = read(LATENCY)
    assert trace.counts.unparsed == 0
    assert list(trace["time"]) == [0, 1000, 900_000]
    assert list(trace["cpu"]) == [0, 0, 1]
    assert not trace.counting_clock
    assert (trace.header.entries, trace.header.written) == (3, 9)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_time_has_64_bits_or_is_none(compiled: bool) -> None:
    for time, expected in (
        (b"8999999999.999999999", 8_999_999_999_999_999_999),
        (b"999999999999999999", 999_999_999_999_999_999),
        (b"9223372037.0", None),
        (b"12345678901.5", None),
        (b"9999999999999999999", None),
    ):
        trace = read(b"a-1 [000] .... %s: %s\n" % (time, FREE), compiled=compiled)
        assert list(trace["time"]) == ([] if expected is None else [expected])
        assert trace.counts.unparsed == (expected is None)
