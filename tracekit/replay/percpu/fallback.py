"""Why the first chunk was not embedded: what the kernel says when it maps it page by page.

mm/percpu.c: pcpu_embed_first_chunk() gives up where its groups lie too far apart for the
vmalloc area; the architectures' setup_per_cpu_areas() then take pcpu_page_first_chunk().
"""

from __future__ import annotations

from tracekit.boot import Boot
from tracekit.events.percpu_setup import PercpuDistance, PercpuFallback, PercpuNoNode
from tracekit.replay.ledger import Ledger

ERRORS = {-22: "EINVAL", -12: "ENOMEM"}


def report_fallback(boot: Boot, ledger: Ledger) -> None:
    """Note the fall-back with its reason, and processors that their node gives no memory."""
    distances = boot.of(PercpuDistance)
    for event in boot.of(PercpuFallback):
        far = next((d for d in reversed(distances) if d.source.line < event.source.line), None)
        ledger.report(
            "PC203",
            event.source,
            "percpu first chunk",
            logged=f"{event.chosen} failed with {ERRORS.get(event.error, event.error)}",
            simulated=_reason(far),
            related=(far.source,) if far is not None else (),
        )
    for cpu in boot.of(PercpuNoNode):
        ledger.report(
            "PC204",
            cpu.source,
            "percpu first chunk",
            logged=f"CPU {cpu.cpu}: no memory on node {cpu.nid}",
            simulated="each unit lies on the node of its processor",
        )


def _reason(far: PercpuDistance | None) -> str:
    if far is None:
        return "an embedded chunk; memblock had no room for one of its groups"
    most = far.vmalloc * 3 // 4
    return (
        f"groups at most {most:#x} bytes apart, three quarters of the vmalloc area; "
        f"they span {far.distance:#x}"
    )
