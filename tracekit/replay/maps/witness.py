"""Lines that the kernel made from the e820 table, as witnesses for or against its rows.

Each judge returns the lines that contradict one end of an entry of RAM, and whether a line
bears it out. A line that says nothing about the place does neither.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.boot import Boot
from tracekit.events.base import Source
from tracekit.events.e820 import E820Header, LastPfn, PciGap, RamBuffer
from tracekit.events.memblock import MemblockCall
from tracekit.events.mm_init import NodeRangeLine
from tracekit.replay.maps.e820_table import E820Table, Entry

PAGE = 4096
GAP_END = 1 << 32  # MAX_GAP_END

Verdict = tuple[list[Source], bool]


@dataclass(slots=True)
class Witnesses:
    """Lines made from the table; ``early`` is the table when last_pfn was computed.

    Changes that come later (esrt, memattr, setup_data found late) no longer reach memblock.
    ``firmware`` is the table that a user-defined one was made from.
    """

    table: E820Table = field(default_factory=E820Table)
    early: list[Entry] = field(default_factory=list)
    added: list[MemblockCall] = field(default_factory=list)
    nodes: list[NodeRangeLine] = field(default_factory=list)
    buffers: list[RamBuffer] = field(default_factory=list)
    last_pfns: list[LastPfn] = field(default_factory=list)
    firmware: list[Entry] = field(default_factory=list)
    pci_gap: PciGap | None = None
    limited: bool = False


def gather(boot: Boot) -> Witnesses:
    """Follow the log and keep the lines that were made from the table."""
    seen = Witnesses()
    seen.limited = any(boot.kernel.option(name) is not None for name in ("mem", "numa"))
    from_map = boot.kernel.has("x86_active_ranges_from_e820")
    for event in boot.events:
        match event:
            case MemblockCall() if event.by in ("e820__memblock_setup", "memblock_x86_fill"):
                seen.added.append(event)
            case NodeRangeLine():
                seen.nodes.extend(_in_bytes(event, from_map))
            case RamBuffer():
                seen.buffers.append(event)
            case PciGap():
                seen.pci_gap = event
            case LastPfn():
                seen.last_pfns.append(event)
                seen.early = list(seen.table.entries)
            case E820Header() if event.table == "user-defined":
                seen.firmware = list(seen.table.entries)
                seen.table.feed(event)
            case _:
                seen.table.feed(event)
    return seen


def _in_bytes(node: NodeRangeLine, from_map: bool) -> list[NodeRangeLine]:
    """A node range in bytes; in the older wording only where it was made from the map."""
    if not node.in_pfn:
        return [node]
    start, end = node.start * PAGE, node.end * PAGE
    return [NodeRangeLine(node.source, node.nid, start, end)] if from_map else []


def verdicts(seen: Witnesses, entry: Entry, edge: str, place: int) -> tuple[list[Source], bool]:
    """Lines that contradict a boundary of RAM, and whether any line bears it out."""
    against: list[Source] = []
    bears_out = False
    for judge in (_by_memblock, _by_nodes, _by_buffers, by_last_pfn):
        lines, matches = judge(seen, entry, edge, place)
        bears_out = bears_out or matches
        against.extend(lines)
    return against, bears_out


def _by_memblock(seen: Witnesses, entry: Entry, edge: str, place: int) -> Verdict:
    if not seen.added:
        return [], False
    near = [call for call in seen.added if call.base < entry.end and entry.start <= call.bound]
    places = [call.base if edge == "start" else call.bound + 1 for call in near]
    if place in places:
        return [], True
    return [call.source for call in near] or [seen.added[0].source], False


def _by_nodes(seen: Witnesses, entry: Entry, edge: str, place: int) -> Verdict:
    """Early memory node ranges are RAM trimmed to whole pages."""
    page = -(-place // PAGE) * PAGE if edge == "start" else place // PAGE * PAGE
    edges = {node.start if edge == "start" else node.end for node in seen.nodes}
    if page in edges:
        return [], True
    near = [node for node in seen.nodes if node.start < entry.end and entry.start < node.end]
    trusted = near and not seen.limited and entry.end - entry.start >= 2 * PAGE
    inner = [n for n in near if not _joined(seen.table, page)]
    return ([node.source for node in inner], False) if trusted else ([], False)


def _joined(table: E820Table, page: int) -> bool:
    """Whether RAM goes on across this page boundary, so that no node range ends there."""
    ends = {entry.end for entry in table.ram()}
    starts = {entry.start for entry in table.ram()}
    near = range(page - PAGE, page + PAGE + 1)
    return any(place in starts and place in near for place in ends)


def _by_buffers(seen: Witnesses, entry: Entry, edge: str, place: int) -> Verdict:
    """e820__reserve_resources_late: a buffer from every end of RAM up to its alignment."""
    if edge != "end" or not seen.buffers:
        return [], False
    if any(buffer.start == place for buffer in seen.buffers):
        return [], True
    if entry.kind != "usable" or place % _ram_alignment(place) == 0:
        return [], False
    near = min(seen.buffers, key=lambda buffer: abs(buffer.start - place))
    return [near.source], False


def _ram_alignment(place: int) -> int:
    """ram_alignment of arch/x86/kernel/e820.c: 64 KiB, 1 MiB or 64 MiB, by address."""
    if place < 1 << 20:
        return 64 << 10
    return 1 << 20 if place < 16 << 20 else 64 << 20


def by_last_pfn(seen: Witnesses, entry: Entry, edge: str, place: int) -> Verdict:
    """e820__end_of_ram_pfn, then (where that is above 4 GiB) e820__end_of_low_ram_pfn."""
    if edge != "end" or not seen.last_pfns or seen.limited:
        return [], False
    ends = [e.end for e in seen.table.ram()]
    tops = [max(ends), max((end for end in ends if end <= GAP_END), default=0)]
    for last, top in zip(seen.last_pfns, tops, strict=False):
        if entry.end != top or place // PAGE > (last.max_arch_pfn or place):
            continue
        right = place // PAGE == last.last_pfn
        return ([], True) if right else ([last.source], False)
    return [], False


def used_as_ram(seen: Witnesses, entry: Entry) -> list[Source]:
    """Lines by which a range that the map does not call RAM is used as RAM."""
    if seen.limited or entry not in seen.early:
        return []
    calls = [c for c in seen.added if c.base < entry.end and entry.start <= c.bound]
    nodes = [n for n in seen.nodes if n.start < entry.end and entry.start < n.end]
    return [line.source for line in (*calls, *nodes)]
