"""The lines that tell how far start-up has come."""

from __future__ import annotations

import tracekit
from tests.boots import boot
from tracekit.events.init_steps import ClockStable, DriverCoreUp, InitRuns


def test_both_lines_are_read() -> None:
    loaded = tracekit.load(boot("x86_61_256M_1cpu") / "dmesg.log")
    assert [event.init for event in loaded.of(InitRuns)] == ["/init"]
    assert len(loaded.of(DriverCoreUp)) == 1
    assert not any(log.unparsed for log in loaded.logs)


def test_a_clock_that_is_marked_stable_names_its_offset() -> None:
    found = tracekit.load(boot("x86_61_256M_1cpu") / "dmesg.log").of(ClockStable)
    assert [event.offset for event in found] == [-1380683304]
