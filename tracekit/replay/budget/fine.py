"""The budget of a boot whose memblock was replayed: every byte of RAM with its owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracekit.boot import Boot
from tracekit.events.e820 import E820Row
from tracekit.events.mm_init import Freeing, MemoryLine
from tracekit.mm.handoff import Handoff
from tracekit.mm.memblock import Memblock
from tracekit.mm.memblock_type import MEMBLOCK_NOMAP
from tracekit.mm.ranges import Ranges, intersect, subtract, total, union
from tracekit.replay.budget.callers import owners, with_owners
from tracekit.replay.budget.kinds import EARLY, KERNEL, LOW, kind_of
from tracekit.replay.budget.tree import Budget, Item
from tracekit.replay.context import Context
from tracekit.replay.memblock.moments import Moments
from tracekit.replay.memblock.regions import History, Piece

FREE = "free at the hand-off"
ABOVE = "RAM beyond the highest zone, never used"
BOOTMEM = "taken by bootmem, whose lines name no caller"
ODD = "parts of pages, never used"
UNMAPPED = "RAM that is kept unmapped (nomap)"


def fine_budget(context: Context) -> Budget | None:
    """Return the budget from memblock's replay, None where there is none."""
    moments, history = context.take(Moments), context.take(History)
    handoff = context.take(Handoff)
    if moments is None or moments.handoff is None or history is None or handoff is None:
        return None
    boot = context.boot
    memory = _bytes(moments.handoff, "memory")
    root = _firmware(boot, memory)
    ram = root.add(Item("RAM of the kernel", kind="RAM", owner="memblock"))
    reserved = _bytes(moments.handoff, "reserved")
    places = Places(handoff, boot.kernel.page_size or 4096)
    _reserved(ram, intersect(memory, reserved), handoff_pieces(history, boot), boot, places)
    unmapped = subtract(_unmapped(moments.handoff), reserved)
    if unmapped:
        ram.add(Item(UNMAPPED, total(unmapped), "nomap", UNMAPPED))
    free = _free(ram, subtract(memory, [*reserved, *unmapped]), places)
    later = sum(area.end_pfn - area.start_pfn for area in handoff.deferred) * places.page_size
    top = root if len(root.below) > 1 else ram
    return Budget(top, "memblock", total(memory), free, deferred=later)


@dataclass(frozen=True, slots=True)
class Places:
    """Tells the node and zone of an address."""

    handoff: Handoff
    page_size: int

    def of(self, address: int) -> tuple[int | None, str | None]:
        """Return (nid, zone name), None where no zone spans the address."""
        pfn = address // self.page_size
        for zone in self.handoff.zones:
            if zone.zone.start_pfn <= pfn < zone.zone.end_pfn:
                return zone.zone.nid, zone.zone.name
        return None, None


def _bytes(memblock: Memblock, name: str) -> Ranges:
    which = memblock.memory if name == "memory" else memblock.reserved
    return union((region.base, region.end) for region in which)


def _unmapped(memblock: Memblock) -> Ranges:
    return union((r.base, r.end) for r in memblock.memory if r.flags & MEMBLOCK_NOMAP)


def handoff_pieces(history: History, boot: Boot) -> list[Piece]:
    """Return the reservations with their owners as they are at the hand-off."""
    line = next((e.source.line for e in boot.of(MemoryLine)), None)
    regions = history.at(line)
    pieces = [piece for region in regions if region.list == "reserved" for piece in region.pieces]
    return with_owners(pieces, owners(boot, history.steps))


# -- from the firmware's map to RAM ---------------------------------------------------------


def _firmware(boot: Boot, memory: Ranges) -> Item:
    """Return the root with the parts of the firmware's map that are not RAM of the kernel."""
    rows = _near_ram([row for row in boot.of(E820Row) if row.who == "BIOS-e820"])
    root = Item("RAM that the firmware describes", kind="firmware", owner="e820")
    taken = union(memory)
    for kind in dict.fromkeys(row.kind for row in rows if not row.is_ram):
        of_kind = [row for row in rows if row.kind == kind]
        ranges = subtract([row.range for row in of_kind], taken)
        if ranges:
            name = f"firmware: {kind}"
            item = Item(name, total(ranges), "firmware", kind, of_kind[0].source)
            root.add(item)
            taken = union([*taken, *ranges])
    usable = subtract([row.range for row in rows if row.is_ram], taken)
    for name, ranges in _left_out(usable, memory).items():
        root.add(Item(name, total(ranges), "left out", name, rows[0].source))
    return root


def _near_ram(rows: Sequence[E820Row]) -> list[E820Row]:
    """Leave out reserved rows that touch no other: addresses of devices, with no RAM behind."""
    ends = {end for row in rows for end in row.range}
    shared = {e for e in ends if sum(e in row.range for row in rows) > 1}
    return [row for row in rows if row.kind != "reserved" or shared & set(row.range)]


def _left_out(usable: Ranges, memory: Ranges) -> dict[str, Ranges]:
    """Return usable memory that the kernel did not take, by reason."""
    top = memory[-1][1] if memory else 0
    found: dict[str, Ranges] = {}
    for start, end in usable:
        name = "usable, above the kernel's limit" if start >= top else "usable, not taken as RAM"
        found.setdefault(name, []).append((start, end))
    return found


# -- what is reserved -----------------------------------------------------------------------


def _reserved(
    ram: Item, reserved: Ranges, pieces: Sequence[Piece], boot: Boot, places: Places
) -> None:
    """Add the reservations inside RAM by what they are for, then by caller and line."""
    kinds: dict[str, Item] = {}
    left = reserved
    image = unlogged_image(pieces, boot)
    for piece in sorted(pieces, key=lambda p: (p.line.line if p.line else 0, p.start)):
        ranges = intersect(left, [(piece.start, piece.end)])
        if not ranges:
            continue
        left = subtract(left, ranges)
        kind = KERNEL if piece is image else kind_at(piece)
        item = kinds.setdefault(kind, Item(kind, kind=kind, owner=kind))
        for low, high in ranges:
            item.add(_place(piece, low, high, kind, places))
    if left:
        kinds.setdefault(EARLY, Item(EARLY, kind=EARLY, owner=EARLY)).add(
            Item("no line shows who", total(left), EARLY, EARLY)
        )
    if KERNEL in kinds:
        _kernel_sections(kinds[KERNEL], boot)
    top = ram.add(Item("reserved", kind="reserved", owner="memblock"))
    for item in sorted(kinds.values(), key=lambda i: -i.bytes):
        top.add(item)


def _sections(boot: Boot) -> list[tuple[str, int]]:
    """Return the kernel's sections as the Memory: line names them, in bytes."""
    line = next(iter(boot.of(MemoryLine)), None)
    if line is None:
        return []
    named = (("text", line.code), ("rodata", line.rodata), ("data", line.rwdata or line.data),
             ("init", line.init), ("bss", line.bss))  # fmt: skip
    return [(name, kib * 1024) for name, kib in named if kib]


def unlogged_image(pieces: Sequence[Piece], boot: Boot) -> Piece | None:
    """Return the unlogged reservation that holds the kernel: the only one with room for it.

    x86 and others reserve the image before memblock=debug is parsed.
    """
    size = sum(size for _, size in _sections(boot))
    unlogged = [p for p in pieces if p.line is None and size <= p.end - p.start <= 2 * size]
    return unlogged[0] if size and len(unlogged) == 1 else None


def kind_at(piece: Piece) -> str:
    """Return what a reservation is for; what setup_arch() keeps below 1 MiB is no kernel."""
    kind = kind_of(piece.owner)
    return LOW if kind == KERNEL and piece.end <= 1 << 20 else kind


def _place(piece: Piece, low: int, high: int, kind: str, places: Places) -> Item:
    name = f"{piece.owner} [{low:#x}-{high - 1:#x}]"
    return Item(name, high - low, kind, piece.owner, piece.line, *places.of(low))


def _kernel_sections(kernel: Item, boot: Boot) -> None:
    """Divide the image by the sections that the Memory: line names, where they fit into it."""
    image = max(kernel.below, key=lambda item: item.bytes)
    parts = _sections(boot)
    rest = image.bytes - sum(size for _, size in parts)
    if not parts or rest < 0:
        return
    line = boot.of(MemoryLine)[0]
    for name, size in [*parts, ("gaps between sections", rest)]:
        owner = f"kernel {name}"
        image.below.append(Item(owner, size, KERNEL, owner, line.source, image.nid, image.zone))


# -- what is free ---------------------------------------------------------------------------


def _free(ram: Item, free: Ranges, places: Places) -> int:
    """Add what the page allocator was given, zone by zone, and the odd ends of pages."""
    top = ram.add(Item(FREE, kind="free", owner="page allocator"))
    for zone in places.handoff.zones:
        later = sum(
            max(min(a.end_pfn, zone.zone.end_pfn) - max(a.start_pfn, zone.zone.start_pfn), 0)
            for a in places.handoff.deferred
            if a.nid == zone.zone.nid
        )
        for pages, note in ((zone.managed, ""), (later, ", struct pages initialised later")):
            where = zone.zone.nid, zone.zone.name
            name = f"node {where[0]}, zone {where[1]}{note}"
            if pages:
                size = pages * places.page_size
                top.add(Item(name, size, "free", f"free in {where[1]}", None, *where))
    _not_given(ram, free, total(free) - top.bytes, places)
    return top.bytes


def _not_given(ram: Item, free: Ranges, rest: int, places: Places) -> None:
    """Add what memblock had free and the page allocator did not get, by reason."""
    page = places.page_size
    whole = [(-(-start // page) * page, end // page * page) for start, end in free]
    whole = [(start, end) for start, end in whole if start < end]
    spans = [(z.zone.start_pfn * page, z.zone.end_pfn * page) for z in places.handoff.zones]
    above = total(subtract(whole, union(spans)))
    odd = total(free) - total(whole)
    for name, size, kind, owner in (
        (ABOVE, above, "lost", "zone limits"),
        (BOOTMEM, rest - above - odd, "bootmem", "bootmem"),
        (ODD, odd, "lost", "page rounding"),
    ):
        if size:
            ram.add(Item(name, size, kind, owner))


def returned(boot: Boot) -> list[Item]:
    """Return what came back after the hand-off, as the log shows it."""
    return [
        Item(event.what, event.kib * 1024, "returned", event.what, event.source)
        for event in boot.of(Freeing)
    ]
