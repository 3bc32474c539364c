"""Replay of the page allocator: every page event of the trace predicted, then compared.

It starts from the free lists of the hand-off, infers the unlogged run up to the first event
once, and then goes event by event (page_alloc_twin).
"""

from __future__ import annotations

from tracekit.boot import Boot
from tracekit.events.carveouts import CmaReserved
from tracekit.events.devicetree import MemoryPool
from tracekit.events.percpu_setup import PcpuAllocMap
from tracekit.kernel.arch import ARCHES
from tracekit.mm.handoff import Handoff
from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.context import Context
from tracekit.replay.page_alloc_account import Account
from tracekit.replay.page_alloc_impossible import mark_impossible
from tracekit.replay.page_alloc_reader import read_rows
from tracekit.replay.page_alloc_setting import read_rules, set_reserved_movable, zones_of
from tracekit.replay.page_alloc_snapshot import (
    FILES,
    Recorder,
    check_snapshot,
    find_windows,
)
from tracekit.replay.page_alloc_twin import Twin
from tracekit.replay.page_alloc_unlogged import Deferred, infer_run, report_run


def run(context: Context) -> None:
    """Replay the page events of the boot's trace."""
    boot = context.boot
    trace = boot.trace
    if trace is None:
        return
    stream = read_rows(trace, pointer_size(boot))
    ledger = context.ledger("page_alloc")
    ledger.events = sum(kind < 6 for kind in stream.kind)
    handoff = context.take(Handoff)
    if handoff is None:
        return
    orders, block = handoff.rules.nr_orders, handoff.rules.pageblock_order
    rules = read_rules(boot.kernel, orders, block, stream)
    if boot.kernel.has("reserved_block_movable"):
        set_reserved_movable(handoff)
    flat = boot.kernel.evidence.config.get("CONFIG_FLATMEM") == "y"
    zones = zones_of(handoff, rules, flat=flat)
    allocator = PageAllocator(zones, rules)
    account = Account(stream, ledger)
    mark_impossible(stream, rules, account)
    deferred = Deferred(handoff, rules)
    twin = Twin(allocator, stream, account, cpu_nodes(boot, zones))
    report_run(infer_run(allocator, stream, twin.resync.future, deferred), account)
    twin.frees.know(deferred.ranges, cma_areas(boot))
    windows = find_windows(stream)
    twin.recorder = Recorder(allocator, windows)
    twin.run(0, len(stream))
    account.close()
    check_snapshot(ledger, windows, snapshot_files(boot), zones)


def snapshot_files(boot: Boot) -> dict[str, tuple[str, str]]:
    """Return the path and text of the files that show the allocator's state, by name."""
    found = {}
    for name in FILES:
        text = boot.capture.read_text(f"proc/{name}")
        if text is not None:
            found[name] = (str(boot.capture.files[f"proc/{name}"]), text)
    return found


def cma_areas(boot: Boot) -> list[tuple[int, int]]:
    """Return the CMA areas that the log names, as pfn ranges, ends exclusive."""
    size = boot.kernel.page_size or 4096
    named = [(area.start, area.end) for area in boot.of(CmaReserved)]
    named += [(pool.start, pool.end) for pool in boot.of(MemoryPool) if pool.pool == "CMA"]
    return [(start // size, end // size) for start, end in named]


def pointer_size(boot: Boot) -> int:
    """Return the size of a pointer in bytes."""
    arch = ARCHES.get(boot.kernel.arch or "")
    return 4 if arch is not None and arch.is_32bit else 8


def cpu_nodes(boot: Boot, zones: list[Zone]) -> dict[int, int]:
    """Return the node of each cpu: percpu groups its units by node, in the order of nodes.

    Empty where the log does not show the groups; then every cpu counts as one of the first
    node's until its habits show otherwise.
    """
    nids = sorted({zone.nid for zone in zones})
    found: dict[int, int] = {}
    for line in boot.of(PcpuAllocMap):
        for group, cpus in line.allocs:
            for cpu in cpus:
                if cpu is not None and group < len(nids):
                    found[cpu] = nids[group]
    return found
