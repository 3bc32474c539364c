"""The e820 map against itself and against every later line that was made from it.

The printed table is sorted and free of overlaps (e820__update_table). From it follow, exactly:
last_pfn, the ranges given to memblock, the RAM buffers behind each end of RAM, the gap for
PCI devices, and 7.0's rows for gaps. A boundary that these contradict, and that none bears
out, was misprinted, or the table was changed without a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracekit.boot import Boot
from tracekit.events.base import Event, Source
from tracekit.events.boot import LinuxVersion
from tracekit.events.e820 import E820Gap, E820Header, E820Row, KernelNotRam, PciGap
from tracekit.replay.maps.e820_table import Entry
from tracekit.replay.maps.finding import Finding, mem
from tracekit.replay.maps.setup_data import setup_data_edges
from tracekit.replay.maps.user import user_map_edges
from tracekit.replay.maps.witness import (
    GAP_END,
    Witnesses,
    by_last_pfn,
    gather,
    used_as_ram,
    verdicts,
)


def e820_findings(boot: Boot) -> Iterator[Finding]:
    """Yield what contradicts the e820 map of a log, at the rows that are contradicted."""
    seen = gather(boot)
    yield from _kernel_outside(boot)
    rows = {row.source for row in boot.of(E820Row)}
    told: set[Source] = set()
    user = user_map_edges(boot, seen.firmware, seen.table.printed)
    again = setup_data_edges(boot)
    contradicted = [*_contradicted(seen), *_gap_edges(seen), *user, *again]
    if _partly_known(boot):
        contradicted = []
    for entry, edge, against in contradicted:
        if entry.row in rows and entry.row not in told:
            told.add(entry.row)
            yield _boundary(entry, edge, against)
    for found in _overlaps(boot.events):
        if not told & {found.line, *found.related}:
            yield found


def _partly_known(boot: Boot) -> bool:
    """Whether first rows are missing, or the command line, whose mem= may have cut the map."""
    first = next(iter(boot.of(E820Row)), None)
    beheaded = first is not None and first.start > 0 and not boot.of(E820Header)
    if boot.of(LinuxVersion):
        return boot.kernel.cmdline is None
    return beheaded


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
            against, bears_out = verdicts(seen, entry, edge, place)
            if against and not bears_out:
                yield entry, edge, against
    for entry in table.entries:
        if not entry.is_ram and (against := used_as_ram(seen, entry)):
            yield entry, "type", against


def _without_debug(seen: Witnesses) -> Iterator[tuple[Entry, str, list[Source]]]:
    """A log without KERN_DEBUG lines does not show all changes: only last_pfn is certain."""
    for entry in seen.table.ram():
        against, bears_out = by_last_pfn(seen, entry, "end", entry.end)
        if against and not bears_out:
            yield entry, "end", against


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
