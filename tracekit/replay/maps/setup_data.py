"""The e820 table printed again for setup_data against the firmware's, with its logged changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracekit.boot import Boot
from tracekit.events.base import Source
from tracekit.events.e820 import E820Header, E820Row
from tracekit.mm.ranges import subtract, union
from tracekit.replay.maps.e820_table import E820Table, Entry

WHO = "reserve setup_data"


def setup_data_edges(boot: Boot) -> Iterator[tuple[Entry, str, list[Source]]]:
    """Yield the firmware's entries of RAM that the table for setup_data has otherwise.

    e820__reserve_setup_data() gives what setup_data occupies a type of its own, which is RAM
    like before, logs each such change, and prints the table: its RAM is the firmware's.
    """
    table = E820Table()
    for event in boot.events:
        if isinstance(event, E820Header) and event.table in ("extended", WHO):
            break
        table.feed(event)
    else:
        return
    rows = [row for row in boot.of(E820Row) if row.who == WHO and row.is_ram]
    if table.debug and rows:
        yield from _edges(table.ram(), rows)


def _edges(
    firmware: Sequence[Entry], rows: Sequence[E820Row]
) -> Iterator[tuple[Entry, str, list[Source]]]:
    before = union((entry.start, entry.end) for entry in firmware)
    after = union(row.range for row in rows)
    for start, end in [*subtract(before, after), *subtract(after, before)]:
        entries = [e for e in firmware if e.start <= end and start <= e.end]
        near = [row.source for row in rows if row.start <= end and start <= row.end]
        for entry in entries[:1]:
            yield entry, "start" if start <= entry.start else "end", (near or [rows[0].source])[:1]
