"""Panics that tell of missing RAM."""

from __future__ import annotations

from tracekit.events.base import Event, Source
from tracekit.events.carveouts import KernelPanic
from tracekit.events.memblock import MemblockCall
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
