"""What is known of RAM: from memblock, from firmware's nodes, or from the node ranges."""

from __future__ import annotations

import pytest

import tracekit
from tests.boots import boot
from tracekit.mm.memblock import Memblock
from tracekit.mm.mm_init import PfnRange
from tracekit.replay.boot import replay
from tracekit.replay.mm_init.early_memory import EarlyMemory, find_memory, from_memblock, with_nodes


def test_what_is_nomap_is_ram_but_never_free() -> None:
    memblock = Memblock()
    memblock.add(0x1000, 0xF000, 0)
    memblock.mark_nomap(0x8000, 0x2000)
    memblock.reserve(0x1000, 0x2000)
    memory = from_memblock(memblock, memblock, 4096)
    assert [r.pages for r in memory.ranges or []] == [7, 2, 6]
    assert memory.free_at_handoff == [PfnRange(3, 8), PfnRange(10, 16)]
    assert (memory.start_pfn, memory.end_pfn) == (1, 16)


def test_ranges_are_cut_where_the_node_changes() -> None:
    memory = EarlyMemory([PfnRange(0, 100)], [PfnRange(10, 90)])
    with_nodes(memory, [PfnRange(0, 40, 0), PfnRange(40, 200, 1)])
    assert memory.ranges == [PfnRange(0, 40, 0), PfnRange(40, 100, 1)]
    assert memory.free_at_zones == [PfnRange(10, 40, 0), PfnRange(40, 90, 1)]


@pytest.mark.parametrize(
    ("name", "from_log", "handoff"),
    [
        ("x86_612_plain_numa2_2G", True, False),
        ("x86_61_numa2_512M_2cpu", False, True),
        ("arm_3.10.25_versatilepb_256M", False, False),
    ],
)
def test_sources_by_boot(name: str, from_log: bool, handoff: bool) -> None:
    found = replay(tracekit.load(boot(name) / "dmesg.log"), stages=("memblock", "mm_init"))
    memory = find_memory(found.context)
    assert memory.from_log == from_log
    assert (memory.free_at_handoff is not None) == handoff
