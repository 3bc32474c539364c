"""What is reserved before memblock's first line, told by lines other than the dump.

x86 reserves low memory, the BIOS area and the initial RAM disk before memblock=debug is
parsed; the map and the RAMDISK line say where. None of this is needed to replay, but what
these lines vouch for is a prediction of the first dump and not an inference from it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.events.base import Event
from tracekit.events.e820 import E820Row
from tracekit.events.initrd import Ramdisk
from tracekit.mm.ranges import Ranges, union
from tracekit.replay.memblock.machine import KIB, MIB, Machine

# arch/x86/kernel/ebda.c: reserve_bios_regions() trusts no later start of the BIOS area.
BIOS_START_MAX = 0x9F000


def known_reserved(events: Sequence[Event], machine: Machine) -> Ranges:
    """Ranges (bytes, end exclusive) that the log's other lines put in the reserved list."""
    if not machine.is_x86:
        return []
    return union([*_low_memory(machine), *_bios_area(events, machine), *_ramdisks(events)])


def _low_memory(machine: Machine) -> Ranges:
    # arch/x86/kernel/setup.c: early_reserve_memory(), before v5.13 only the first page.
    if machine.kernel.has("x86_early_reserve_memory", default=True):
        return [(0, 64 * KIB)]
    return [(0, 4 * KIB)]


def _bios_area(events: Sequence[Event], machine: Machine) -> Ranges:
    """From the end of conventional memory to 1 MiB (reserve_bios_regions, reserve_ebda_region)."""
    capped = machine.kernel.has("x86_bios_start_capped", default=True)
    if capped and not machine.kernel.has("x86_early_reserve_memory", default=True):
        return []  # In between, setup_arch() does it where its line is seen.
    ends = [row.end for row in events if isinstance(row, E820Row) and row.is_ram]
    low = [end for end in ends if end <= MIB]
    if not low:
        return []
    start = max(low)
    if capped:
        start = min(start, BIOS_START_MAX)
    return [(start, MIB)]


def _ramdisks(events: Sequence[Event]) -> Ranges:
    return [event.range for event in events if isinstance(event, Ramdisk)]
