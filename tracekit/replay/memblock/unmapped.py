"""Faults in memory that memblock had just handed out: the linear map did not reach it yet."""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.boot import Boot
from tracekit.events.complaints import Fault
from tracekit.events.x86_setup import DirectMapping
from tracekit.kernel.arch import facts
from tracekit.replay.memblock.moments import follows_handoff
from tracekit.replay.memblock.outcome import Parting, span
from tracekit.replay.memblock.regions import History

# PAGE_OFFSET of x86_64 without KASLR, before v4.20 and since (asm/page_64_types.h).
X86_64_OFFSETS = (0xFFFF_8800_0000_0000, 0xFFFF_8880_0000_0000)


def unmapped_memory(boot: Boot, history: History) -> Iterator[Parting]:
    """Yield the faults before the hand-off at the linear map's address of a reserved range."""
    handed_over = next((e.source.line for e in boot.events if follows_handoff(e)), None)
    for event in boot.of(Fault):
        if handed_over is None or event.source.line < handed_over:
            yield from _fault(boot, event, history)


def _fault(boot: Boot, event: Fault, history: History) -> Iterator[Parting]:
    reserved = [r for r in history.at(event.source.line) if r.list == "reserved"]
    pieces = [piece for region in reserved for piece in region.pieces if piece.line is not None]
    mapped = boot.of(DirectMapping)
    for address in _physical(boot, event.address or 0, history):
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
            f"a fault at {event.address or 0:#x}, which is physical {address:#x}",
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
