"""What prints nothing: nodes, marks, trimming, powerpc's limit."""

from __future__ import annotations

from tracekit.events.base import Event, Source
from tracekit.events.memblock import MemblockCall, MemblockDump, MemblockRow
from tracekit.events.mm_init import NodeRangeLine
from tracekit.kernel.kernel import Kernel
from tracekit.mm.memblock_type import MEMBLOCK_HOTPLUG, MEMBLOCK_NOMAP, NUMA_NO_NODE
from tracekit.replay.memblock.log import Alloc, read_log
from tracekit.replay.memblock.machine import describe
from tracekit.replay.memblock.owner import Purpose
from tracekit.replay.memblock.silent import Silent, flagged_rows
from tracekit.replay.memblock.start import Start, project_back
from tracekit.replay.memblock.world import World

MIB = 1 << 20


def at(line: int) -> Source:
    return Source("dmesg", line)


def row(name: str, start: int, end: int, flags: int = 0) -> Event:
    return MemblockRow(at(9), name, 0, start, end - 1, end - start, None, flags)


def silent(arch: str, events: list[Event], cmdline: str = "", start: Start | None = None) -> Silent:
    log = read_log(events, False, 64)
    kernel = Kernel(version=(6, 1, 0), arch=arch, page_size=4096, cmdline=cmdline)
    return Silent(log, start or project_back(log), describe(kernel, events))


def test_nomap_ram_is_marked_with_its_reservation() -> None:
    caller = "memblock_alloc_range_nid+0x1/0x2"
    events: list[Event] = [
        MemblockCall(at(1), "memblock_reserve", 4 * MIB, 5 * MIB - 1, caller=caller),
        MemblockDump(at(8)),
        row("memory", 0, 4 * MIB),
        row("memory", 4 * MIB, 5 * MIB, MEMBLOCK_NOMAP),
        row("memory", 8 * MIB, 9 * MIB, MEMBLOCK_NOMAP),
    ]
    found = silent("arm64", events)
    assert [(f.start, f.after) for f in flagged_rows(found.log)] == [(4 * MIB, 1), (8 * MIB, 0)]
    world = World(found.begin())
    flags = {r.base: r.flags for r in world.memblock.memory}
    assert (flags.get(4 * MIB), flags[8 * MIB]) == (None, MEMBLOCK_NOMAP)
    found.after(found.log.steps[0], [world])
    assert {r.base: r.flags for r in world.memblock.memory}[4 * MIB] == MEMBLOCK_NOMAP


def test_nodes_are_set_before_the_first_allocation_that_names_one() -> None:
    events: list[Event] = [
        MemblockDump(at(8)),
        row("memory", 0, 16 * MIB),
        NodeRangeLine(at(20), 0, 0, 8 * MIB),
        NodeRangeLine(at(21), 1, 8 * MIB, 16 * MIB),
    ]
    found = silent("arm64", events)
    world = World(found.begin())
    result = Alloc(None, None)
    result.result = MemblockCall(at(2), "memblock_reserve", 0, 0xFFF)
    found.before_alloc(result, Purpose("other", 64), [world])
    assert {r.nid for r in world.memblock.memory} == {NUMA_NO_NODE}
    found.before_alloc(result, Purpose("node_data", 64, nid=1), [world])
    assert [(r.base, r.nid) for r in world.memblock.memory] == [(0, 0), (8 * MIB, 1)]


def test_hotplug_marks_end_with_the_nodes() -> None:
    events: list[Event] = [MemblockDump(at(8)), row("memory", 0, 16 * MIB)]
    start = Start(memory=[(0, 16 * MIB)], hotplug=[(8 * MIB, 16 * MIB)])
    found = silent("arm64", events, "movable_node", start)
    world = World(found.begin())
    assert [r.flags for r in world.memblock.memory] == [0, MEMBLOCK_HOTPLUG]
    assert world.memblock.config.movable_node
    result = Alloc(None, MemblockCall(at(2), "memblock_reserve", 0, 0xFFF))
    found.before_alloc(result, Purpose("node_data", 64, nid=0), [world])
    assert [r.flags for r in world.memblock.memory] == [0]


def test_x86_trims_ram_and_powerpc_drops_what_lies_above_it() -> None:
    for arch, ram, taken in (
        ("x86_64", [(0, 0x9F000)], [(0x200000, 0x201000)]),
        ("ppc64", [(0, 0xA0000)], []),
        ("arm64", [(0, 0x9FC00)], [(0x200000, 0x201000)]),
    ):
        end = 0xA0000 if arch == "ppc64" else 0x9FC00
        start = Start(memory=[(0, end)], pieces=[(0x200000, 0x201000)])
        found = silent(arch, [MemblockDump(at(8))], start=start)
        world = World(found.begin())
        found.before_first_dump([world])
        memblock = world.memblock
        assert [(r.base, r.end) for r in memblock.memory] == ram, arch
        assert [(r.base, r.end) for r in memblock.reserved] == taken, arch
