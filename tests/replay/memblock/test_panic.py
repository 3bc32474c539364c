"""Panics that tell of missing RAM."""

from __future__ import annotations

from tracekit.events.base import Event, Source
from tracekit.events.carveouts import KernelPanic
from tracekit.events.memblock import MemblockCall
from tracekit.events.mm_init import NodeRangeLine
from tracekit.replay.memblock.panic import panics

HERE = Source("dmesg", 7)
ADD = MemblockCall(HERE, "memblock_add", 0x80000000, 0x8FFFFFFF)


def codes(reason: str, *before: Event) -> list[str]:
    return [p.code for p in panics([*before, KernelPanic(HERE, reason)])]


def test_a_limit_of_zero_leaves_nothing() -> None:
    assert codes("ERROR: Failed to allocate 0x1000 bytes below 0x0.") == ["MB214"]
    assert codes("ERROR: Failed to allocate 0x1000 bytes below 0x2f800000.") == []


def test_a_page_table_without_any_ram() -> None:
    assert codes("Failed to allocate page table page") == ["MB214"]
    assert codes("Failed to allocate page table page", ADD) == []


def test_other_panics_say_nothing_of_ram() -> None:
    assert codes("VFS: Unable to mount root fs on unknown-block(1,0)") == []


def test_a_node_that_was_used_up() -> None:
    nodes = [
        NodeRangeLine(HERE, 0, 0x100000, 0xC0000000),
        NodeRangeLine(HERE, 1, 0x100000000, 0x140000000),
    ]
    panic = KernelPanic(HERE, "kasan_populate_pmd: Failed to allocate page, nid=0 from=1000000")
    found = list(panics([*nodes, panic, panic]))
    assert [parting.code for parting in found] == ["MB218"]
    assert found[0].simulated.startswith("node 0 has 3056 MiB of RAM above 0x1000000, the other")
    assert codes("Failed to allocate page, nid=2 from=1000000", *nodes) == []
