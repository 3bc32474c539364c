# ruff: noqa: E501  (lines of traces are long)
from __future__ import annotations

import pytest

from tests.traces import read
from tracekit.events.conditions import Condition, ConditionError, parse
from tracekit.events.rows import columns, dataframe, rows

TEXT = b"""\
a b-1 [000] .... 1.500000: kfree: call_site=f+0x1/0x2 ptr=ffff888005df1ec0
c-2 [001] .... 2.500000: mm_page_alloc: page=00000000000000aa pfn=7 order=2 migratetype=1 gfp_flags=GFP_KERNEL
"""


def test_rows_show_what_the_lines_show() -> None:
    first, second = rows(read(TEXT))
    assert first == {
        "event": "kfree",
        "line": 1,
        "time": 1.5,
        "cpu": 0,
        "pid": 1,
        "comm": "a b",
        "flags": "....",
        "call_site": "f+0x1/0x2",
        "ptr": "0xffff888005df1ec0",
    }
    assert (second["event"], second["order"], second["gfp_flags"]) == (
        "mm_page_alloc",
        2,
        "GFP_KERNEL",
    )


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("order>1", [2]),
        ("order>=2 and cpu==1", [2]),
        ("cpu!=0", [2]),
        ("comm~b", [1]),
        ("ptr==0xFFFF888005DF1EC0", [1]),
        ("pfn=7", [2]),
        ("event=='kfree'", [1]),
        ("order<2", []),
        ("time<2 && cpu==0", [1]),
        ("nothing==1", []),
        ("comm>1", []),
    ],
)
def test_conditions_choose_rows(text: str, lines: list[int]) -> None:
    assert [row["line"] for row in rows(read(TEXT), (), parse(text))] == lines


@pytest.mark.parametrize("text", ["", "order >", "> 1", "order is 1"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ConditionError, match="is no condition"):
        parse(text)


def test_only_the_kinds_that_are_wanted_come() -> None:
    trace = read(TEXT)
    assert [row["line"] for row in rows(trace, ["mm_page_alloc"])] == [2]
    assert "ptr" not in columns(trace, ["mm_page_alloc"])
    frame = dataframe(trace, (), [Condition("cpu", "==", "1")])
    assert list(frame["pfn"]) == [7]
