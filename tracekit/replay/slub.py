"""Replay the slab events of a trace: places, addresses, frees, and the caches' end state."""

from __future__ import annotations

from tracekit.boot import Boot
from tracekit.events.mm_init import NodeRangeLine, SlubBanner
from tracekit.mm.slub_geometry import OrderRules
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger
from tracekit.replay.slub_desk import Desk, SlubRules
from tracekit.replay.slub_identity import identify_caches
from tracekit.replay.slub_layout import NodeMap, find_linear_map
from tracekit.replay.slub_stream import SlabStream, read_stream
from tracekit.replay.slub_twin import SlubTwin
from tracekit.replay.slub_world import World

__all__ = ["run"]

HASHED = "pointers are hashed"
NOT_SLUB = "the log shows no SLUB banner, so the layout of slabs is unknown"


def run(context: Context) -> None:
    """Replay the slab events of the boot's trace, if it has any."""
    boot, trace = context.boot, context.boot.trace
    if trace is None:
        return
    stream = read_stream(trace)
    if not len(stream):
        return
    ledger = context.ledger("slub")
    replay_stream(ledger, boot, stream)


def replay_stream(ledger: Ledger, boot: Boot, stream: SlabStream) -> None:
    rules = order_rules(boot)
    page_size = boot.kernel.page_size
    linear = find_linear_map(stream, page_size) if page_size else None
    if rules is None or linear is None:
        return
    debug = debugs_all(boot)
    identity = identify_caches(stream, linear, rules, debug=debug)
    nodes = NodeMap(boot.of(NodeRangeLine), linear.page_shift)
    how = slub_rules(boot, debug)
    world = World.build(stream, linear, identity, how, nodes)
    twin = SlubTwin(Desk(ledger, stream, linear), world, how)
    twin.run()
    twin.finish()


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
    has = boot.kernel.has
    return SlubRules(
        predicts=not has("slub_sheaves"),
        shuffled=has("slub_freelist_random", default=True),
        cpu_partial=has("slub_cpu_partial", default=True),
        by_slabs=has("slub_cpu_partial_slabs", default=True),
        debug=debug,
    )
