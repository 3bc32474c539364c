"""A dump against the simulated lists, row by row.

Rows are compared by the bytes that they cover. Where two regions touch, only their node or
flags keep them apart, which memblock_set_node() and the memblock_mark functions change
without a line; those are taken over from the dump for what comes after it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.events.memblock import MemblockRow
from tracekit.mm.memblock import Memblock
from tracekit.mm.memblock_type import MEMBLOCK_NONE, NUMA_NO_NODE, MemblockType
from tracekit.mm.ranges import Ranges, intersect, subtract, union
from tracekit.replay.memblock.log import Dump


@dataclass(frozen=True, slots=True)
class RowCheck:
    """One row, and the bytes in which log and simulation differ at it: (extra, missing)."""

    row: MemblockRow
    extra: Ranges
    missing: Ranges

    @property
    def agrees(self) -> bool:
        """Whether the simulation has exactly these bytes."""
        return not self.extra and not self.missing


def bytes_of(which: MemblockType) -> Ranges:
    """The bytes of a simulated list."""
    return union((region.base, region.end) for region in which)


def compare(dump: Dump, name: str, simulated: Ranges) -> tuple[list[RowCheck], Ranges]:
    """Compare the rows of one list; also returns simulated bytes that no row comes near."""
    rows = dump.of(name)
    shown = union((row.base, row.base + row.size) for row in rows)
    extra, missing = subtract(shown, simulated), subtract(simulated, shown)
    checks: list[RowCheck] = []
    for row in rows:
        start, end = row.base, row.base + row.size
        near = [gap for gap in missing if gap[0] == end or gap[1] == start]
        missing = [gap for gap in missing if gap not in near]
        checks.append(RowCheck(row, intersect(extra, [(start, end)]), near))
    return checks, missing


def differences(dump: Dump, memblock: Memblock) -> int:
    """The number of rows that differ, and of stretches that no row shows."""
    count = 0
    for which in (memblock.memory, memblock.reserved):
        if dump.counts.get(which.name) is None and not dump.of(which.name):
            continue
        checks, missing = compare(dump, which.name, bytes_of(which))
        count += sum(not check.agrees for check in checks) + len(missing)
    return count


def adopt(dump: Dump, memblock: Memblock) -> None:
    """Take the dump's rows for the state, with their nodes and flags."""
    for which in (memblock.memory, memblock.reserved, memblock.physmem):
        rows = dump.of(which.name)
        if not rows:
            continue
        which.remove_range(0, memblock.phys_addr_max)
        for row in rows:
            nid = NUMA_NO_NODE if row.nid is None else row.nid
            which.add_range(row.base, row.size, nid, row.flags or MEMBLOCK_NONE)


def adopt_nodes_and_flags(dump: Dump, memblock: Memblock) -> None:
    """Take over what no line tells: the node and the flags of regions."""
    for which in (memblock.memory, memblock.reserved):
        for row in dump.of(which.name):
            span = which.isolate_range(row.base, row.size)
            if span is None:
                continue
            for region in which.regions[slice(*span)]:
                region.nid = NUMA_NO_NODE if row.nid is None else row.nid
                region.flags = row.flags or MEMBLOCK_NONE
        which.merge()


def adopt_within(dump: Dump, memblock: Memblock, ranges: Ranges) -> None:
    """Take the dump's word on what is reserved inside these ranges."""
    shown = [(row.base, row.base + row.size) for row in dump.of("reserved")]
    for start, end in ranges:
        memblock.free(start, end - start)
        for low, high in intersect(shown, [(start, end)]):
            memblock.reserve(low, high - low)


def inconsistent_rows(dump: Dump) -> list[tuple[MemblockRow, str]]:
    """Rows whose printed size is not that of their range, or whose number is out of turn."""
    wrong: list[tuple[MemblockRow, str]] = []
    expected = {"memory": 0, "reserved": 0, "physmem": 0}
    for row in dump.rows:
        width = row.bound - row.base + 1
        if row.size and width != row.size:
            wrong.append((row, f"size {row.size:#x} for a range of {width:#x} bytes"))
        elif row.index != expected[row.list]:
            wrong.append((row, f"row {row.index:#x} where {expected[row.list]:#x} was due"))
        expected[row.list] = row.index + 1
    return wrong
