"""The hand-off as this boot's kernel did it, from memblock's replayed end state."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.mm.handoff import Handoff, Rules
from tracekit.mm.mm_init import PfnRange
from tracekit.mm.ranges import union
from tracekit.replay.mm_init.node_pages import Pages
from tracekit.replay.mm_init.setting import Setting


def hand_off(setting: Setting, pages: Pages) -> Handoff | None:
    """Return the page allocator's first state.

    None where memblock's lists are not known, or where the zones do not hold all that is free.
    """
    free = setting.memory.free_at_handoff
    if free is None or not pages.nodes or not _covered(free, pages):
        return None
    handoff = Handoff(pages.nodes, setting.memory.ranges or [], handoff_rules(setting))
    handoff.free_all(free)
    return handoff


def _covered(free: Sequence[PfnRange], pages: Pages) -> bool:
    spans = [
        PfnRange(zone.start_pfn, zone.end_pfn)
        for node in pages.nodes
        for zone in node.zones
        if zone.present
    ]
    joined = union((span.start_pfn, span.end_pfn) for span in spans)
    return all(any(s <= a.start_pfn and a.end_pfn <= e for s, e in joined) for a in free)


def handoff_rules(setting: Setting) -> Rules:
    """Return the rules of this kernel's hand-off."""
    deferred = setting.deferred and setting.has("deferred_by_section")
    return Rules(
        nr_orders=setting.nr_orders,
        pageblock_order=setting.pageblock_order,
        to_tail=setting.has("handoff_to_tail"),
        merge_retypes=setting.has("merge_retypes_buddy"),
        section_pages=setting.section_pages if deferred else None,
        highmem_apart=highmem_apart(setting),
    )


def highmem_apart(setting: Setting) -> bool | None:
    """Return whether HighMem goes first (x86), afterwards (the others) or with the rest.

    arch/x86/mm/init_32.c:mem_init calls set_highmem_pages_init() before memblock_free_all(),
    arm, mips and powerpc have their own loops behind it, until v6.15.
    """
    if setting.has("highmem_with_the_rest"):
        return None
    return setting.kernel.arch == "i386"
