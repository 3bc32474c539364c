"""What the replay inferred besides the unlogged run: one entry for each kind of unlogged act."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.replay.page_alloc.twin import Twin

SHOWN = 12


def report_inferences(twin: Twin) -> None:
    """List what was taken or given back without an event, with the lines that show it."""
    resync = twin.resync
    _list(
        twin,
        "unlogged-run",
        "the run before the trace, or events that were off, had taken or left these blocks",
        resync.unlogged_rows,
    )
    _list(
        twin,
        "bulk-allocation",
        "pages were taken from per-cpu lists without a line, as alloc_pages_bulk() does",
        resync.bulk_rows,
    )
    _list(
        twin,
        "tracing-stopped",
        "blocks left the free lists without any line, as if tracing had been stopped",
        resync.stopped.rows,
    )
    _list(
        twin,
        "taken-unseen",
        "a page came from a user that no line gave it to, as memory compaction does",
        resync.taken_rows,
    )
    _list(
        twin,
        "drain-begun-anew",
        "a drain began with the first per-cpu list again, as workers and emptied batches do",
        resync.begun_rows,
    )
    _list(
        twin,
        "contiguous-allocation",
        "alloc_contig_range() took blocks of a CMA area out of the free lists",
        resync.contig.rows,
    )
    _list(
        twin,
        "per-cpu-lock-held",
        "frees in interrupts passed the per-cpu lists by, because their lock was held",
        resync.passed_by.rows,
    )


def _list(twin: Twin, kind: str, subject: str, rows: Sequence[int]) -> None:
    if not rows:
        return
    lines = sorted({twin.stream.line[row] for row in rows})
    shown = ", ".join(str(line) for line in lines[:SHOWN])
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    twin.account.infer(kind, f"{len(rows)} times: {subject}", f"lines {shown}{more}", min(rows))
