"""The trace of a captured boot, read in the light of the logs of the same boot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracekit.events.table import ABSENT, Trace
from tracekit.syntax.trace import Progress, read_trace

if TYPE_CHECKING:
    from tracekit.capture import Capture

# kernel/trace/trace.c, tracing_set_default_clock(): it resets the buffers
CLOCK_SWITCHED = "Unstable clock detected, switching default tracing clock"
EVENTS_FROM_BOOT = "trace_event="


def read_captured(capture: Capture, progress: Progress | None = None) -> Trace | None:
    """Return the trace of what was opened, None where there is none.

    Raises CaptureError where it cannot be opened.
    """
    if not capture.traces:
        return None
    source = capture.traces[0]
    trace = read_trace(source.path, source.chunks(), progress)
    texts = [line.text for log in capture.logs for line in log.lines]
    trace.clock_switched = any(text.startswith(CLOCK_SWITCHED) for text in texts)
    trace.headless = any(EVENTS_FROM_BOOT in text for text in texts) and _begins_late(trace)
    return trace


def _begins_late(trace: Trace) -> bool:
    """Return whether the first event is not of the task that switches boot's events on.

    From 5.6 on, which print call sites as symbols, trace_event_init() runs in start_kernel(),
    as the idle task. Older kernels may switch them on later, in an initcall.
    """
    if not len(trace):
        return False
    table = next(t for t in trace.tables.values() if t.index[0] == 0)
    site = trace.text(table["call_site"][0]) if "call_site" in table else ""
    return "+0x" in site and trace["pid"][0] not in (0, ABSENT)
