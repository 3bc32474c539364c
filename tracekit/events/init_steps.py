"""Facts that kernel_init() and what it calls print: init/main.c, drivers/base/devtmpfs.c."""

from __future__ import annotations

from typing import Any

from tracekit.events.base import Event, Source, event


@event("driver_core_up")
class DriverCoreUp(Event, frozen=True):
    """``devtmpfs: initialized``: driver_init() is under way, the initcalls come next."""


@event("init_runs")
class InitRuns(Event, frozen=True):
    """``Run /init as init process``: the kernel is about to run its first program."""

    init: str


@event("clock_stable")
class ClockStable(Event, frozen=True):
    """``sched_clock: Marking stable``: from here on the log's times are sched_clock()'s plus this.

    ``offset`` is in nanoseconds. Until then they follow the timekeeper's clock from tick to
    tick (kernel/sched/clock.c:sched_clock_local).
    """

    offset: int

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> ClockStable:
        """Build from the last number of the line."""
        return cls(source, int(fields["clock_offset"]))
