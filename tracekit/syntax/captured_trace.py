"""The trace of a captured boot, read in the light of the logs of the same boot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tracekit.events.formats import is_raw, read_formats, settle
from tracekit.events.table import ABSENT, Trace
from tracekit.syntax.trace import Progress, read_trace

if TYPE_CHECKING:
    from tracekit.capture import Capture

# kernel/trace/trace.c, tracing_set_default_clock(): it resets the buffers
CLOCK_SWITCHED = "Unstable clock detected, switching default tracing clock"
# kernel/trace/ring_buffer.c, rb_add_timestamp(): it counts time on from the last event
CLOCK_RAN_BACK = "Ring buffer clock went backwards: "
# kernel/trace/ring_buffer.c, trace_rb_cpu_prepare(): the cpu is not brought up
NO_BUFFER = re.compile(r"failed to allocate ring buffer on CPU (\d+)")
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
    trace.clock_ran_back = any(text.startswith(CLOCK_RAN_BACK) for text in texts)
    if is_raw(trace):
        settle(trace, read_formats(capture.files, capture.read_text))
    trace.others = tuple(other.path for other in capture.traces[1:])
    trace.remarks = (*_never_up(trace, texts), *_not_read(trace))
    trace.headless = any(EVENTS_FROM_BOOT in text for text in texts) and _begins_late(trace)
    return trace


def _never_up(trace: Trace, texts: Iterable[str]) -> Iterator[str]:
    """Yield a remark for each cpu that did not come up for want of a ring buffer."""
    refused = {int(found[1]) for text in texts if (found := NO_BUFFER.match(text))}
    for cpu in sorted(refused.difference(trace.prefix("cpu"))):
        yield (
            f"CPU {cpu} never came up, for its ring buffer could not be allocated: no event is "
            "missing, the other CPUs did all the work. A smaller trace_buf_size= lets it come up."
        )


def _not_read(trace: Trace) -> Iterator[str]:
    """Yield a remark where other traces were given beside this one."""
    if trace.others:
        yield (
            f"Only {trace.path} was read, not {', '.join(trace.others)}. Give one trace that holds "
            "all CPUs, as /sys/kernel/tracing/trace does, or each of them by itself."
        )


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
