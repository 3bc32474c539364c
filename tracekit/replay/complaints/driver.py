"""The kernel's own complaints: each as a note, with what the replay knows of the memory in it.

A kernel that warns or dies has seen the damage, seldom its cause. The replay knows whose memory
it was, so that the two can be laid side by side. The kernel's words break no rule of an
allocator: these are notes, and they count for no check.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.replay.complaints.bad_page import bad_pages
from tracekit.replay.complaints.failure import failures
from tracekit.replay.complaints.fault import faults
from tracekit.replay.complaints.finding import Complaint
from tracekit.replay.complaints.place import Places
from tracekit.replay.complaints.slab import slab_reports
from tracekit.replay.complaints.stop import stops
from tracekit.replay.context import Context


def run(context: Context) -> None:
    """Enter every complaint of the log into the ledger of the allocator that it is about."""
    for complaint in complaints(context):
        complaint.enter(context.ledger(complaint.allocator))


def complaints(context: Context) -> Iterator[Complaint]:
    """Yield what the kernel complained about, by kind."""
    boot = context.boot
    places = Places(context)
    yield from bad_pages(boot, places)
    yield from failures(boot)
    yield from faults(boot, places)
    yield from slab_reports(boot)
    yield from stops(boot)
