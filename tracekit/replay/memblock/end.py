"""The end of a log: what it cuts off of memblock's last step says nothing against the kernel.

A capture that stops early ends in a request whose answer is not there, or inside a dump.
Neither can be judged: the missing lines were never captured.
"""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.boot import LoadedLog
from tracekit.events.base import Source
from tracekit.replay.memblock.log import Alloc, Dump, MemblockLog, Other, Step
from tracekit.replay.memblock.outcome import UNCHECKED, Outcome

NO_ANSWER = "the log ends before the answer to this request"
ENDS_INSIDE = "the log ends inside this dump"
BEGINS_INSIDE = "the log begins inside this dump"


def cut_off(log: MemblockLog, logs: Sequence[LoadedLog]) -> list[Outcome]:
    """Take what the end of the input cuts off out of ``log``; return its checks, unchecked."""
    at = next((i for i in range(len(log.steps), 0, -1) if not _is_other(log.steps[i - 1])), 0)
    step = log.steps[at - 1] if at else None
    if isinstance(step, Alloc) and step.result is None and _is_last(step.source, logs):
        del log.steps[at - 1]
        return [Outcome("address", UNCHECKED, NO_ANSWER)]
    if isinstance(step, Dump) and _lacks_rows(step) and _is_last(_last_line(step), logs):
        del log.steps[at - 1]
        kind = "dump" if log.dumps else "first_dump"
        return [Outcome(kind, UNCHECKED, ENDS_INSIDE) for _ in step.rows]
    return []


def cut_head(log: MemblockLog) -> list[Outcome]:
    """Take a dump that the log begins within out of ``log``; return its checks, unchecked.

    Without its heading a dump is whole only if the rows of RAM are there from the first on.
    """
    at = next((i for i, step in enumerate(log.steps) if not _is_other(step)), 0)
    step = log.steps[at] if log.steps else None
    if not isinstance(step, Dump) or not step.beheaded:
        return []
    del log.steps[at]
    return [Outcome("first_dump", UNCHECKED, BEGINS_INSIDE) for _ in step.rows]


def _is_other(step: Step) -> bool:
    return isinstance(step, Other)


def _is_last(source: Source, logs: Sequence[LoadedLog]) -> bool:
    """Whether nothing follows a line, or only a line that the end of the capture cut."""
    log = next(loaded.log for loaded in logs if loaded.log.path == source.file)
    after = sum(1 for line in reversed(log.lines[-2:]) if line.number > source.line)
    return after == 0 or (after == 1 and not log.complete)


def _last_line(dump: Dump) -> Source:
    heads = [dump.source, *(count.source for count in dump.counts.values())]
    if dump.totals is not None:
        heads.append(dump.totals.source)
    return max([*heads, *(row.source for row in dump.rows)], key=lambda source: source.line)


def _lacks_rows(dump: Dump) -> bool:
    """Whether a list of the dump is missing, or has fewer rows than its count promises."""
    if not {"memory", "reserved"} <= set(dump.counts):
        return True
    return any(
        sum(1 for row in dump.rows if row.list == name) < count.count
        for name, count in dump.counts.items()
    )
