"""Lines put together to steps."""

from __future__ import annotations

from tracekit.events.base import Event, Source
from tracekit.events.memblock import MemblockCall, MemblockRequest, MemblockRow
from tracekit.replay.memblock.log import Alloc, Change, Dump, MemblockLog, read_log

FOUND = "memblock_alloc_range_nid+0x1/0x2"


def request(line: int, size: int = 0x1000) -> Event:
    source = Source("dmesg", line)
    return MemblockRequest(source, "memblock_alloc_try_nid", size, 8, 0, 0, -1, "asker+0x1/0x2")


def call(line: int, base: int, bound: int, caller: str = FOUND, name: str = "reserve") -> Event:
    return MemblockCall(Source("dmesg", line), f"memblock_{name}", base, bound, caller=caller)


def read(*events: Event, exclusive: bool = False) -> MemblockLog:
    return read_log(events, exclusive, 64)


def allocs(log: MemblockLog) -> list[tuple[bool, bool]]:
    return [(a.request is not None, a.result is not None) for a in log.allocs]


def test_a_request_is_answered_by_the_next_line() -> None:
    log = read(request(1), call(2, 0x1000, 0x1FFF))
    assert allocs(log) == [(True, True)]
    assert (log.allocs[0].base, log.allocs[0].size, log.allocs[0].by) == (0x1000, 0x1000, "asker")


def test_a_request_without_an_answer_and_an_answer_without_a_request() -> None:
    assert allocs(read(request(1), request(2), call(3, 0x1000, 0x1FFF))) == [
        (True, False),
        (True, True),
    ]
    assert allocs(read(call(3, 0x1000, 0x1FFF))) == [(False, True)]
    assert allocs(read(request(1), call(5, 0x1000, 0x8FFF))) == [(True, False), (False, True)]


def test_a_reservation_of_a_fixed_range_is_no_answer() -> None:
    log = read(request(1), call(2, 0x1000, 0x2FFF, "setup_arch+0x1/0x2"))
    assert allocs(log) == [(True, False)]
    assert [change.kind for change in log.changes] == ["reserve"]


def test_ends_are_exclusive_in_old_reserves_and_frees_only() -> None:
    events = [call(1, 0x1000, 0x2000), call(2, 0x1000, 0x2000, name="free")]
    added = call(3, 0x1000, 0x1FFF, name="add")
    sizes = [
        step.size
        for step in read(*events, added, exclusive=True).steps
        if isinstance(step, Alloc | Change)
    ]
    assert sizes == [0x1000, 0x1000, 0x1000]


def test_empty_and_wrapped_ranges() -> None:
    empty = read(call(1, 0x2000, 0x1FFF, "a+0x1/0x2")).changes[0]
    wrapped = read(call(1, 1 << 48, (1 << 48) - 2, "a+0x1/0x2", "remove")).changes[0]
    assert (empty.size, wrapped.size) == (0, (1 << 64) - 1)


def test_a_dump_without_its_heading_is_a_dump() -> None:
    log = read(MemblockRow(Source("dmesg", 1), "memory", 0, 0, 0xFFF, 0x1000))
    assert isinstance(log.steps[0], Dump)
    assert len(log.dumps[0].of("memory")) == 1
    assert not log.empty
    assert read().empty
