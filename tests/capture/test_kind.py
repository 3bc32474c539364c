"""Logs, traces, and neither."""

from __future__ import annotations

import pytest

from tests.capture.fragments import DMESG
from tracekit.capture.kind import kind_of


@pytest.mark.parametrize(
    "text",
    [
        "# tracer: nop\n#\n# entries-in-buffer/entries-written: 1/1   #P:1\n",
        "  <idle>-0     [000] d..1.     0.543208: percpu_create_chunk: base_addr=5d5ad71c\n",
        " sh-1 (1) [000] ....  1.5: rss_stat: mm_id=1 curr=0\n",
        "make-16 [004]  2319.000857: mm_page_alloc:        page=0xffffea00001347a7 pfn=0x1347a7\n",
        "perf  6429 [000] 22.498450: kmem:mm_page_alloc: page=0x1\n  ffff f+0x1 (x)\n  0 [x]\n",
        "  24)               |  /* mm_page_alloc: page=0 pfn=0 order=9 */\n  24) @ 1 us |  }\n",
        "cpus=2\n",
    ],
)
def test_traces(text: str) -> None:
    assert kind_of(text) == kind_of(text, sure=True) == "trace"


@pytest.mark.parametrize(
    "text",
    [DMESG, "Dear all,\nthis came:\nmemblock_add: [0x0-0x1] f\n", "Linux version 2.4.1\nx\n"],
)
def test_logs(text: str) -> None:
    assert kind_of(text) == kind_of(text, sure=True) == "dmesg"


def test_a_log_with_events_dumped_into_it_is_a_log() -> None:
    event = "[    9.100000]  sh-1  0d..1 1us : mm_page_alloc: page=0x1 pfn=1\n"
    assert kind_of(DMESG + event * 99) == "dmesg"


def test_only_a_named_file_gets_the_benefit_of_the_doubt() -> None:
    assert kind_of("20000000-11fffffff : Crash kernel\n") == "dmesg"
    assert kind_of("20000000-11fffffff : Crash kernel\n", sure=True) == "unknown"


@pytest.mark.parametrize("text", ["", "Dear all,\nhow are you?\n", "a,b,c\n1,2,3\n"])
def test_neither(text: str) -> None:
    assert kind_of(text) == "unknown"
