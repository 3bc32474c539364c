from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tracekit.mm.memblock_hints import GapHints
from tracekit.mm.memblock_search import Wanted, find_range_top_down
from tracekit.mm.memblock_type import MemblockType

TOP = (1 << 64) - 1


def lists() -> tuple[MemblockType, MemblockType]:
    memory, reserved = MemblockType("memory", 128, TOP), MemblockType("reserved", 128, TOP)
    memory.add_range(0x1000, 0xF000)
    memory.add_range(0x20000, 0x10000, nid=1)
    for base, size in ((0x0, 0x2000), (0x4000, 0x1000), (0xF000, 0x12000), (0x2F000, 0x1000)):
        reserved.add_range(base, size)
    return memory, reserved


def test_hints_never_change_a_result() -> None:
    rng = random.Random(3)
    memory, reserved = lists()
    memory.add_range(0x100000, 0x100000)
    hints = GapHints()
    for _ in range(1500):
        size, align = rng.choice([24, 100, 300, 4096]), rng.choice([8, 64, 4096])
        end = rng.choice([TOP, TOP, rng.randrange(0x200000)])
        wanted = Wanted(size, align, 0x1000, end, rng.choice([-1, -1, 1]))
        found = hints.find(memory, reserved, wanted)
        assert found == find_range_top_down(memory, reserved, wanted)
        if rng.random() < 0.1:
            reserved.remove_range(rng.randrange(0x100000, 0x200000), 0x400)
        elif found:
            reserved.add_range(found, size)


@given(st.integers(0, 1 << 32))
def test_nor_where_ram_has_holes_and_frees_merge_gaps(seed: int) -> None:
    rng = random.Random(seed)
    memory = MemblockType("memory", 128, 1 << 40)
    reserved = MemblockType("reserved", 128, 1 << 40)
    for base in range(0x1000, 0x40000, 0x10000):
        memory.add_range(base, rng.choice((0x8000, 0xF000, 0x10000)))
    hints = GapHints()
    held: list[tuple[int, int]] = []
    for _ in range(60):
        size, align = rng.choice((8, 24, 104, 0x1000, 0x1800, 0x4000)), rng.choice((8, 64, 0x1000))
        end = rng.choice((1 << 40, 1 << 40, rng.randrange(0x1000, 0x40000)))
        wanted = Wanted(size, align, rng.choice((0, 0x12345)), end)
        base = hints.find(memory, reserved, wanted)
        assert base == find_range_top_down(memory, reserved, wanted)
        if base:
            reserved.add_range(base, size)
            held.append((base, size))
        if held and rng.random() < 0.4:
            base, size = held.pop(rng.randrange(len(held)))
            reserved.remove_range(base, rng.choice((size, size // 2)))
