"""What differs between kernels: what an architecture or its build settles."""

from __future__ import annotations

from tracekit.kernel.evidence import Evidence
from tracekit.kernel.feature import Feature


def _pae(evidence: Evidence) -> bool | None:
    if evidence.config:
        return evidence.config.get("CONFIG_X86_PAE") == "y"
    releases = [str(getattr(event, "release", "")) for event in evidence.events]
    return True if any("pae" in release.lower() for release in releases) else None


ARCH: tuple[Feature, ...] = (
    Feature(
        "arm64_small_sections",
        since=(5, 12),
        commit="f0b13ee23241",
        subject="arm64/sparsemem: reduce SECTION_SIZE_BITS",
    ),
    Feature(
        "bootmem",
        until=(4, 20),
        commit="355c45affca7",
        subject="mm: remove bootmem allocator implementation.",
    ),
    Feature(
        "no_hash_pointers",
        since=(5, 12),
        commit="5ead723a20e0",
        subject="lib/vsprintf: no_hash_pointers prints all addresses as unhashed",
    ),
    Feature(
        "percpu_events",
        since=(4, 13),
        commit="df95e795a722",
        subject="percpu: add tracepoint support for percpu memory",
    ),
    Feature(
        "printk_ringbuffer",
        since=(5, 10),
        commit="896fbe20b4e2",
        subject="printk: use the lockless ringbuffer",
    ),
    # Seen on 6.12 with trace_event= on the command line; no commit is known to name it.
    Feature("trace_eval_sync_hangs", since=(6, 12), until=(6, 16)),
    # A matter of the build and not of the version: without a sign it counts as absent.
    Feature("x86_pae", until=(0,), detect=_pae),
)
