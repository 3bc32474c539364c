"""Where slabs lie, found from the events; and what is left without it."""

from __future__ import annotations

from tests.replay.slab_text import BASE, SlabText, codes, obj
from tracekit.events.base import Source
from tracekit.events.mm_init import NodeRangeLine
from tracekit.replay.ledger import Ledger
from tracekit.replay.slub.layout import NodeMap, find_linear_map
from tracekit.replay.slub.lifetime import FILLED_BEFORE, replay_lifetimes
from tracekit.replay.slub.stream import kmalloc_kind


def test_the_linear_map_is_what_most_new_slabs_agree_on() -> None:
    text = SlabText()
    for pfn in range(0x20, 0x40, 2):
        text.page(pfn, 1)
        text.kmalloc(obj(pfn, pfn % 8))
    text.page(0x100)
    text.kmalloc(obj(0x900, 0))
    found = find_linear_map(text.stream(), 4096)
    assert found is not None
    assert found.base == BASE
    assert found.pfn(obj(0x20, 7)) == 0x21


def test_hashed_pointers_have_no_linear_map() -> None:
    text = SlabText()
    for pfn in range(0x20, 0x60):
        text.page(pfn)
        text.kmalloc(pfn * 0x9E3779B1 % 2**32)
    assert find_linear_map(text.stream(), 4096) is None


def test_lifetimes_hold_without_addresses() -> None:
    text = SlabText()
    text.kmalloc(0x1234)
    text.kfree(0x1234)
    text.kfree(0x9999)
    line = text.kfree(0x1234)
    ledger = Ledger("slub")
    replay_lifetimes(ledger, text.stream(), "hashed", silent=True)
    assert codes(ledger) == [("SL201", line)]
    assert ledger.kind("free").matched == 1
    assert ledger.kind("free").unchecked[FILLED_BEFORE] == 1
    assert ledger.kind("object").unchecked["hashed"] == 1


def test_nodes_of_pages() -> None:
    source = Source("dmesg", 1)
    lines = [NodeRangeLine(source, 0, 0, 1 << 28), NodeRangeLine(source, 1, 1 << 28, 1 << 29)]
    nodes = NodeMap(lines, 12)
    assert nodes.several
    assert (nodes.nid(5), nodes.nid((1 << 16) + 5), nodes.nid(1 << 30)) == (0, 1, 0)


def test_copies_of_the_kmalloc_caches() -> None:
    assert kmalloc_kind("GFP_KERNEL|__GFP_ZERO") == ""
    assert kmalloc_kind("GFP_KERNEL_ACCOUNT") == "cg"
    assert kmalloc_kind("GFP_KERNEL|__GFP_RECLAIMABLE|__GFP_ACCOUNT") == "rcl"
    assert kmalloc_kind("GFP_KERNEL|GFP_DMA") == "dma"
