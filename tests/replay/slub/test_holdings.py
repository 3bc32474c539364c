"""What simulated caches hold at the end of a trace."""

from __future__ import annotations

from pathlib import Path

from tests.replay.slab_text import SlabText, obj
from tracekit.boot import load
from tracekit.replay.slub.holdings import NO_TRACE, CacheHolding, slab_holdings

BANNER = """[    0.000000] Linux version 6.1.0-50-amd64 (x) (y) #1 SMP
[    0.000000] SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=1, Nodes=1
"""


def held(tmp_path: Path, text: SlabText) -> list[CacheHolding] | str:
    (tmp_path / "dmesg.log").write_text(BANNER)
    (tmp_path / "trace.txt").write_text("\n".join(text.lines) + "\n")
    return slab_holdings(load(tmp_path))


def busy() -> SlabText:
    """Three slabs of eight objects; all but three of the objects are freed again."""
    text = SlabText()
    for first in range(8):
        text.page(0x100 + first)
        text.cache_alloc(obj(0x100 + first, 0), 4096, "maker")
    for pfn in (0x20, 0x40, 0x60):
        text.page(pfn, 1)
        for slot in range(8):
            text.kmalloc(obj(pfn, slot))
    for pfn in (0x20, 0x40, 0x60):
        for slot in range(1, 8):
            text.kfree(obj(pfn, slot))
    return text


def test_idle_bytes_are_those_of_no_object_in_use(tmp_path: Path) -> None:
    found = held(tmp_path, busy())
    assert not isinstance(found, str)
    first = found[0]
    assert (first.name, first.slabs, first.peak) == ("kmalloc-1k", 3, 3)
    assert (first.live, first.objects, first.asked) == (3, 24, 3 * 1024)
    assert (first.held, first.idle) == (24 * 1024, 21 * 1024)
    assert (first.allocated, first.freed) == (24, 21)
    assert first.nearly_empty
    assert [cache.idle for cache in found] == sorted((c.idle for c in found), reverse=True)


def test_without_slab_events_there_is_nothing_to_tell(tmp_path: Path) -> None:
    text = SlabText()
    text.page(0x10)
    assert held(tmp_path, text) == NO_TRACE


def test_what_an_older_slab_holds_beyond_its_lines_counts_as_live(tmp_path: Path) -> None:
    text = busy()
    text.kfree(obj(0x200, 3))
    text.kmalloc(obj(0x200, 3))
    text.kmalloc(obj(0x200, 2))
    found = held(tmp_path, text)
    assert not isinstance(found, str)
    first = found[0]
    # The slab that the very first kmalloc line lies on may be older as well.
    assert (first.older, first.slabs, first.live) == (2, 4, 11)
