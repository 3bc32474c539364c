"""Dump rows against simulated lists."""

from __future__ import annotations

from tracekit.events.base import Source
from tracekit.events.memblock import MemblockDump, MemblockRow
from tracekit.mm.memblock import Memblock
from tracekit.replay.memblock.dump import (
    adopt,
    adopt_nodes_and_flags,
    adopt_within,
    bytes_of,
    compare,
    differences,
    inconsistent_rows,
)
from tracekit.replay.memblock.log import Dump


def row(n: int, start: int, end: int, name: str = "reserved", **more: int) -> MemblockRow:
    return MemblockRow(Source("dmesg", 10 + n), name, n, start, end - 1, end - start, **more)


def dump(*rows: MemblockRow) -> Dump:
    return Dump(MemblockDump(Source("dmesg", 1)), rows=list(rows))


def memblock(*taken: tuple[int, int]) -> Memblock:
    made = Memblock()
    for start, end in taken:
        made.reserve(start, end - start)
    return made


def test_rows_that_only_differ_in_node_agree_with_one_region() -> None:
    shown = dump(row(0, 0, 0x1000, nid=0), row(1, 0x1000, 0x3000, nid=1))
    assert differences(shown, memblock((0, 0x3000))) == 0


def test_each_difference_belongs_to_one_row() -> None:
    shown = dump(row(0, 0, 0x2000), row(1, 0x4000, 0x5000), row(2, 0x8000, 0x9000))
    checks, missing = compare(shown, "reserved", [(0, 0x1000), (0x4000, 0x6000), (0xA000, 0xB000)])
    assert [(c.extra, c.missing) for c in checks] == [
        ([(0x1000, 0x2000)], []),
        ([], [(0x5000, 0x6000)]),
        ([(0x8000, 0x9000)], []),
    ]
    assert missing == [(0xA000, 0xB000)]


def test_adopting_takes_bytes_nodes_and_flags() -> None:
    shown = dump(row(0, 0, 0x1000, nid=0, flags=0x20), row(1, 0x1000, 0x3000))
    made = memblock((0x8000, 0x9000))
    adopt(shown, made)
    assert [(r.base, r.end, r.nid, r.flags) for r in made.reserved] == [
        (0, 0x1000, 0, 0x20),
        (0x1000, 0x3000, -1, 0),
    ]


def test_nodes_and_flags_alone() -> None:
    made = memblock((0, 0x3000))
    adopt_nodes_and_flags(dump(row(0, 0, 0x1000, nid=1), row(1, 0x1000, 0x3000)), made)
    assert [(r.base, r.nid) for r in made.reserved] == [(0, 1), (0x1000, -1)]


def test_the_dump_s_word_inside_a_range_only() -> None:
    made = memblock((0, 0x3000), (0x8000, 0x9000))
    adopt_within(dump(row(0, 0, 0x1000)), made, [(0, 0x2000)])
    assert bytes_of(made.reserved) == [(0, 0x1000), (0x2000, 0x3000), (0x8000, 0x9000)]


def test_rows_that_contradict_themselves() -> None:
    wrong_size = MemblockRow(Source("dmesg", 11), "reserved", 0, 0, 0xFFF, 0x2000)
    late = row(2, 0x4000, 0x5000)
    assert [r.index for r, _ in inconsistent_rows(dump(wrong_size, late))] == [0, 2]
    empty = MemblockRow(Source("dmesg", 11), "memory", 0, 0, (1 << 64) - 1, 0)
    assert inconsistent_rows(dump(empty)) == []
