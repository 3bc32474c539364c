"""trace.dat, the binary form in which trace-cmd records: read through an installed trace-cmd."""

from __future__ import annotations

import os
from typing import BinaryIO, cast

from tracekit.capture.errors import CaptureError
from tracekit.capture.streams import Source, spool

# trace-cmd's Documentation/trace-cmd.dat.5.txt
MAGIC = b"\x17\x08\x44tracing"


def is_trace_dat(head: bytes) -> bool:
    """Return whether a file that begins with ``head`` is a trace.dat."""
    return head.startswith(MAGIC)


def report_source(source: Source) -> Source:
    """Return the text that ``trace-cmd report`` makes of a trace.dat.

    Raises CaptureError where trace-cmd is not installed, or cannot read the file.
    """
    import shutil
    import subprocess

    program = shutil.which("trace-cmd")
    if program is None:
        raise CaptureError(
            source.name,
            "is a trace.dat, which only trace-cmd reads, and trace-cmd is not installed.",
            "Install it, or give the output of 'trace-cmd report' from another machine.",
        )
    if not os.path.isfile(source.name):
        raise CaptureError(
            source.name, "is a trace.dat inside something else.", "Give it as a file of its own."
        )
    command = [program, "report", "-i", source.name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        text = spool(source.name, cast(BinaryIO, process.stdout))
        complaint = process.stderr.read(500).decode("utf-8", "replace").strip()
    if process.returncode:
        raise CaptureError(source.name, f"trace-cmd cannot read it: {complaint or 'no reason'}.")
    return text
