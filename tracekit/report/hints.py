"""What a log could not show, and which boot parameter would show it."""

from __future__ import annotations

from tracekit.replay.boot import Replay


def hints(replay: Replay) -> list[str]:
    """Return one sentence per part of the boot that the input says nothing about."""
    return [text for missing, text in _table(replay) if missing]


def _table(replay: Replay) -> list[tuple[bool, str]]:
    events = {ledger.name: ledger.events for ledger in replay.allocators}
    early = events.get("memblock", 0) + events.get("bootmem", 0)
    return [
        (
            not early,
            "no memblock or bootmem calls in the log: boot with memblock=debug "
            "(bootmem_debug where the kernel still has bootmem) to check early allocations",
        ),
        (
            not replay.boot.has_trace,
            "no trace: boot with trace_event=kmem:*,percpu:* trace_buf_size=24M and add "
            "/sys/kernel/tracing/trace to check the page, slab and percpu allocators",
        ),
    ]
