"""RAM as the e820 map of a log gives it, for allocators that came before memblock."""

from __future__ import annotations

from tracekit.boot import Boot
from tracekit.events.e820 import E820Remove, E820Row, E820Update
from tracekit.mm.ranges import Ranges, intersect, subtract, union


def usable_ram(boot: Boot) -> Ranges:
    """The usable ranges in bytes, after the updates and removals that the kernel logged.

    A user-defined map replaces the firmware's. Empty where the log has no map.
    """
    rows = boot.of(E820Row)
    user = [row for row in rows if row.who == "user"]
    table = user or [row for row in rows if row.who == "BIOS-e820"]
    ram = union(row.range for row in table if row.is_ram)
    ram = subtract(ram, [row.range for row in table if not row.is_ram])
    updated = [e.range for e in boot.of(E820Update) if e.kind == "usable"]
    removed = [e.range for e in boot.of(E820Remove) if e.kind in (None, "usable")]
    return subtract(ram, updated + removed)


def unusable_name(boot: Boot, start: int, end: int) -> str | None:
    """Words for what [start, end) is, if no whole page of it is usable RAM; else None."""
    ram = usable_ram(boot)
    pages = [(-(-low // 4096) * 4096, high // 4096 * 4096) for low, high in ram]
    if not ram or intersect([(start, end)], pages):
        return None
    for row in boot.of(E820Row):
        if not row.is_ram and row.start < end and start < row.end:
            return f"the firmware (e820 {row.kind} from {row.start:#x})"
    return "the firmware (a hole in the e820 map)"
