"""The state before the first line, projected back from the first dump."""

from __future__ import annotations

from tracekit.events.base import Event, Source
from tracekit.events.memblock import MemblockCall, MemblockDump, MemblockRequest, MemblockRow
from tracekit.events.mm_init import NodeRangeLine
from tracekit.kernel.kernel import Kernel
from tracekit.mm.memblock import Config
from tracekit.replay.memblock.log import MemblockLog, read_log
from tracekit.replay.memblock.machine import Machine
from tracekit.replay.memblock.start import by_node_ranges, left_over, project_back


def at(line: int) -> Source:
    return Source("dmesg", line)


def rows(line: int, name: str, *ranges: tuple[int, int]) -> list[Event]:
    return [
        MemblockRow(at(line + n), name, n, start, end - 1, end - start)
        for n, (start, end) in enumerate(ranges)
    ]


def log(*events: Event) -> MemblockLog:
    return read_log(events, False, 64)


def call(line: int, function: str, start: int, end: int, caller: str = "setup+0x1/0x2") -> Event:
    return MemblockCall(at(line), function, start, end - 1, caller=caller)


def test_what_lines_reserved_was_not_there_and_what_they_freed_was() -> None:
    start = project_back(
        log(
            call(1, "memblock_reserve", 0x3000, 0x4000),
            call(2, "memblock_free", 0x8000, 0x9000),
            MemblockDump(at(3)),
            *rows(4, "memory", (0x0, 0x10000)),
            *rows(5, "reserved", (0x1000, 0x5000)),
        )
    )
    assert start.memory == [(0x0, 0x10000)]
    assert start.pieces == [(0x1000, 0x3000), (0x4000, 0x5000), (0x8000, 0x9000)]
    assert start.stray == []


def test_ram_that_lines_added_is_left_out() -> None:
    start = project_back(
        log(
            call(1, "memblock_add", 0x8000, 0x10000),
            MemblockDump(at(3)),
            *rows(4, "memory", (0x0, 0x10000)),
        )
    )
    assert start.memory == [(0x0, 0x8000)]


def test_ram_that_lines_removed_had_been_there() -> None:
    start = project_back(
        log(
            call(1, "memblock_remove", 0x4000, 0x5000),
            MemblockDump(at(3)),
            *rows(4, "memory", (0x0, 0x4000), (0x5000, 0x10000)),
        )
    )
    assert start.memory == [(0x0, 0x10000)]


def test_a_line_that_the_dump_does_not_bear_out_is_a_stray() -> None:
    start = project_back(
        log(
            call(1, "memblock_reserve", 0x3000, 0x4000),
            MemblockDump(at(3)),
            *rows(4, "memory", (0x0, 0x10000)),
            *rows(5, "reserved", (0x1000, 0x2000)),
        )
    )
    assert start.stray == [(0x3000, 0x4000)]
    assert start.pieces == [(0x1000, 0x2000)]


def test_without_a_dump_nothing_is_known() -> None:
    start = project_back(log(call(1, "memblock_reserve", 0x3000, 0x4000)))
    assert (start.memory, start.pieces, start.dump) == ([], [], None)


def test_results_count_as_reservations() -> None:
    steps = log(
        MemblockRequest(at(1), "memblock_alloc_try_nid", 0x1000, 8, 0, 0, -1, "a+0x1/0x2"),
        call(2, "memblock_reserve", 0x3000, 0x4000, "memblock_alloc_range_nid+0x1/0x2"),
        call(3, "memblock_free", 0x3000, 0x3800),
    ).steps
    assert left_over(steps) == [(0x3800, 0x4000)]


def test_node_ranges_correct_the_ram_of_the_dump() -> None:
    found = log(
        MemblockDump(at(1)),
        *rows(2, "memory", (0x0, 0x11000)),
        call(3, "memblock_add", 0x20000, 0x30000),
        NodeRangeLine(at(4), 0, 0x0, 0x10000),
        NodeRangeLine(at(5), 0, 0x20000, 0x30000),
    )
    ranges = ((0x0, 0x10000), (0x20000, 0x30000))
    machine = Machine(Kernel(), "arm64", 4096, 64, False, node_ranges=ranges)
    assert by_node_ranges(project_back(found), found, machine).memory == [(0x0, 0x10000)]


def test_a_start_builds_a_memblock() -> None:
    start = project_back(
        log(
            MemblockDump(at(3)),
            *rows(4, "memory", (0x0, 0x10000)),
            *rows(5, "reserved", (0x1000, 0x2000)),
        )
    )
    memblock = start.without((0x1000, 0x1800)).build(Config())
    assert [(r.base, r.end) for r in memblock.memory] == [(0x0, 0x10000)]
    assert [(r.base, r.end) for r in memblock.reserved] == [(0x1800, 0x2000)]
