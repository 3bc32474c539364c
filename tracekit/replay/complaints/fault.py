"""Faults of the kernel: what the address that it stumbled over says."""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.boot import Boot
from tracekit.events.base import Event
from tracekit.events.complaints import Fault, KernelBug, Oops, OopsPlace
from tracekit.kernel.arch import ARCHES
from tracekit.replay.complaints.finding import Complaint, first, following
from tracekit.replay.complaints.place import Places

# The lines between what a fault prints first and its Oops line are fewer than this.
HEADER = 12
NULL = 0x10000
NEAR = 0x10000
# include/linux/poison.h: the byte that fills memory, and what that memory is.
POISON = {
    0x6B: "freed slab memory (POISON_FREE): the object was used after its free",
    0x5A: "slab memory that nobody initialised (POISON_INUSE)",
    0xA5: "the last byte of a poisoned slab object (POISON_END)",
    0xBB: "the red zone of a freed slab object (SLUB_RED_INACTIVE)",
    0xAA: "a freed page (PAGE_POISON): it was used after its free",
}
# CONFIG_ILLEGAL_POINTER_VALUE of 64-bit kernels plus LIST_POISON1 and LIST_POISON2.
LIST_POISON = 0xDEAD_0000_0000_0000


def faults(boot: Boot, places: Places) -> Iterator[Complaint]:
    """Yield one complaint for each function that stumbled, the first time that it did."""
    seen: set[str] = set()
    for event in boot.of(Event):
        if isinstance(event, Fault | KernelBug) or _alone(boot, event):
            place = first(following(boot, event, OopsPlace))
            name = place.place.partition("+")[0] if place else "the kernel"
            if name not in seen:
                seen.add(name)
                yield _complaint(boot, places, event, place)


def _alone(boot: Boot, event: Event) -> bool:
    """Return whether an oops stands without a line above it that says more."""
    if not isinstance(event, Oops):
        return False
    line = event.source.line
    return not any(
        line - HEADER < other.source.line < line
        for kind in (Fault, KernelBug)
        for other in boot.of(kind)
    )


def _complaint(boot: Boot, places: Places, event: Event, place: OopsPlace | None) -> Complaint:
    address = event.address if isinstance(event, Fault) else None
    where = f" in {place.place}" if place else ""
    return Complaint(
        code="KR110" if isinstance(event, KernelBug) else "KR103",
        allocator="mm_init",
        line=event.source,
        subject=place.place.partition("+")[0] if place else "the kernel",
        logged=_said(event) + where,
        known=_known(boot, places, address),
        why=meaning(address) if isinstance(event, Fault) else "",
        related=(place.source,) if place else (),
    )


def _said(event: Event) -> str:
    match event:
        case KernelBug():
            return f"BUG at {event.file}:{event.row}"
        case Oops():
            return event.reason
        case Fault(address=int(address)):
            return f"an access to address {address:#x}"
    return "an access to a NULL pointer"


def _known(boot: Boot, places: Places, address: int | None) -> str:
    """Return what lies behind an address of the linear map, where that is at a known place."""
    arch = ARCHES.get(boot.kernel.arch or "")
    base = arch.page_offset if arch is not None else None
    moved = boot.kernel.arch == "x86_64" and boot.kernel.option("nokaslr") is None
    if address is None or not base or address < base or moved or meaning(address):
        return ""
    found = places.at(address - base)
    return f"physical address {address - base:#x}: {found}" if found else ""


def meaning(address: int | None) -> str:
    """Return what an address that no access should have tells, "" where it tells nothing."""
    if address is None or address < NULL:
        offset = f" {address:#x} bytes into a structure" if address else ""
        return f"a NULL pointer was followed{offset}: what it should point to was never set"
    if abs(address - LIST_POISON) < NULL:
        return "a list entry was followed after it had been taken off its list (LIST_POISON)"
    for byte, what in POISON.items():
        for width in (4, 8):
            pattern = int.from_bytes(bytes([byte]) * width, "big")
            if abs(address - pattern) < NEAR:
                return f"the pointer was read from {what}; {pattern:#x} {address - pattern:+#x}"
    return ""
