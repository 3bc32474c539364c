"""The budget of an ordinary log: from the Memory: line, with what other lines can name.

What the kernel counts as reserved is divided as far as the log shows owners; the remainder
stands under one name, and the budget says what was folded together.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.boot import Boot
from tracekit.events.boot import LogBuffer
from tracekit.events.carveouts import CrashKernel
from tracekit.events.e820 import E820Row
from tracekit.events.hash_tables import HashTableLine
from tracekit.events.initrd import Ramdisk
from tracekit.events.mm_init import Freeing, MemmapUsed, MemoryLine, NodeRangeLine, SlubBanner
from tracekit.events.percpu_setup import PcpuAllocMap, PcpuAllocSizes
from tracekit.kernel.arch import facts, section_size
from tracekit.mm.sparse import section_counts
from tracekit.replay.budget.kinds import CMA, CRASH, HASH, INITRD, KERNEL, LOG, MEMMAP, PERCPU
from tracekit.replay.budget.tree import Budget, Item
from tracekit.replay.mm_init.early_memory import node_ranges

KIB = 1024
STRUCT_PAGE = 64


def coarse_budget(boot: Boot) -> Budget | None:
    """Return the budget from the Memory: line, else from the maps; None without either."""
    line = next(iter(boot.of(MemoryLine)), None)
    if line is None:
        return _from_maps(boot)
    root = Item("RAM of the kernel", kind="RAM", owner="Memory: line", source=line.source)
    given = _given(line)
    ram = _ram(line)
    reserved = root.add(Item("reserved", kind="reserved", owner="reserved", source=line.source))
    _reserved(reserved, line, boot, (ram - given - (line.cma or 0)) * KIB)
    if line.cma:
        root.add(Item("CMA areas", line.cma * KIB, CMA, CMA, line.source))
    root.add(Item("free at the hand-off", given * KIB, "free", "page allocator", line.source))
    folded = [
        "reservations that no line of this log names stand together; "
        "boot with memblock=debug to see the owner of each"
    ]
    return Budget(root, "coarse", ram * KIB, given * KIB, folded=folded)


def _ram(line: MemoryLine) -> int:
    """Return the KiB of RAM: arm's wording before v3.11 gives what is free as its total."""
    if line.code is None and line.absent is None:
        return line.total + (line.reserved or 0)
    return line.total - (line.absent or 0)


def _given(line: MemoryLine) -> int:
    """Return the KiB that the page allocator was given, by the line's own numbers.

    The oldest wordings count reserved pages of lowmem only; there what is free is sure.
    """
    if line.reserved is None or (line.rwdata is None and line.absent is None):
        return min(line.available, line.total)
    return line.total - (line.absent or 0) - line.reserved - (line.cma or 0)


def _reserved(top: Item, line: MemoryLine, boot: Boot, size: int) -> None:
    """Divide the reserved bytes among the owners that the log names, as far as they fit."""
    left = size
    for item in _owners(line, boot):
        if 0 < item.bytes <= left:
            top.add(item)
            left -= item.bytes
    name = "other reservations, folded together"
    top.add(Item(name, left, "folded", name, line.source))


def _owners(line: MemoryLine, boot: Boot) -> Iterator[Item]:
    yield from _sections(line)
    for what in (_initrd(boot), _crash(boot), _memmap(boot), _percpu(boot), _log_buffer(boot)):
        if what is not None:
            yield what
    yield from _hash_tables(boot)


def _sections(line: MemoryLine) -> Iterator[Item]:
    named = (("code", line.code), ("rwdata", line.rwdata), ("rodata", line.rodata),
             ("data", line.data), ("init", line.init), ("bss", line.bss))  # fmt: skip
    for name, kib in named:
        if kib:
            yield Item(f"kernel {name}", kib * KIB, KERNEL, f"kernel {name}", line.source)


def _initrd(boot: Boot) -> Item | None:
    disks = [e for e in boot.of(Ramdisk) if e.size > 0]
    if disks:
        return Item("initrd", disks[-1].size, INITRD, INITRD, disks[-1].source)
    freed = next((e for e in boot.of(Freeing) if e.what == "initrd"), None)
    return Item("initrd", freed.kib * KIB, INITRD, INITRD, freed.source) if freed else None


def _crash(boot: Boot) -> Item | None:
    areas = boot.of(CrashKernel)
    if not areas:
        return None
    size = sum(area.size for area in areas)
    return Item("crash kernel", size, CRASH, CRASH, areas[0].source)


def _memmap(boot: Boot) -> Item | None:
    lines = boot.of(MemmapUsed)
    page = boot.kernel.page_size or 4096
    if not lines:
        return _sparse_memmap(boot, page)
    pages = sum(line.pages for line in lines)
    return Item("memory map", pages * page, MEMMAP, MEMMAP, lines[0].source)


def _sparse_memmap(boot: Boot, page: int) -> Item | None:
    """Return what the struct pages of a 64-bit kernel take, which later kernels do not print.

    Every section that holds RAM has them all (mm/sparse.c:sparse_init), 64 bytes each.
    """
    arch, section = facts(boot.kernel.arch), section_size(boot.kernel)
    ranges = node_ranges(boot.of(NodeRangeLine), page)
    aligned = boot.kernel.has("struct_page_aligned")
    if arch is None or arch.bits != 64 or section is None or not (ranges and aligned):
        return None
    sections = sum(count for _, count in section_counts(ranges, section // page))
    size = sections * (section // page) * STRUCT_PAGE
    name = "memory map, reckoned at 64 bytes a page"
    return Item(name, size, MEMMAP, MEMMAP, boot.of(NodeRangeLine)[0].source)


def _percpu(boot: Boot) -> Item | None:
    sizes = next(iter(boot.of(PcpuAllocSizes)), None)
    cpus = [c for e in boot.of(PcpuAllocMap) for _, units in e.allocs for c in units]
    count = sum(cpu is not None for cpu in cpus)
    if sizes is None or not count:
        return None
    size = (sizes.static + sizes.reserved + sizes.dyn) * count
    return Item("percpu first chunk", size, PERCPU, PERCPU, sizes.source)


def _log_buffer(boot: Boot) -> Item | None:
    buffers = boot.of(LogBuffer)
    if not buffers:
        return None
    size = buffers[0].total or buffers[0].size
    return Item("log buffer", size, LOG, LOG, buffers[0].source)


def _hash_tables(boot: Boot) -> Iterator[Item]:
    """Yield the tables that memblock gave room to: those before the page allocator was up."""
    limit = min(
        (e.source.line for e in boot.events if isinstance(e, MemoryLine | SlubBanner)), default=0
    )
    for table in boot.of(HashTableLine):
        early = table.source.line < limit and (table.placement or "linear") == "linear"
        if early and table.size:
            yield Item(f"{table.name} hash table", table.size, HASH, table.name, table.source)


def _from_maps(boot: Boot) -> Budget | None:
    """Return a budget of RAM alone, for a log without a Memory: line."""
    ranges: list[tuple[str, int, NodeRangeLine | E820Row]] = []
    page = boot.kernel.page_size or 4096
    for line in boot.of(NodeRangeLine):
        unit = page if line.in_pfn else 1
        ranges.append((f"RAM of node {line.nid}", (line.end - line.start) * unit, line))
    if not ranges:
        rows = [row for row in boot.of(E820Row) if row.who == "BIOS-e820"]
        ranges = [(f"firmware: {row.kind}", row.end - row.start, row) for row in rows]
    if not ranges:
        return None
    root = Item("described by the log", kind="RAM", owner="maps")
    for name in dict.fromkeys(name for name, _, _ in ranges):
        same = [(size, line) for other, size, line in ranges if other == name]
        size = sum(size for size, _ in same)
        root.add(Item(name, size, "RAM", name, same[0][1].source))
    folded = ["the log has no Memory: line, so nothing says what was reserved and what free"]
    return Budget(root, "coarse", root.bytes, folded=folded)
