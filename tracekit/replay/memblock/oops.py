"""What memblock's lists say of the pages and addresses that the kernel complains of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracekit.boot import Boot
from tracekit.events.oops import BadPage, PageFault
from tracekit.events.x86_setup import DirectMapping
from tracekit.kernel.arch import facts
from tracekit.replay.memblock.moments import follows_handoff
from tracekit.replay.memblock.outcome import Parting, span
from tracekit.replay.memblock.regions import History, OwnedRegion, Piece

# PAGE_OFFSET of x86_64 without KASLR, before v4.20 and since (asm/page_64_types.h).
X86_64_OFFSETS = (0xFFFF_8800_0000_0000, 0xFFFF_8880_0000_0000)
MOST_PAGES = 8


def oops_reports(boot: Boot, history: History) -> Iterator[Parting]:
    """Yield what the lists say of bad pages and of faults in the linear map."""
    yield from _bad_pages(boot, history)
    handed_over = next((e.source.line for e in boot.events if follows_handoff(e)), None)
    for event in boot.of(PageFault):
        if handed_over is None or event.source.line < handed_over:
            yield from _fault(boot, event, history)


def _bad_pages(boot: Boot, history: History) -> Iterator[Parting]:
    size = boot.kernel.page_size
    if size is None:
        return
    told: set[str] = set()
    for event in boot.of(BadPage)[:MOST_PAGES]:
        lists = history.at(event.source.line)
        page = (event.pfn * size, (event.pfn + 1) * size)
        verdict = _page_verdict(page, lists)
        if verdict and verdict not in told:
            told.add(verdict)
            subject = f"{event.comm}, pfn {event.pfn:#x}"
            yield Parting("MB215", event.source, subject, span(*page), verdict)


def _page_verdict(page: tuple[int, int], lists: Sequence[OwnedRegion]) -> str:
    """Say in words what the lists hold at a page; nothing where RAM is not known."""
    memory = [region for region in lists if region.list == "memory"]
    reserved = [region for region in lists if region.list == "reserved"]
    if not memory:
        return ""
    if not any(_meets(region, page) for region in memory):
        return "no RAM there: its struct page belongs to a hole"
    holders = [region for region in reserved if _meets(region, page)]
    if holders:
        names = {piece.owner for h in holders for piece in h.pieces if _meets(piece, page)}
        return f"reserved in memblock ({', '.join(sorted(names))}): nobody may free it"
    below = max((r.end for r in reserved if r.end <= page[0]), default=memory[0].start)
    above = min((r.start for r in reserved if r.start >= page[1]), default=memory[-1].end)
    return (
        f"free in memblock, in the gap {span(below, above)} between two reservations: the "
        "hand-off frees it by rights, and memblock's lists are not at fault"
    )


def _meets(thing: OwnedRegion | Piece, page: tuple[int, int]) -> bool:
    return thing.start < page[1] and page[0] < thing.end


def _fault(boot: Boot, event: PageFault, history: History) -> Iterator[Parting]:
    reserved = [r for r in history.at(event.source.line) if r.list == "reserved"]
    pieces = [piece for region in reserved for piece in region.pieces if piece.line is not None]
    mapped = boot.of(DirectMapping)
    for address in _physical(boot, event.address, history):
        holding = [p for p in pieces if p.start <= address < p.end]
        if not holding or any(m.start <= address < m.end for m in mapped):
            continue
        piece = holding[-1]
        assert piece.line is not None
        top = max((line.end for line in mapped), default=0)
        known = f"; lines show a mapping up to {top:#x} only" if top else ""
        yield Parting(
            "MB216",
            event.source,
            piece.owner,
            f"a fault at {event.address:#x}, which is physical {address:#x}",
            f"{span(piece.start, piece.end)} is mapped when it is handed out to {piece.owner} "
            f"(line {piece.line.line}){known}",
            related=(piece.line,),
        )
        return


def _physical(boot: Boot, address: int, history: History) -> Iterator[int]:
    """Yield the physical addresses that a virtual one in the linear map may stand for."""
    arch = facts(boot.kernel.arch)
    if arch is None or arch.name == "x86_64":
        yield from (address - offset for offset in X86_64_OFFSETS if address >= offset)
    elif arch.is_32bit and arch.page_offset and address >= arch.page_offset:
        memory = [region.start for region in history.at(None) if region.list == "memory"]
        yield address - arch.page_offset + (min(memory, default=0) if arch.name != "i386" else 0)
