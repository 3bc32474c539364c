"""Build the budget of a replayed boot: the finest tree that its log allows."""

from __future__ import annotations

import re

from tracekit.events.mm_init import MemoryLine
from tracekit.mm.handoff import Handoff
from tracekit.replay.budget.coarse import coarse_budget
from tracekit.replay.budget.fine import fine_budget, returned
from tracekit.replay.budget.tree import Budget, Item
from tracekit.replay.context import Context
from tracekit.replay.mm_init.memory_line import kernel_view

KIB = 1024


def build_budget(context: Context) -> Budget | None:
    """Return the budget of a boot that was replayed, None where its log has no memory sizes."""
    budget = fine_budget(context) or coarse_budget(context.boot)
    if budget is None:
        return None
    budget.returned = returned(context.boot)
    budget.mem_total = _mem_total(context)
    if budget.detail == "memblock":
        _compare(budget, context)
    return budget


def _compare(budget: Budget, context: Context) -> None:
    """Set the kernel's own count of what it was given, and name what lies between."""
    line = next(iter(context.boot.of(MemoryLine)), None)
    if line is None or line.reserved is None or context.take(Handoff) is None:
        return
    if line.rwdata is not None:
        budget.kernel_free = (line.total - line.reserved - (line.cma or 0)) * KIB
    elif line.absent is not None:
        budget.kernel_free = (line.total - line.absent - line.reserved) * KIB
    else:
        # Before v3.11 the line is printed right at the hand-off, and its first number is free.
        budget.kernel_free = line.available * KIB
        return
    for name, size in kernel_view(context):
        if size:
            budget.adjustments.append(Item(name, size, "adjustment", name, line.source))


def _mem_total(context: Context) -> int | None:
    """Return MemTotal of /proc/meminfo in bytes where the boot's folder has it."""
    text = context.boot.capture.read_text("proc/meminfo") or ""
    found = re.search(r"^MemTotal:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * KIB if found else None
