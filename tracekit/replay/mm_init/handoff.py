"""The hand-off as this boot's kernel did it, from memblock's replayed end state."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.mm.bootmem_handoff import Releases
from tracekit.mm.handoff import Handoff, Rules
from tracekit.mm.mm_init import PfnRange
from tracekit.mm.ranges import union
from tracekit.replay.mm_init.node_pages import Pages
from tracekit.replay.mm_init.setting import Setting


def hand_off(setting: Setting, pages: Pages) -> Handoff | None:
    """Return the page allocator's first state.

    None where memblock's lists are not known, or where the zones do not hold all that is free.
    """
    known = setting.memory.free_at_handoff
    if pages.nodes and setting.memory.released is not None:
        return _from_bootmem(setting, pages, setting.memory.released)
    if known is None or not pages.nodes:
        return None
    free = _below_zones_end(known, pages)
    if not _covered(free, pages):
        return None
    handoff = _before(setting, pages)
    handoff.free_all(free)
    return handoff


def _from_bootmem(setting: Setting, pages: Pages, released: Releases) -> Handoff | None:
    """Return the state after bootmem's frees; None where they do not lie in the zones."""
    blocks = list(released.blocks)
    if not _covered([PfnRange(pfn, pfn + (1 << order)) for pfn, order in blocks], pages):
        return None
    handoff = _before(setting, pages)
    handoff.free_released(blocks, handoff.ranges)
    return handoff


def _before(setting: Setting, pages: Pages) -> Handoff:
    """Return the state before any page is freed."""
    ranges = setting.memory.ranges or []
    return Handoff(pages.nodes, ranges, handoff_rules(setting), _mapped(setting, pages))


def _mapped(setting: Setting, pages: Pages) -> list[PfnRange] | None:
    """Return what memmap_init_zone() of mm/page_alloc.c goes over, None for RAM alone.

    Until v5.7 that is every pfn_valid() page of a zone: all it spans, or all its sections that
    hold RAM. arm and arm64 hold only RAM for valid.
    """
    if not setting.has("memmap_of_holes") or setting.kernel.arch in ("arm", "arm64"):
        return None
    zones = [zone for node in pages.nodes for zone in node.zones if zone.present]
    size = setting.section_pages
    ranges = setting.memory.ranges or []
    if size is None:
        return [PfnRange(zone.start_pfn, zone.end_pfn, zone.nid) for zone in zones]
    sections = union((a.start_pfn & -size, -(-a.end_pfn // size) * size) for a in ranges)
    return [
        PfnRange(max(start, zone.start_pfn), min(end, zone.end_pfn), zone.nid)
        for zone in zones
        for start, end in sections
        if max(start, zone.start_pfn) < min(end, zone.end_pfn)
    ]


def _below_zones_end(free: Sequence[PfnRange], pages: Pages) -> list[PfnRange]:
    """Return the free ranges without RAM above all zones, which a 32-bit kernel cannot reach.

    A build without HIGHMEM keeps such RAM in memblock's lists (bootmem_init() of
    arch/mips/kernel/setup.c), and mm/memblock.c:__free_memory_core ends at max_low_pfn.
    """
    ends = [zone.end_pfn for node in pages.nodes for zone in node.zones if zone.present]
    end = max(ends, default=max(area.end_pfn for area in free) if free else 0)
    return [area._replace(end_pfn=min(area.end_pfn, end)) for area in free if area.start_pfn < end]


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
        flat=is_flat(setting),
        blocks_from_zone=is_flat(setting) and setting.has("pageblocks_from_zone_start"),
    )


def highmem_apart(setting: Setting) -> bool | None:
    """Return whether HighMem goes first (x86), afterwards (the others) or with the rest.

    arch/x86/mm/init_32.c:mem_init calls set_highmem_pages_init() before memblock_free_all(),
    arm, mips and powerpc have their own loops behind it, until v6.15.
    """
    if setting.has("highmem_with_the_rest"):
        return None
    return setting.kernel.arch == "i386"


def is_flat(setting: Setting) -> bool:
    """Return whether the memory map has no sections (FLATMEM, DISCONTIGMEM)."""
    config = setting.kernel.evidence.config
    return config.get("CONFIG_SPARSEMEM") != "y" if config else setting.section_pages is None
