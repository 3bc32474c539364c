# ruff: noqa: E501  (lines of traces are long)
from __future__ import annotations

from tests.traces import read
from tracekit.events.gaps import Gap, find_gaps
from tracekit.syntax.captured_trace import _begins_late

FREE = "a-{pid} [00{cpu}] .... {time}: kfree: call_site=f+0x1/0x2 ptr=ffff888005df1ec0\n"
SWITCH = "a-{pid} [000] .... {time}: kmalloc: call_site=tracepoint_add_func+0xf7/0x3f0 ptr=ffff888005df1ec0 bytes_req=64 bytes_alloc=64 gfp_flags=GFP_KERNEL node=-1 accounted=false\n"
PAGE = "a-1 [000] .... 0.15: mm_page_alloc: page=fffffdffffef2b80 pfn=277678 order=0 migratetype=0 gfp_flags=GFP_KERNEL\n"


def free(time: str, cpu: int = 0, pid: int = 1) -> str:
    return FREE.format(time=time, cpu=cpu, pid=pid)


def switch(time: str, pid: int) -> str:
    return SWITCH.format(time=time, pid=pid)


def gaps(text: str) -> list[Gap]:
    return find_gaps(read(text.encode()))


def test_a_whole_trace_has_none() -> None:
    assert (
        gaps("# entries-in-buffer/entries-written: 2/2   #P:1\n" + free("1.0") + free("1.1")) == []
    )


def test_an_overwritten_head_is_told_by_the_header() -> None:
    (gap,) = gaps("# entries-in-buffer/entries-written: 2/102   #P:1\n" + free("1.0") + free("1.1"))
    assert (gap.first, gap.last, gap.count) == (-1, 0, 100)


def test_a_text_that_ends_early_is_told_by_the_header() -> None:
    (gap,) = gaps("# entries-in-buffer/entries-written: 5/5   #P:1\n" + free("1.0") + free("1.1"))
    assert (gap.first, gap.last, gap.count) == (1, 2, 3)


def test_a_line_cut_short_ends_the_trace_with_a_gap() -> None:
    (gap,) = gaps(free("1.0") + free("1.1")[:40])
    assert (gap.first, gap.last) == (0, 1)
    assert gaps(free("1.0") + free("1.1").rstrip("\n")) == []


def test_lost_events_part_their_neighbours() -> None:
    (gap,) = gaps(free("1.0") + "CPU:3 [LOST 9 EVENTS]\n" + free("1.1"))
    assert (gap.first, gap.last, gap.cpu, gap.count) == (0, 1, 3, 9)


def test_the_window_in_which_boots_events_were_off_is_found() -> None:
    text = switch("0.0", 0) + switch("0.0", 0) + free("0.1") + switch("0.2", 1) + switch("0.3", 1)
    (gap,) = gaps(text + free("0.4"))
    assert (gap.first, gap.last, gap.cpu) == (2, 4, None)
    # an event that somebody switches on later does not mean that others were off
    assert gaps(switch("0.0", 0) + free("0.1") + switch("9.0", 77)) == []


def test_the_window_ends_before_the_pages_that_the_first_enabling_takes() -> None:
    text = switch("0.0", 0) + free("0.1") + PAGE + switch("0.2", 1) + switch("0.3", 1)
    (gap,) = gaps(text + free("0.4"))
    assert (gap.first, gap.last) == (1, 4)
    other_task = PAGE.replace("a-1 ", "b-7 ")
    (gap,) = gaps(switch("0.0", 0) + other_task + switch("0.2", 1) + free("0.4"))
    assert gap.first == 1


def test_time_that_runs_back_on_one_cpu_is_a_gap() -> None:
    (gap,) = gaps(free("1.0") + free("0.9", cpu=1) + free("0.5"))
    assert (gap.first, gap.last, gap.cpu) == (1, 2, 0)
    shuffled = "".join(free(f"{time}.0") for time in range(1500, 0, -1))
    (gap,) = gaps(shuffled)
    assert (gap.first, gap.last) == (-1, 1500)


def test_the_step_back_when_sched_clock_is_set_up_loses_nothing() -> None:
    (gap,) = gaps(free("1.0", pid=0) + free("0.5", pid=0) + free("0.6"))
    assert gap.usual
    (gap,) = gaps(free("1.0", pid=0) + free("1.1") + free("0.5", pid=0))
    assert not gap.usual


def test_a_switched_clock_empties_the_buffer_though_nothing_counts_as_lost() -> None:
    trace = read(("# entries-in-buffer/entries-written: 1/1   #P:1\n" + free("1.0")).encode())
    trace.clock_switched = True
    (gap,) = trace.gaps
    assert (gap.first, gap.last, gap.count) == (-1, 0, None)


def test_a_boot_trace_that_begins_with_another_task_lacks_its_head() -> None:
    assert _begins_late(read(free("1.0", pid=1).encode()))
    assert not _begins_late(read(switch("0.0", 0).encode()))
    old = "init-1 [000] 1.000000: kfree: call_site=c10647b1 ptr=df40de40\n"
    assert not _begins_late(read(old.encode()))


def test_a_damaged_archive_says_so_at_the_end() -> None:
    trace = read(free("1.0").encode())
    trace.damage = "the compressed data is cut short."
    assert trace.gaps[-1].reason == "the compressed data is cut short"


def test_an_event_that_cannot_be_read_is_missing() -> None:
    broken = free("1.000002").replace("ptr=", "pt=")
    (gap,) = gaps(free("1.000001") + broken + free("1.000003"))
    assert (gap.first, gap.last, gap.count) == (0, 1, 1)
    assert gap.reason == "a line with an event could not be read"
    assert not gap.usual


def test_a_line_that_was_no_event_hides_none() -> None:
    assert gaps(free("1.000001") + "[    1.2] usb 1-1: new device\n" + free("1.000003")) == []


def test_an_event_of_which_nothing_can_be_told_is_missed_by_the_header() -> None:
    header = "# entries-in-buffer/entries-written: 3/3   #P:1\n"
    (gap,) = gaps(header + free("1.000001") + "#garbage$%\n" + free("1.000003"))
    assert gap.count == 1
    assert gap.reason == "the header promises more events than follow"
