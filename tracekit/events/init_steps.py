"""Facts that kernel_init() and what it calls print: init/main.c, drivers/base/devtmpfs.c."""

from __future__ import annotations

from tracekit.events.base import Event, event


@event("driver_core_up")
class DriverCoreUp(Event, frozen=True):
    """``devtmpfs: initialized``: driver_init() is under way, the initcalls come next."""


@event("init_runs")
class InitRuns(Event, frozen=True):
    """``Run /init as init process``: the kernel is about to run its first program."""

    init: str
