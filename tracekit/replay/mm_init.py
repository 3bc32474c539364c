"""Replay of mm_init: zones, memory map, hash tables, hand-off and the ``Memory:`` line.

The numbers that the kernel prints between memblock and the page allocator are predicted from
RAM's ranges, memblock's lists, the architecture and the command line.
"""

from __future__ import annotations

from tracekit.events import hash_tables, mm_init
from tracekit.replay.context import Context
from tracekit.replay.early_memory import find_memory
from tracekit.replay.handoff import hand_off
from tracekit.replay.hash_tables import HashChecks
from tracekit.replay.ledger import Ledger
from tracekit.replay.memory_line import MemoryChecks
from tracekit.replay.mm_init_setting import read_setting
from tracekit.replay.node_pages import NodeChecks
from tracekit.replay.page_state import show_free_lists
from tracekit.replay.zone_borders import check_movable, check_zone_ranges

MODULES = (mm_init.__name__, hash_tables.__name__)


def run(context: Context) -> None:
    """Check what the log shows of zones, hash tables and the hand-off; hand the state over."""
    boot = context.boot
    events = [e for e in boot.events if type(e).__module__ in MODULES]
    if not events:
        return
    ledger: Ledger = context.ledger("mm_init")
    ledger.events = len(events)
    memory = find_memory(context)
    setting = read_setting(boot, memory)
    limits = check_zone_ranges(boot, setting, ledger)
    movable = check_movable(boot, setting, limits, ledger)
    pages = NodeChecks(setting, limits, movable, ledger).run(boot)
    HashChecks(boot, setting, pages, ledger).run(boot)
    handoff = hand_off(setting, pages)
    checks = MemoryChecks(boot, setting, pages, handoff, ledger)
    checks.run()
    context.hand_over(checks)
    if handoff is not None:
        context.hand_over(handoff)
        show_free_lists(context, "handoff", handoff.free_lists())
