"""What a log that lost its head, or ends before the hand-off, cannot decide.

Several rules lean on lines that come later in a boot: a dump that shows all RAM, the zone and
node ranges, the Memory: line. Where the log is cut before these, a mismatch may be no more than
their absence, so it is unchecked and not a divergence. Where the head is lost, nothing says
which kernel it is, and reservations, areas and RAM may have been announced before: what adds
them up is unchecked. Addresses are judged where a dump shows memblock's lists, but for the
first one: whether the search went up or down, and from where, may stand in the lost lines.
"""

from __future__ import annotations

from functools import partial

from tracekit.divergence import Divergence
from tracekit.events.boot import LinuxVersion
from tracekit.events.memblock import MemblockCall, MemblockDump
from tracekit.events.mm_init import MemoryBanks, MemoryLine, SlubBanner, ZoneRangesHeader
from tracekit.replay.context import Context

HEADLESS = "the head of the log is missing: what came before is not known"
ROWS = ("MB106", "MB107")
# And zones and the hand-off, bootmem, the percpu first chunk.
FROM_HEAD = (*ROWS, "MI", "BM", "PC2")
REASON = "the log ends before the lines that decide it"
LAST_EVENTS = 2
NO_ROOM = "no room"


def run(context: Context) -> None:
    """Withdraw what a log that was cut does not decide; runs after all others."""
    boot = context.boot
    if not boot.of(LinuxVersion):
        if not all(source.complete for source in boot.sources if source.kind != "trace"):
            _without_head(context)
        return
    if not any(boot.of(kind) for kind in (MemoryLine, MemoryBanks, SlubBanner)):
        _before_handoff(context)
    if not all(source.complete for source in boot.sources if source.kind != "trace"):
        # Struct pages that are initialised late show in a line after the hand-off.
        context.ledger("mm_init").withdraw(REASON, lambda found: found.code == "MI305")


def _without_head(context: Context) -> None:
    """Withdraw what rests on the version, on areas and RAM, or on calls before the first line.

    A row of a dump that then has other bytes than the calls give it was made by lost lines.
    """
    boot = context.boot
    codes = FROM_HEAD if boot.of(MemblockDump) else (*FROM_HEAD, "MB1")
    first = next((call.source.line for call in boot.of(MemblockCall)), 0)

    def unknown(found: Divergence) -> bool:
        begins = found.code.startswith("MB1") and found.line.line <= first
        return begins or found.code.startswith(codes)

    for ledger in context.ledgers.values():
        for found in ledger.failures:
            if found.code in ROWS:
                subject = f"{found.logged} where the lines give {found.simulated}"
                ledger.infer("lost-with-the-head", subject, HEADLESS, found.line)
        ledger.withdraw(HEADLESS, unknown)


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
