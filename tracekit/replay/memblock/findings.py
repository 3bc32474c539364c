"""What is wrong or odd in memblock's lines by themselves, without predicting anything.

Healthy machines reserve hundreds of ranges outside RAM, reserve twice and reserve nothing;
these are notes. Errors and warnings are what a kernel engineer would call wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tracekit.events.base import Event, Source
from tracekit.events.e820 import E820Update
from tracekit.events.initrd import InitrdDisabled
from tracekit.kernel.arch import facts
from tracekit.mm.memblock import Memblock
from tracekit.mm.memblock_type import MEMBLOCK_NOMAP
from tracekit.mm.ranges import Ranges, intersect, subtract, total, union
from tracekit.replay.memblock.log import Alloc, Change, Doubled, Dump, Other, Step
from tracekit.replay.memblock.machine import Machine
from tracekit.replay.memblock.outcome import Parting, span
from tracekit.replay.memblock.rules import initial_limit
from tracekit.replay.memblock.run import Run

# No architecture has wider physical addresses (x86 with five-level page tables).
PHYSICAL_BITS = 52
# Callers that only riscv has: page tables of the linear map, reached through the fixmap because
# that map does not exist yet.
BEFORE_LINEAR_MAP = ("alloc_pmd_fixmap", "alloc_pte_fixmap", "alloc_pud_fixmap", "alloc_p4d_fixmap")


@dataclass(frozen=True, slots=True)
class Held:
    """A reservation that is still in force: bytes, end exclusive, owner and line."""

    start: int
    end: int
    owner: str
    source: Source

    def text(self) -> str:
        """The range with its owner and line."""
        return f"{span(self.start, self.end)} ({self.owner}, line {self.source.line})"


def findings(run: Run) -> list[Parting]:
    """Return every finding of a finished run, in order of lines."""
    whole = bool(run.start.memory) or run.start.dump is not None
    walk = _Walk(run.machine, union(run.start.memory), whole)
    found = [parting for step in run.log.steps for parting in walk.look(step)]
    return [*found, *walk.outside()]


class _Walk:
    """Goes through the steps with the RAM and the reservations that the lines have given.

    ``whole`` says that all RAM is known: without a dump or a map, the adds in the log may be
    a small part of it, because those before memblock=debug was parsed print nothing.
    """

    def __init__(self, machine: Machine, memory: Ranges, whole: bool) -> None:
        self.machine = machine
        self.memory = memory
        self.whole = whole
        self.held: list[Held] = []
        self.found: list[Held] = []
        self.freed: Ranges = []
        self.strays: list[Held] = []
        self.adds: list[Held] = []
        self.last_by = ""
        self.told: set[str] = set()

    def look(self, step: Step) -> Iterator[Parting]:
        """Yield what is to be said of one step, then apply it."""
        match step:
            case Alloc():
                yield from self._alloc(step)
            case Change():
                yield from self._change(step)
            case Doubled():
                yield from self._doubled(step)
            case Dump():
                yield from self._dump(step)
            case Other():
                yield from self._other(step.event)

    # -- allocations ----------------------------------------------------------------------

    def _alloc(self, alloc: Alloc) -> Iterator[Parting]:
        self.last_by = alloc.by
        if alloc.result is None:
            yield from self._failed(alloc)
            return
        held = Held(alloc.base, alloc.base + alloc.size, alloc.by, alloc.source)
        self.found.append(held)
        limit = self._linear_map_end()
        if limit is not None and held.end > limit and self._is_virtual(alloc):
            yield Parting(
                "MB204",
                alloc.source,
                alloc.by,
                span(held.start, held.end),
                f"the linear map ends at {limit:#x}",
            )

    def _failed(self, alloc: Alloc) -> Iterator[Parting]:
        request = alloc.request
        assert request is not None
        room = total(self.memory)
        size = f"{request.size} bytes below {request.max_addr:#x}"
        reason = "no room" if room else "how much RAM there is, the log does not show"
        if room and request.size > room:
            reason = f"more than all RAM ({room} bytes)"
        yield Parting("MB210", request.source, alloc.by, f"{size}, no reserve line", reason)

    def _is_virtual(self, alloc: Alloc) -> bool:
        return alloc.request is not None and "phys_alloc" not in alloc.request.request

    def _linear_map_end(self) -> int | None:
        """Where the virtual addresses of the linear map run out on a 32-bit machine."""
        arch = facts(self.machine.arch)
        if arch is None or not arch.is_32bit or not arch.page_offset or not self.memory:
            return None
        return self.memory[0][0] + (1 << 32) - arch.page_offset

    # -- calls ----------------------------------------------------------------------------

    def _change(self, change: Change) -> Iterator[Parting]:
        span_ = (change.base, change.base + change.size)
        if change.kind == "reserve":
            yield from self._reserve(change)
        elif change.kind == "late":
            yield from self._freed(change)
        elif change.kind == "free":
            yield from self._freed(change)
            self.freed.append(span_)
            self.held = [part for held in self.held for part in _cut(held, *span_)]
        elif change.kind == "add":
            yield from self._add(change)
            self.memory = union([*self.memory, span_])
        elif change.kind == "remove":
            self.memory = subtract(self.memory, [span_])

    def _reserve(self, change: Change) -> Iterator[Parting]:
        start, end = change.base, change.base + change.size
        held = Held(start, end, change.call.by, change.source)
        if not change.size:
            yield Parting("MB213", change.source, held.owner, span(start, end), "0 bytes")
            return
        self.held.append(held)
        if end > 1 << PHYSICAL_BITS:
            top = self.memory[-1][1] if self.memory else 0
            known = f"; RAM ends at {top:#x}" if top else ""
            expected = f"addresses below {1 << PHYSICAL_BITS:#x}{known}"
            yield Parting("MB206", change.source, held.owner, span(start, end), expected)
        elif self.memory and not intersect([(start, end)], self.memory):
            self.strays.append(held)
            if self.whole and change.size > total(self.memory):
                yield self._larger_than_ram(held)

    def _larger_than_ram(self, held: Held) -> Parting:
        ram = ", ".join(span(*part) for part in self.memory)
        return Parting(
            "MB202",
            held.source,
            held.owner,
            f"{span(held.start, held.end)}, {held.end - held.start} bytes",
            f"RAM is {ram}, {total(self.memory)} bytes",
        )

    def _add(self, change: Change) -> Iterator[Parting]:
        start, end = change.base, change.base + change.size
        for earlier in self.adds:
            if change.size and earlier.start <= start and end <= earlier.end:
                yield Parting(
                    "MB212", change.source, change.call.by, span(start, end), earlier.text()
                )
                break
        self.adds.append(Held(start, end, change.call.by, change.source))

    def _freed(self, change: Change) -> Iterator[Parting]:
        """A free inside a larger reservation of somebody else who never gave it up.

        Only fixed ranges are looked at: the results of searches never overlap.
        """
        start, end = change.base, change.base + change.size
        inside = [h for h in self.held if h.start < end and start < h.end]
        mine = [h for h in inside if start <= h.start and h.end <= end]
        others = [
            h
            for h in inside
            if h not in mine and h.owner not in {m.owner for m in mine} and self._wants(h, mine)
        ]
        if mine and others and change.size:
            yield Parting(
                "MB203",
                change.source,
                change.call.by,
                span(start, end),
                "reserved by " + " and ".join(h.text() for h in [*mine, *others]),
                related=tuple(h.source for h in [*mine, *others]),
            )

    def _wants(self, other: Held, mine: Sequence[Held]) -> bool:
        return any(other.source.line > held.source.line for held in mine)

    # -- the rest -------------------------------------------------------------------------

    def _doubled(self, step: Doubled) -> Iterator[Parting]:
        if self.last_by in BEFORE_LINEAR_MAP:
            event = step.event
            yield Parting(
                "MB209",
                step.source,
                f"{event.list} array of {event.entries} entries",
                span(event.base, event.bound + 1),
                "memory that the kernel has mapped",
            )

    def _dump(self, dump: Dump) -> Iterator[Parting]:
        rows = dump.of("memory")
        if not rows or not self.machine.is_arm:
            return
        memblock = Memblock()
        for row in rows:
            memblock.memory.add_range(row.base, row.size, flags=row.flags or 0)
        limit = initial_limit(memblock, self.machine)
        ram = [r for r in memblock.memory if not r.flags & MEMBLOCK_NOMAP]
        below = [r for r in ram if r.base < limit]
        if ram and not below and "low memory" not in self.told:
            self.told.add("low memory")
            first = rows[0]
            yield Parting(
                "MB205",
                first.source,
                "low memory",
                f"{span(first.base, first.base + first.size)} flags {first.flags or 0:#x}",
                f"current_limit becomes {first.base + first.size:#x}, in whole page directory "
                f"entries {limit:#x}: 0 bytes below it, {sum(r.size for r in ram)} bytes above",
            )

    def _other(self, event: Event) -> Iterator[Parting]:
        if isinstance(event, E820Update) and event.new_kind == "reserved":
            yield from self._e820_update(event)
        if isinstance(event, InitrdDisabled):
            yield from self._initrd(event)

    def _e820_update(self, event: E820Update) -> Iterator[Parting]:
        for held in self.found:
            inside = held.start <= event.start and event.end <= held.end
            if (
                inside
                and not intersect([event.range], self.freed)
                and span(*event.range) not in self.told
            ):
                self.told.add(span(*event.range))
                text = span(*event.range)
                yield Parting("MB208", event.source, held.owner, text, held.text())

    def _initrd(self, event: InitrdDisabled) -> Iterator[Parting]:
        for held in self.held:
            shared = intersect([(held.start, held.end)], [event.range])
            if shared:
                yield Parting(
                    "MB211",
                    event.source,
                    "initrd",
                    f"initrd {span(*event.range)}",
                    f"{held.text()} shares {total(shared):#x} bytes with it",
                    related=(held.source,),
                )

    def outside(self) -> Iterator[Parting]:
        """One note for each caller that reserves outside RAM."""
        by_owner: dict[str, list[Held]] = {}
        for held in self.strays:
            by_owner.setdefault(held.owner, []).append(held)
        for owner, strays in by_owner.items():
            shown = ", ".join(span(h.start, h.end) for h in strays[:3])
            more = f" and {len(strays) - 3} more" if len(strays) > 3 else ""
            yield Parting("MB201", strays[0].source, owner, shown + more, "no RAM there")


def _cut(held: Held, start: int, end: int) -> list[Held]:
    if end <= held.start or held.end <= start:
        return [held]
    parts = subtract([(held.start, held.end)], [(start, end)])
    return [Held(low, high, held.owner, held.source) for low, high in parts]
