"""The e820 map against itself and against every later line that was made from it.

The printed table is sorted and free of overlaps (e820__update_table). From it follow, exactly:
last_pfn, the ranges given to memblock, the RAM buffers behind each end of RAM, the gap for
PCI devices, and 7.0's rows for gaps. A boundary that these contradict, and that none bears
out, was misprinted, or the table was changed without a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tracekit.boot import Boot
from tracekit.events.base import Event, Source
from tracekit.events.e820 import (
    E820Gap,
    E820Header,
    E820Row,
    KernelNotRam,
    LastPfn,
    PciGap,
    RamBuffer,
)
from tracekit.events.memblock import MemblockCall
from tracekit.events.mm_init import NodeRangeLine
from tracekit.replay.e820_table import E820Table, Entry
from tracekit.replay.map_finding import Finding, mem
from tracekit.replay.map_user import user_map_edges

PAGE = 4096
GAP_END = 1 << 32  # MAX_GAP_END


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


def e820_findings(boot: Boot) -> Iterator[Finding]:
    """Yield what contradicts the e820 map of a log, at the rows that are contradicted."""
    seen = gather(boot)
    yield from _kernel_outside(boot)
    rows = {row.source for row in boot.of(E820Row)}
    told: set[Source] = set()
    user = user_map_edges(boot, seen.firmware, seen.table.printed)
    for entry, edge, against in (*_contradicted(seen), *_gap_edges(seen), *user):
        if entry.row in rows and entry.row not in told:
            told.add(entry.row)
            yield _boundary(entry, edge, against)
    for found in _overlaps(boot.events):
        if not told & {found.line, *found.related}:
            yield found


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


def _overlaps(events: Sequence[Event]) -> Iterator[Finding]:
    """Rows of one printed table that overlap: update_table leaves none (older than 2.4.4 may)."""
    before: E820Row | None = None
    for event in events:
        if not isinstance(event, E820Row):
            before = before if isinstance(event, E820Gap) else None
            continue
        if before is not None and before.start <= event.start < before.end:
            yield Finding(
                "MP101",
                event.source,
                f"e820 {event.kind} over {before.kind}",
                f"{mem(*event.range)} {event.kind}",
                f"begins at or behind {before.end:#x}, the end of the row before",
                (before.source,),
            )
        before = event


def _kernel_outside(boot: Boot) -> Iterator[Finding]:
    for event in boot.of(KernelNotRam):
        asked = boot.kernel.option("memmap")
        why = f"; the command line has memmap={asked}" if asked else ""
        yield Finding(
            "MP103",
            event.source,
            "kernel image",
            "the kernel's own image lies in a range that the map does not call RAM" + why,
            "the boot loader, or KASLR, places the image in usable RAM",
        )


def _contradicted(seen: Witnesses) -> Iterator[tuple[Entry, str, list[Source]]]:
    """Yield (entry, which end, contradicting lines), one entry after the other."""
    table = seen.table
    if not table.debug:
        yield from _without_debug(seen)
        return
    early = {place for entry in seen.early for place in (entry.start, entry.end)}
    for entry in table.ram():
        for edge, place in (("start", entry.start), ("end", entry.end)):
            if place not in early:
                continue
            against, bears_out = _verdicts(seen, entry, edge, place)
            if against and not bears_out:
                yield entry, edge, against
    for entry in table.entries:
        if not entry.is_ram and (against := _used_as_ram(seen, entry)):
            yield entry, "type", against


def _without_debug(seen: Witnesses) -> Iterator[tuple[Entry, str, list[Source]]]:
    """A log without KERN_DEBUG lines does not show all changes: only last_pfn is certain."""
    for entry in seen.table.ram():
        against, bears_out = _by_last_pfn(seen, entry, "end", entry.end)
        if against and not bears_out:
            yield entry, "end", against


def _verdicts(
    seen: Witnesses, entry: Entry, edge: str, place: int
) -> tuple[list[Source], bool]:
    """Lines that contradict a boundary of RAM, and whether any line bears it out."""
    against: list[Source] = []
    bears_out = False
    for judge in (_by_memblock, _by_nodes, _by_buffers, _by_last_pfn):
        lines, matches = judge(seen, entry, edge, place)
        bears_out = bears_out or matches
        against.extend(lines)
    return against, bears_out


Verdict = tuple[list[Source], bool]


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


def _by_last_pfn(seen: Witnesses, entry: Entry, edge: str, place: int) -> Verdict:
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


def _used_as_ram(seen: Witnesses, entry: Entry) -> list[Source]:
    """Lines by which a range that the map does not call RAM is used as RAM."""
    if seen.limited or entry not in seen.early:
        return []
    calls = [c for c in seen.added if c.base < entry.end and entry.start <= c.bound]
    nodes = [n for n in seen.nodes if n.start < entry.end and entry.start < n.end]
    return [line.source for line in (*calls, *nodes)]


def _boundary(entry: Entry, edge: str, against: list[Source]) -> Finding:
    lines = ", ".join(str(source.line) for source in against[:3])
    what = "as its type" if edge == "type" else f"with this {edge}"
    return Finding(
        "MP102",
        entry.row,
        f"e820 {entry.kind}: {edge}",
        f"{mem(entry.start, entry.end)} {entry.kind}",
        f"an entry {what} that fits line {lines}, which the kernel made from this map",
        tuple(against[:3]),
        alternatives=("the row was misprinted", "the map was changed without a line"),
    )


def _gap_edges(seen: Witnesses) -> Iterator[tuple[Entry, str, list[Source]]]:
    """Gaps that the kernel printed lie exactly between two entries; yield those that do not."""
    for gap in seen.table.gaps:
        yield from _misfit(seen.table.printed_entries(), gap, 0)
    found = seen.pci_gap
    if found is not None and found.end <= GAP_END and seen.table.debug:
        yield from _misfit(seen.table.entries, found, GAP_END)


def _misfit(
    entries: Sequence[Entry], gap: E820Gap | PciGap, outer: int
) -> Iterator[tuple[Entry, str, list[Source]]]:
    """The entry whose end or start lies closest to that of a gap which it should touch."""
    if not entries:
        return
    if gap.start and gap.start not in {entry.end for entry in entries}:
        yield min(entries, key=lambda e: abs(e.end - gap.start)), "end", [gap.source]
    if gap.end != outer and gap.end not in {entry.start for entry in entries}:
        yield min(entries, key=lambda e: abs(e.start - gap.end)), "start", [gap.source]
