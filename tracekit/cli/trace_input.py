"""Open the trace that a command is about, with progress on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import click

from tracekit.cli.output import trouble, write

if TYPE_CHECKING:
    from tracekit.capture import Capture
    from tracekit.events.table import Trace
    from tracekit.syntax.trace import Progress

STEP = 32 << 20


class OpenedTrace(NamedTuple):
    """A trace that was read, what it was opened from, and the page size if files tell it."""

    trace: Trace
    page_size: int | None
    capture: Capture


def open_trace(paths: tuple[str, ...], form: str) -> OpenedTrace:
    """Read the trace among ``paths``; leave with exit status 2 where there is none."""
    from tracekit.capture import CaptureError, open_capture
    from tracekit.syntax.captured_trace import read_captured

    try:
        capture = open_capture(paths)
        trace = read_captured(capture, _progress())
    except CaptureError as error:
        _refuse(form, str(error))
    if trace is None:
        _refuse(
            form,
            f"{' '.join(paths)}: no trace found; give an ftrace text file, or the output of "
            "trace-cmd report or perf script",
        )
    if not trace.counts.events and not trace.counts.unknown:
        _refuse(
            form,
            f"{trace.path}: no event of a trace could be read. An empty trace means that no event "
            "was on: boot with trace_event=kmem:*,percpu:*, or write 1 to "
            "/sys/kernel/tracing/events/kmem/enable",
        )
    return OpenedTrace(trace, _page_size(capture), capture)


def _page_size(capture: Capture) -> int | None:
    """Return the page size in bytes where the boot's kconfig tells it."""
    from tracekit.kernel.kconfig import page_size, parse_config

    text = capture.read_text("proc/kconfig")
    return page_size(parse_config(text)) if text is not None else None


def _refuse(form: str, message: str) -> NoReturn:
    if form == "json":
        from tracekit.report.stat_json import render_error

        write(render_error(message), None)
    trouble(message)


def _progress() -> Progress | None:
    """Return what shows progress, None where nobody looks on."""
    if not sys.stderr.isatty():
        return None

    def show(done: int) -> None:
        if done % STEP < 1 << 20:
            click.echo(f"\r{done >> 20:,} MiB read", nl=False, err=True)

    return show
