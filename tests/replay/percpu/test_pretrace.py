"""What was allocated before the trace, from the holes that it left."""

from __future__ import annotations

from tracekit.events.base import Source
from tracekit.mm.percpu import PercpuAllocator
from tracekit.mm.percpu_chunk import Chunk
from tracekit.replay.percpu.pretrace import PreTrace, Run
from tracekit.replay.percpu.rows import AllocRow


def start(off: int) -> tuple[PercpuAllocator, Chunk, PreTrace]:
    percpu = PercpuAllocator(65536, 4096)
    percpu.setup_first_chunk(0, 0, 0, 20480)
    chunk = percpu.first_chunk
    assert chunk is not None
    pre = PreTrace(percpu)
    assert pre.learn_first(chunk, off, 4) == off
    percpu.take(chunk, off, 4)
    return percpu, chunk, pre


def row(off: int, size: int, align: int = 4) -> AllocRow:
    return AllocRow(Source("trace", 1), "caller", False, False, size, align, 0, off, 0)


def test_a_run_starts_where_alignment_explains_the_hole() -> None:
    percpu, chunk, pre = start(2208)
    percpu.take(chunk, 2212, 60)
    area = percpu.find(200, 8)
    assert area is not None
    run = pre.next_run(row(4352, 200, 8), chunk, area)
    assert run is not None
    assert (run.start, run.end) == (2304, 4352)


def test_no_alignment_explains_a_start_in_the_middle() -> None:
    percpu, chunk, pre = start(2304)
    percpu.take(chunk, 2308, 1100)
    area = percpu.find(8, 4)
    assert area is not None
    assert pre.next_run(row(3700, 8), chunk, area) is None


def test_two_runs_of_one_kind_make_the_next_expected() -> None:
    percpu, chunk, pre = start(12)
    for off in (28, 44):
        area = percpu.find(4, 4)
        assert area is not None
        run = pre.next_run(row(off, 4), chunk, area)
        assert run is not None
        pre.add(chunk, run)
        percpu.take(chunk, off, 4)
        pre.expect_next(row(off, 4), chunk)
    assert [(run.start, run.expected) for run in pre.runs] == [
        (0, False), (16, False), (32, False), (48, True),
    ]  # fmt: skip
    following = percpu.find(4, 4)
    assert following is not None
    assert following.off == 60
    assert pre.withdraw_expected(chunk)
    assert not pre.withdraw_expected(chunk)


def test_a_small_request_shows_the_holes_of_a_run_that_a_large_one_went_past() -> None:
    percpu, chunk, pre = start(24)
    percpu.take(chunk, 28, 4)
    pre.add(chunk, Run(32, 56, passed=4))
    percpu.take(chunk, 56, 8)
    coarse = Run(64, 160, passed=88)
    pre.add(chunk, coarse)
    small = row(88, 4)
    part = pre.split(chunk, coarse, small)
    assert part is not None
    assert (part.start, part.end) == (64, 88)
    found = []
    for _ in range(2):
        area = percpu.alloc(4, 4)
        assert area is not None
        found.append(area.off)
    assert found == [88, 92]
    # 120 was a guess, and it is wrong if the next request finds no hole there.
    whole = pre.merge(chunk, 120)
    assert whole is not None
    assert (whole.start, whole.end) == (120, 160)
    assert pre.merge(chunk, 120) is None


def test_a_request_as_large_as_the_one_that_went_past_finds_no_hole() -> None:
    percpu, chunk, pre = start(24)
    percpu.take(chunk, 28, 4)
    coarse = Run(32, 160, passed=8)
    pre.add(chunk, coarse)
    assert pre.split(chunk, coarse, row(64, 8)) is None
    assert pre.split(chunk, coarse, row(64, 4)) is not None
    area = percpu.alloc(8, 4)
    assert area is not None
    assert area.off == 160
