"""Replay of mm_init: zones, memory map, hash tables, hand-off and the ``Memory:`` line.

The numbers that the kernel prints between memblock and the page allocator are predicted from
RAM's ranges, memblock's lists, the architecture and the command line.
"""

from __future__ import annotations

from tracekit.boot import Boot
from tracekit.events import hash_tables, mm_init, mminit
from tracekit.mm.bootmem_handoff import Releases
from tracekit.mm.handoff import Handoff
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger
from tracekit.replay.memblock.machine import Machine
from tracekit.replay.mm_init.early_memory import EarlyMemory, find_memory
from tracekit.replay.mm_init.handoff import hand_off
from tracekit.replay.mm_init.hash_tables import HashChecks
from tracekit.replay.mm_init.managed_pages import FILE, ManagedChecks
from tracekit.replay.mm_init.memory_line import MemoryChecks
from tracekit.replay.mm_init.node_pages import NodeChecks
from tracekit.replay.mm_init.page_flags import PageFlagsChecks
from tracekit.replay.mm_init.setting import Setting, read_setting
from tracekit.replay.mm_init.watermarks import WatermarkChecks
from tracekit.replay.mm_init.zone_borders import Limits, check_movable, check_zone_ranges
from tracekit.replay.mm_init.zonelist_checks import ZonelistChecks
from tracekit.replay.page_alloc.state import show_free_lists

MODULES = (mm_init.__name__, mminit.__name__, hash_tables.__name__)


def run(context: Context) -> None:
    """Check what the log shows of zones, hash tables and the hand-off; hand the state over."""
    boot = context.boot
    events = [e for e in boot.events if type(e).__module__ in MODULES]
    if not events:
        return
    ledger: Ledger = context.ledger("mm_init")
    ledger.events = len(events)
    memory = find_memory(context)
    machine = context.take(Machine)
    memory.orders = machine.orders if machine is not None else None
    memory.released = context.take(Releases)
    setting = read_setting(boot, memory)
    simulated, logged = check_zone_ranges(boot, setting, ledger)
    movable, printed = check_movable(boot, setting, simulated, ledger)
    limits, starts = _likelier(boot, memory, (simulated, movable), (logged, printed))
    checks = _follow(boot, setting, limits, starts, ledger)
    context.hand_over(checks)
    if checks.handoff is not None:
        _check_managed(boot, checks, checks.handoff, ledger)
        context.hand_over(checks.handoff)
        show_free_lists(context, "handoff", checks.handoff.free_lists())


def _check_managed(boot: Boot, checks: MemoryChecks, handoff: Handoff, ledger: Ledger) -> None:
    ManagedChecks(checks, handoff, FILE).report_lost(ledger)
    text = boot.capture.read_text(FILE)
    if text is not None and checks.agreed:
        managed = ManagedChecks(checks, handoff, str(boot.capture.files[FILE]))
        WatermarkChecks(managed, ledger).run(text, agreed=managed.run(text, ledger))


Borders = tuple[Limits, dict[int, int]]


def _likelier(boot: Boot, memory: EarlyMemory, simulated: Borders, logged: Borders) -> Borders:
    """Return the zone borders to go on with where the printed ones part from the rules.

    A wrong line leaves all later lines as the rules have them, an unknown rule does not: what
    later lines contradict least is taken.
    """
    if simulated == logged:
        return simulated

    def contradictions(borders: Borders) -> int:
        trial = Ledger("mm_init")
        checks = _follow(boot, read_setting(boot, memory), *borders, trial)
        lost = memory.free_at_handoff is not None and checks.handoff is None
        return len(trial.divergences) + lost

    return min((simulated, logged), key=contradictions)


def _follow(
    boot: Boot, setting: Setting, limits: Limits, movable: dict[int, int], ledger: Ledger
) -> MemoryChecks:
    """Check everything that follows from the zones' borders."""
    pages = NodeChecks(setting, limits, movable, ledger).run(boot)
    PageFlagsChecks(boot, setting, pages, ledger).run()
    ZonelistChecks(boot, setting, pages.nodes, ledger).run()
    HashChecks(boot, setting, pages, ledger).run(boot)
    checks = MemoryChecks(boot, setting, pages, hand_off(setting, pages), ledger)
    checks.run()
    return checks
