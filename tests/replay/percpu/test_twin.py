"""The percpu twin on made-up traces: healthy ones agree, a fault shows at its line."""

from __future__ import annotations

from tracekit.events.base import Source
from tracekit.mm.percpu import PercpuAllocator
from tracekit.replay.ledger import Ledger
from tracekit.replay.percpu.rows import AllocRow, FreeRow
from tracekit.replay.percpu.twin import TOO_LATE, PercpuTwin

BASE = 0xFFFF888000010000
PTR = 0x40000


class Script:
    """Feeds a twin with numbered lines."""

    def __init__(self, *, whole: bool = True) -> None:
        percpu = PercpuAllocator(65536, 4096)
        percpu.setup_first_chunk(0, 0, 0, 20480)
        self.ledger = Ledger("percpu")
        self.twin = PercpuTwin(self.ledger, percpu, whole=whole)
        self.number = 0

    def line(self) -> Source:
        self.number += 1
        return Source("trace.txt", self.number)

    def alloc(self, off: int, size: int = 16, align: int = 8, ptr: int | None = None) -> None:
        ptr = PTR + off if ptr is None else ptr
        self.twin.alloc(AllocRow(self.line(), "caller", False, False, size, align, BASE, off, ptr))

    def free(self, off: int) -> None:
        self.twin.free(FreeRow(self.line(), BASE, off, PTR + off))

    def codes(self) -> list[tuple[str, int]]:
        self.twin.finish()
        return [(d.code, d.line.line) for d in self.ledger.divergences]

    def count(self, kind: str) -> tuple[int, int, int]:
        checks = self.ledger.kind(kind)
        return checks.matched, checks.inferred, checks.diverged


def healthy(count: int = 10) -> Script:
    script = Script()
    for index in range(count):
        script.alloc(2000 + 16 * index)
    return script


def test_the_first_line_is_inferred_and_the_rest_predicted() -> None:
    script = healthy()
    assert script.codes() == []
    assert script.count("offset") == (9, 1, 0)
    assert script.ledger.inferences[0].line.line == 1


def test_a_hole_that_alignment_explains_shows_an_older_run() -> None:
    script = Script()
    script.alloc(2208, 4, 4)
    script.alloc(2212, 4, 4)
    script.alloc(4352, 200, 8)
    script.alloc(2216, 4, 4)
    assert script.codes() == []
    assert script.count("offset") == (2, 2, 0)


def test_a_moved_offset_shows_at_its_line() -> None:
    script = healthy()
    script.alloc(2000 + 160 + 512)
    for index in range(11, 14):
        script.alloc(2000 + 16 * index)
    assert script.codes() == [("PC102", 11)]


def test_an_offset_that_contradicts_its_pointer() -> None:
    script = healthy()
    script.alloc(2224, ptr=PTR + 2160)
    script.alloc(2176)
    assert script.codes() == [("PC102", 11)]


def test_memory_in_use_is_not_given_out() -> None:
    script = healthy()
    script.alloc(2016)
    assert script.codes() == [("PC101", 11)]
    assert script.ledger.divergences[0].related[0].line == 2


def test_a_lost_allocation_shows_at_the_next_line() -> None:
    script = healthy()
    for index in range(11, 15):
        script.alloc(2000 + 16 * index)
    assert script.codes() == [("PC102", 11)]


def test_double_free() -> None:
    script = healthy()
    script.free(2032)
    script.free(2032)
    assert script.codes() == [("PC103", 12)]
    assert script.ledger.divergences[0].related[0].line == 11


def test_free_of_nothing() -> None:
    script = healthy()
    script.free(9000)
    assert script.codes() == [("PC104", 11)]


def test_impossible_offsets() -> None:
    script = healthy()
    script.alloc(2164)
    script.alloc(90000)
    assert script.codes() == [("PC105", 11), ("PC105", 12)]


def test_a_line_printed_after_a_later_free_is_no_fault() -> None:
    script = healthy()
    script.free(2032)
    script.alloc(2160)
    script.alloc(2032)
    assert script.codes() == []


def test_two_lines_in_the_wrong_order_are_no_fault() -> None:
    script = healthy()
    script.alloc(2176)
    script.alloc(2160)
    script.alloc(2192)
    assert script.codes() == []
    assert script.count("offset") == (10, 3, 0)


def test_without_the_head_of_the_trace_holes_are_unchecked() -> None:
    script = Script(whole=False)
    script.alloc(9000, 8)
    script.alloc(1000, 8)
    script.free(4000)
    assert script.codes() == []
    assert script.ledger.kind("offset").unchecked[TOO_LATE] == 1
    assert script.ledger.kind("free").unchecked[TOO_LATE] == 1
