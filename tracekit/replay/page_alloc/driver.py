"""Replay of the page allocator: every page event of the trace predicted, then compared.

It starts from the free lists of the hand-off, infers the unlogged run up to the first event
once, and then goes event by event (page_alloc_twin). Where the hand-off is not known, or the
trace lacks its head, it starts empty-handed: per-cpu lists are learned from their refills and
frees, and what cannot be known is left unchecked.
"""

from __future__ import annotations

from bisect import bisect_left

from tracekit.boot import Boot
from tracekit.events.carveouts import CmaReserved
from tracekit.events.devicetree import MemoryPool
from tracekit.events.gaps import BEFORE_ALL, Gap
from tracekit.events.memblock import MemblockCall
from tracekit.events.mm_init import ZonePages
from tracekit.events.percpu_setup import PcpuAllocMap
from tracekit.kernel.arch import ARCHES, nr_orders
from tracekit.mm.handoff import Handoff
from tracekit.mm.memblock import Memblock
from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_rules import Rules
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.context import Context
from tracekit.replay.mm_init.memmap_model import zone_lines
from tracekit.replay.mm_init.setting import pageblock_order
from tracekit.replay.page_alloc.account import Account
from tracekit.replay.page_alloc.backport import settle_rules
from tracekit.replay.page_alloc.impossible import mark_impossible
from tracekit.replay.page_alloc.moments import Moments
from tracekit.replay.page_alloc.pageblocks import uncounted
from tracekit.replay.page_alloc.reader import read_rows
from tracekit.replay.page_alloc.report import report_inferences
from tracekit.replay.page_alloc.setting import (
    read_rules,
    set_reserved_movable,
    set_reserves,
    zones_of,
)
from tracekit.replay.page_alloc.snapshot import (
    FILES,
    Recorder,
    check_snapshot,
    find_windows,
)
from tracekit.replay.page_alloc.stream import VMALLOC, Stream
from tracekit.replay.page_alloc.twin import Twin
from tracekit.replay.page_alloc.unlogged import Deferred, infer_run, report_run
from tracekit.replay.page_alloc.watch import PageWatch

NO_HANDOFF = "what was free before the trace began is not known (no dmesg of this boot)"
NO_HEAD = "the head of the trace is missing, so what was free there is not known"
LOST = "events were lost before this one"


def run(context: Context) -> None:
    """Replay the page events of the boot's trace."""
    boot = context.boot
    trace = boot.trace
    if trace is None:
        return
    stream = read_rows(trace, pointer_size(boot))
    ledger = context.ledger("page_alloc")
    ledger.events = sum(stream.kind.count(kind) for kind in range(VMALLOC))
    gaps = [gap for gap in trace.gaps if not gap.usual and gap.last < len(trace)]
    handoff = context.take(Handoff)
    account = Account(stream, ledger)
    headless = any(gap.first == BEFORE_ALL for gap in gaps)
    account.reason = NO_HANDOFF if handoff is None else NO_HEAD if headless else ""
    rules = _rules(boot, handoff, stream)
    if handoff is not None and not account.reason:

        def make(tried: Rules, rows: Stream, trial: Account) -> Twin:
            return _make_twin(boot, handoff, rows, trial, tried)

        rules = settle_rules(rules, lambda: read_rows(trace, pointer_size(boot)), make, account)
    twin = _make_twin(boot, handoff, stream, account, rules)
    windows = find_windows(stream)
    zones = twin.allocator.zones
    left_out = uncounted(boot.kernel, context.take(Memblock), zones)
    twin.recorder = Recorder(twin.allocator, windows, left_out, twin.resync.passed_by)
    watch = context.take(PageWatch)
    if watch is not None:
        twin.recorder = watch.start(twin, twin.recorder)
    twin.moments = Moments(context, twin.allocator, stream)
    for row in _lost_rows(stream, gaps):
        twin.run(twin.ties.position, row)
        account.reason = account.reason or LOST
    twin.run(twin.ties.position, len(stream))
    twin.moments.show_left(len(stream))
    account.close()
    report_inferences(twin)
    unsettled = unsettled_zones(twin)
    check_snapshot(ledger, windows, snapshot_files(boot), zones, account.reason, unsettled)


def _rules(boot: Boot, handoff: Handoff | None, stream: Stream) -> Rules:
    """Return the habits of the kernel's page allocator, with the sizes of the hand-off."""
    kernel = boot.kernel
    if handoff is None:
        orders = nr_orders(kernel, kernel.page_size or 4096)
        block = pageblock_order(kernel, kernel.page_size or 4096, orders)
    else:
        orders, block = handoff.rules.nr_orders, handoff.rules.pageblock_order
    return read_rules(kernel, orders, block, stream)


def _make_twin(
    boot: Boot, handoff: Handoff | None, stream: Stream, account: Account, rules: Rules
) -> Twin:
    """Return the twin in the state of the first event, as far as that is known."""
    kernel = boot.kernel
    mark_impossible(stream, rules, account)
    zones = _zones(boot, handoff, rules, stream)
    twin = Twin(PageAllocator(zones, rules), stream, account, cpu_nodes(boot, zones))
    if handoff is None or account.reason:
        twin.resync.handed_over = False
        for zone in zones:
            zone.clear()
        return twin
    late_start = not kernel.has("events_on_in_start_kernel", default=True)
    deferred = Deferred(handoff, rules, late_start=late_start)
    future = twin.resync.future
    twin.runs = infer_run(twin.allocator, stream, future, deferred)
    report_run(twin.runs, account)
    twin.resync.run_freed = late_start
    if rules.type_number("Reserve") is not None:
        set_reserves(kernel, handoff, zones, zone_pages(boot, handoff))
    twin.deferred = deferred
    areas = cma_areas(boot)
    late = late_frees(boot) if handoff.rules.to_tail else []
    twin.frees.know(deferred.ranges, areas, late)
    twin.resync.contig.areas = areas
    return twin


def unsettled_zones(twin: Twin) -> set[tuple[int, str]]:
    """Return the zones, by node and name, whose state at the first event is not certain.

    Where events came late, a zone is certain if the run that took pages from it is known for
    the two types that take pageblocks, and no refill showed another order than expected.
    """
    if not twin.resync.run_freed:
        return set()
    known: dict[tuple[int, str], set[int]] = {}
    for run in twin.runs:
        known.setdefault((run.zone.nid, run.zone.name), set()).add(run.migratetype)
    every = {(zone.nid, zone.name) for zone in twin.allocator.zones}
    return twin.resync.unsettled | {key for key in every if len(known.get(key, ())) < 2}


def zone_pages(boot: Boot, handoff: Handoff) -> dict[tuple[int, str], int]:
    """Return the present_pages of each zone, by node and zone name, where the log shows them.

    Since v3.9 watermarks go by what the zone manages instead, and the line does not show that.
    """
    if boot.kernel.has("present_pages_whole", default=True):
        return {}
    lines = zone_lines(boot, ZonePages, handoff.nodes)
    return {(zone.nid, zone.name): line.pages for zone, line in lines if zone is not None}


def _zones(boot: Boot, handoff: Handoff | None, rules: Rules, stream: Stream) -> list[Zone]:
    """Return the zones of the hand-off; without one, a single zone of all pages seen."""
    if handoff is None:
        return [Zone("DMA", 0, 0, max(stream.pfn, default=0) + (2 << rules.max_order), rules)]
    if boot.kernel.has("reserved_block_movable"):
        set_reserved_movable(handoff)
    holes = boot.kernel.has("unavailable_by_memmap_init", default=True)
    return zones_of(handoff, rules, holes=holes)


def _lost_rows(stream: Stream, gaps: list[Gap]) -> list[int]:
    """Return the rows before which events are missing."""
    places = {gap.last for gap in gaps if gap.first > BEFORE_ALL}
    return sorted(bisect_left(stream.event, place) for place in places)


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


def late_frees(boot: Boot) -> list[tuple[int, int]]:
    """Return what memblock_free_late() gave back after the hand-off: pfn ranges, ends exclusive.

    Only whole pages go back. EFI's boot services are the usual case.
    """
    size = boot.kernel.page_size or 4096
    calls = [call for call in boot.of(MemblockCall) if call.is_late]
    return [(-(-call.base // size), (call.bound + 1) // size) for call in calls]


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
