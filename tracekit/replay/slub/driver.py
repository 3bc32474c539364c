"""Replay the slab events of a trace: places, addresses, frees, and the caches' end state."""

from __future__ import annotations

from tracekit.boot import Boot
from tracekit.events.mm_init import NodeRangeLine, SlubBanner
from tracekit.kernel.arch import facts
from tracekit.mm.slub_geometry import OrderRules
from tracekit.observed.slabinfo import SlabinfoRow
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger
from tracekit.replay.slub.desk import Desk, SlubRules
from tracekit.replay.slub.findings import (
    cache_state,
    list_inferences,
    note_growth,
    note_waste,
)
from tracekit.replay.slub.identity import identify_caches
from tracekit.replay.slub.layout import NodeMap, find_linear_map
from tracekit.replay.slub.lifetime import replay_lifetimes
from tracekit.replay.slub.shapes import check_geometry, read_slabinfo
from tracekit.replay.slub.snapshot import check_snapshot
from tracekit.replay.slub.stream import HIDDEN_FREE, SlabStream, read_stream
from tracekit.replay.slub.twin import SlubTwin
from tracekit.replay.slub.usage import note_sparse_slabs, note_travelling_objects
from tracekit.replay.slub.world import World

__all__ = ["run"]

NO_MAP = "pointers are hashed, or too few slabs are made to tell where they lie"
NOT_SLUB = "the log shows no SLUB banner, so the layout of slabs is unknown"
NO_PAGE_SIZE = "the page size is unknown"
NO_TRACE = "there is no trace of slab events"


def run(context: Context) -> None:
    """Check the caches of the boot's slabinfo, and replay the slab events of its trace."""
    boot = context.boot
    path, rows = read_slabinfo(boot)
    trace, buckets = boot.trace, boot.kernel.has("slab_buckets")
    stream = read_stream(trace, buckets, debugs_all(boot)) if trace is not None else None
    if stream is not None and not has_events(stream):
        stream = None
    if stream is None and not rows:
        return
    ledger = context.ledger("slub")
    if rows:
        check_geometry(ledger, boot, path, rows, order_rules(boot))
    if stream is not None:
        replay_stream(ledger, boot, stream, path, rows)
    elif rows:
        ledger.unchecked("snapshot", NO_TRACE, len(rows))


def has_events(stream: SlabStream) -> bool:
    """Say whether the trace shows any slab event."""
    return bool(stream.hidden) or stream.allocs + stream.frees > 0


def replay_stream(
    ledger: Ledger, boot: Boot, stream: SlabStream, path: str, rows: list[SlabinfoRow]
) -> None:
    """Replay slab events: their places where these can be told, their lifetimes where not."""
    enter_hidden(ledger, stream)
    twin = make_twin(ledger, boot, stream)
    if isinstance(twin, str):
        replay_lifetimes(ledger, stream, twin, boot.kernel.has("slub_bulk", default=True))
        if rows:
            ledger.unchecked("snapshot", twin, len(rows))
        return
    if rows:
        check_snapshot(ledger, path, rows, twin)
    twin.run()
    twin.finish()
    list_inferences(twin.desk, twin.world)
    note_growth(twin.desk, twin.world)
    note_waste(twin.desk, twin.world)
    note_sparse_slabs(twin.desk, twin.world)
    note_travelling_objects(twin.desk, twin.world)
    ledger.state["caches"] = cache_state(twin.world)


def enter_hidden(ledger: Ledger, stream: SlabStream) -> None:
    """Enter the events whose pointer says nothing."""
    for reason, count in stream.hidden.items():
        ledger.events += count
        ledger.unchecked("free" if reason == HIDDEN_FREE else "object", reason, count)
        if reason != HIDDEN_FREE:
            ledger.unchecked("address", reason, count)
    if stream.nulls:
        ledger.events += stream.nulls
        ledger.matched("free", stream.nulls)


def make_twin(ledger: Ledger, boot: Boot, stream: SlabStream) -> SlubTwin | str:
    """Return a twin at the start of the trace, or why the layout of slabs cannot be known."""
    rules, page_size = order_rules(boot), boot.kernel.page_size
    if rules is None or page_size is None:
        return NOT_SLUB if page_size else NO_PAGE_SIZE
    linear = find_linear_map(stream, page_size)
    if linear is None:
        return NO_MAP
    debug = debugs_all(boot)
    identity = identify_caches(stream, linear, rules, debug=debug)
    nodes = NodeMap(boot.of(NodeRangeLine), linear.page_shift)
    how = slub_rules(boot, debug)
    world = World.build(stream, linear, identity, how, nodes)
    return SlubTwin(Desk(ledger, stream, linear), world, how)


def order_rules(boot: Boot) -> OrderRules | None:
    """Return what the SLUB banner and the kernel say of slab orders, None without a banner."""
    banner = next(iter(boot.of(SlubBanner)), None)
    if banner is None or boot.kernel.page_size is None:
        return None
    return OrderRules(
        boot.kernel.page_size,
        banner.cpus,
        banner.min_order,
        banner.max_order,
        banner.min_objects,
        boot.kernel.has("slub_order_by_waste", default=True),
    )


def debugs_all(boot: Boot) -> bool:
    """Say whether slab debugging is on for every cache (slub_debug, slab_debug)."""
    for option in ("slub_debug", "slab_debug"):
        value = boot.kernel.option(option)
        if value is not None:
            flags, _, caches = value.partition(",")
            return not caches and flags != "-"
    return boot.kernel.evidence.config.get("CONFIG_SLUB_DEBUG_ON") == "y"


def slub_rules(boot: Boot, debug: bool) -> SlubRules:
    """Return how this kernel's SLUB hands out objects."""
    has, arch = boot.kernel.has, facts(boot.kernel.arch)
    return SlubRules(
        sheaves=has("slub_sheaves"),
        page_size=boot.kernel.page_size or 4096,
        word=4 if arch is not None and arch.is_32bit else 8,
        shuffled=has("slub_freelist_random", default=True),
        cpu_partial=has("slub_cpu_partial", default=True),
        by_slabs=has("slub_cpu_partial_slabs", default=True),
        debug=debug,
        reverses=has("slub_deactivate_reverses"),
    )
