"""Opens what people have: logs, traces, captured boots, in whatever form they saved them.

``open_capture`` takes files, folders, archives or ``-`` and returns a ``Capture``. Everything
above this layer sees logical lines without transport, and bytes of traces in bounded pieces.
"""

from __future__ import annotations

from tracekit.capture.errors import CaptureError, DamagedStreamError
from tracekit.capture.line import Line, Log
from tracekit.capture.opening import Capture, open_capture
from tracekit.capture.trace import TraceSource

__all__ = [
    "Capture",
    "CaptureError",
    "DamagedStreamError",
    "Line",
    "Log",
    "TraceSource",
    "open_capture",
]
