"""What a log that ends before the hand-off cannot decide.

Several rules lean on lines that come later in a boot: a dump that shows all RAM, the zone and
node ranges, the Memory: line. Where the log is cut before these, a mismatch may be no more than
their absence, so it is unchecked and not a divergence.
"""

from __future__ import annotations

from functools import partial

from tracekit.divergence import Divergence
from tracekit.events.boot import LinuxVersion
from tracekit.events.mm_init import MemoryBanks, MemoryLine, SlubBanner, ZoneRangesHeader
from tracekit.replay.context import Context

REASON = "the log ends before the lines that decide it"
LAST_EVENTS = 2
NO_ROOM = "no room"


def run(context: Context) -> None:
    """Withdraw what a log that was cut does not decide; runs after all others."""
    boot = context.boot
    if not boot.of(LinuxVersion):
        return
    if not any(boot.of(kind) for kind in (MemoryLine, MemoryBanks, SlubBanner)):
        _before_handoff(context)
    if not all(source.complete for source in boot.sources if source.kind != "trace"):
        # Struct pages that are initialised late show in a line after the hand-off.
        context.ledger("mm_init").withdraw(REASON, lambda found: found.code == "MI305")


def _before_handoff(context: Context) -> None:
    boot = context.boot
    last = min((event.source.line for event in boot.events[-LAST_EVENTS:]), default=0)
    for name, ledger in context.ledgers.items():
        whole = name in ("mm_init", "bootmem")
        limits = name == "memblock" and not boot.of(ZoneRangesHeader)
        dumped = name == "memblock" and "first_dump" in ledger.checks
        ram = dumped and ledger.checks["first_dump"].checked > 0
        ledger.withdraw(REASON, partial(_doubted, last=last, whole=whole, limits=limits, ram=ram))
        ledger.divergences = [found for found in ledger.divergences if found.line.line < last]


def _doubted(found: Divergence, last: int, whole: bool, limits: bool, ram: bool) -> bool:
    """Return whether the lines that are missing could set a divergence right.

    Zones and bootmem lean on the whole of the boot until the hand-off; an allocation's limits
    and nodes (``limits``) show in the zone ranges, and all RAM in a dump (``ram``); what stands
    at the end may lack its answer.
    """
    if found.code == "MB101" and (limits or (found.simulated == NO_ROOM and not ram)):
        return True
    return whole or found.line.line >= last
