"""Made-up slab traces in ftrace's text form, for tests of the slab twin."""

from __future__ import annotations

from tracekit.events.table import Trace
from tracekit.mm.slub_geometry import OrderRules
from tracekit.replay.ledger import Ledger
from tracekit.replay.slub.desk import Desk, SlubRules
from tracekit.replay.slub.identity import identify_caches
from tracekit.replay.slub.layout import LinearMap, NodeMap
from tracekit.replay.slub.stream import SlabStream, read_stream
from tracekit.replay.slub.twin import SlubTwin
from tracekit.replay.slub.world import World
from tracekit.syntax.trace import read_trace

BASE = 0xFFFF888000000000
IN_ORDER = SlubRules(shuffled=False)


class SlabText:
    """Collects lines; each method returns the number of the line that it wrote."""

    def __init__(self) -> None:
        self.lines: list[str] = ["# tracer: nop"]

    def _add(self, event: str, cpu: int = 0) -> int:
        time = len(self.lines) / 1000
        self.lines.append(f"            task-1       [{cpu:03}] .....     {time:.6f}: {event}")
        return len(self.lines)

    def page(self, pfn: int, order: int = 0) -> int:
        return self._add(
            f"mm_page_alloc: page=ffffea0000000000 pfn=0x{pfn:x} order={order} migratetype=0 "
            "gfp_flags=GFP_KERNEL"
        )

    def page_free(self, pfn: int, order: int = 0) -> int:
        return self._add(f"mm_page_free: page=ffffea0000000000 pfn=0x{pfn:x} order={order}")

    def kmalloc(self, ptr: int, size: int = 1024, cpu: int = 0, caller: str = "maker") -> int:
        return self._add(
            f"kmalloc: call_site={caller}+0x10/0x20 ptr={ptr:016x} bytes_req={size} "
            f"bytes_alloc={size} gfp_flags=GFP_KERNEL node=-1 accounted=false",
            cpu,
        )

    def cache_alloc(self, ptr: int, size: int, caller: str = "asker") -> int:
        return self._add(
            f"kmem_cache_alloc: call_site={caller}+0x10/0x20 ptr={ptr:016x} bytes_req={size} "
            f"bytes_alloc={size} gfp_flags=GFP_KERNEL node=-1 accounted=false"
        )

    def named_alloc(self, ptr: int, size: int, name: str) -> int:
        return self._add(
            f"kmem_cache_alloc: call_site=asker+0x10/0x20 ptr={ptr:016x} name={name} "
            f"bytes_req={size} bytes_alloc={size} gfp_flags=GFP_KERNEL node=-1 accounted=false"
        )

    def kfree(self, ptr: int, cpu: int = 0) -> int:
        return self._add(f"kfree: call_site=freer+0x10/0x20 ptr={ptr:016x}", cpu)

    def cache_free(self, ptr: int, name: str) -> int:
        return self._add(f"kmem_cache_free: call_site=freer+0x10/0x20 ptr={ptr:016x} name={name}")

    def mark(self, text: str) -> int:
        return self._add(f"tracing_mark_write: tracekit: snapshot {text}")

    def trace(self) -> Trace:
        return read_trace("trace.txt", [("\n".join(self.lines) + "\n").encode()])

    def stream(self) -> SlabStream:
        return read_stream(self.trace())


def make_twin(text: SlabText, rules: SlubRules = IN_ORDER) -> SlubTwin:
    """Return a twin at the start of the trace."""
    stream = text.stream()
    linear = LinearMap(BASE, 12)
    orders = OrderRules()
    identity = identify_caches(stream, linear, orders, debug=rules.debug)
    world = World.build(stream, linear, identity, rules, NodeMap([], 12))
    return SlubTwin(Desk(Ledger("slub"), stream, linear), world, rules)


def replay(text: SlabText, rules: SlubRules = IN_ORDER) -> Ledger:
    """Return the ledger of a whole replay."""
    twin = make_twin(text, rules)
    twin.run()
    twin.finish()
    return twin.desk.ledger


def codes(ledger: Ledger) -> list[tuple[str, int]]:
    """Return (code, line) of every divergence."""
    return [(d.code, d.line.line) for d in ledger.divergences]


def obj(pfn: int, slot: int, size: int = 1024) -> int:
    """Return the address of an object."""
    return BASE + (pfn << 12) + slot * size
