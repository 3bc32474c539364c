"""What a log says of memblock, as steps in order: allocations, other changes, dumps.

Lines are put together that belong together: a request with the reserve line that answers it,
a dump with its rows. Ranges become (base, size) in bytes whatever way the kernel prints ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tracekit.events.base import Event, Source
from tracekit.events.boot import LinuxVersion
from tracekit.events.memblock import (
    MemblockCall,
    MemblockCount,
    MemblockDoubled,
    MemblockDump,
    MemblockRequest,
    MemblockRow,
    MemblockTotals,
)

# Functions of mm/memblock.c and mm/nobootmem.c that reserve what a search has found, as the
# caller in a reserve line; which of them stands there depends on version and inlining.
ALLOCATING = (
    "memblock_alloc_",
    "memblock_phys_alloc_",
    "memblock_virt_alloc_",
    "memblock_alloc",
    "__memblock_alloc",
    "__alloc_memory_core_early",
)
# What v2.6.37 to v3.0 on x86 call such a reservation.
ALLOCATING_TAGS = ("BOOTMEM",)


@dataclass(slots=True)
class Alloc:
    """One allocation: its request and its result, either None where the log shows none.

    ``base`` and ``size`` are the logged result in bytes, 0 where there is none. ``followed``
    is the next event of any kind, which often names what an unannounced allocation was for.
    ``by`` is who asked, as far as the lines say.
    """

    request: MemblockRequest | None
    result: MemblockCall | None
    base: int = 0
    size: int = 0
    followed: Event | None = None
    by: str = field(init=False)

    def __post_init__(self) -> None:
        self.by = self.request.by if self.request is not None else ""
        if not self.by and self.result is not None:
            self.by = self.result.by

    def answer(self, call: MemblockCall, base: int, size: int) -> None:
        """Take the reserve line that shows the result."""
        self.result, self.base, self.size, self.followed = call, base, size, None
        self.by = self.by or call.by

    @property
    def source(self) -> Source:
        """The line of the result, or of the request where the result is missing."""
        event = self.result or self.request
        assert event is not None
        return event.source


@dataclass(slots=True)
class Change:
    """A range enters or leaves a list: ``kind`` is add, remove, reserve, free or physmem."""

    kind: str
    call: MemblockCall
    base: int
    size: int

    @property
    def source(self) -> Source:
        """The line of the call."""
        return self.call.source


@dataclass(slots=True)
class Dump:
    """One ``MEMBLOCK configuration:`` with what followed it."""

    head: MemblockDump
    totals: MemblockTotals | None = None
    counts: dict[str, MemblockCount] = field(default_factory=dict)
    rows: list[MemblockRow] = field(default_factory=list)
    headed: bool = True

    @property
    def source(self) -> Source:
        """The line of the heading."""
        return self.head.source

    @property
    def beheaded(self) -> bool:
        """Whether heading and first rows are missing, so that RAM is not known from it."""
        first = next((row for row in self.rows if row.list == "memory"), None)
        return not self.headed and (first is None or first.index != 0)

    def of(self, name: str) -> list[MemblockRow]:
        """Rows of one list that hold at least a byte (an empty list shows a dummy row)."""
        return [row for row in self.rows if row.list == name and row.size]

    def source_of(self, name: str, address: int) -> Source:
        """Return the line of the list's row that holds a byte, of the heading where none does."""
        held = (row for row in self.of(name) if row.base <= address < row.base + row.size)
        return next((row.source for row in held), self.source)


@dataclass(slots=True)
class Doubled:
    """A region array moved."""

    event: MemblockDoubled

    @property
    def source(self) -> Source:
        """The line that announces the new array."""
        return self.event.source


@dataclass(slots=True)
class Other:
    """Any other event of the log, kept in its place because it may say what memblock did."""

    event: Event

    @property
    def source(self) -> Source:
        """The event's line."""
        return self.event.source


Step = Alloc | Change | Dump | Doubled | Other


@dataclass(slots=True)
class MemblockLog:
    """The steps of one log and how its ranges are to be read.

    ``headless``: the log begins after the kernel's first lines, so that calls may be missing.
    """

    steps: list[Step]
    phys_addr_bits: int
    headless: bool = False

    @property
    def allocs(self) -> list[Alloc]:
        """The allocations in order."""
        return [step for step in self.steps if isinstance(step, Alloc)]

    @property
    def changes(self) -> list[Change]:
        """The other changes of the lists in order."""
        return [step for step in self.steps if isinstance(step, Change)]

    @property
    def dumps(self) -> list[Dump]:
        """The dumps in order."""
        return [step for step in self.steps if isinstance(step, Dump)]

    @property
    def dumps_only(self) -> bool:
        """Whether the log shows dumps and no call at all: an excerpt."""
        return all(isinstance(step, Other | Dump) for step in self.steps)

    @property
    def empty(self) -> bool:
        """Whether the log has no line of memblock's own."""
        return all(isinstance(step, Other) for step in self.steps)


def read_log(events: Sequence[Event], end_exclusive: bool, phys_addr_bits: int) -> MemblockLog:
    """Return the steps of a log; ``end_exclusive`` tells how reserve and free print ranges."""
    reader = _Reader(end_exclusive, phys_addr_bits)
    for event in events:
        reader.feed(event)
    headless = not any(isinstance(event, LinuxVersion) for event in events)
    return MemblockLog(reader.steps, phys_addr_bits, headless)


def is_allocating(call: MemblockCall) -> bool:
    """Whether a reserve line shows the result of a search, not a fixed range."""
    if call.tag:
        return call.by in ALLOCATING_TAGS
    return call.caller.startswith(ALLOCATING)


class _Reader:
    def __init__(self, end_exclusive: bool, phys_addr_bits: int) -> None:
        self.steps: list[Step] = []
        self._exclusive = end_exclusive
        self._wrap = (1 << phys_addr_bits) - 1
        self._request: Alloc | None = None
        self._dump: Dump | None = None
        self._last: Alloc | None = None

    def feed(self, event: Event) -> None:
        """Take the next event of the log."""
        if self._last is not None and self._last.followed is None:
            self._last.followed = event
        match event:
            case MemblockRequest():
                self._request = Alloc(event, None)
                self._append(self._request)
            case MemblockCall():
                self._call(event)
            case MemblockDump():
                self._dump = Dump(event)
                self._append(self._dump)
            case MemblockTotals() | MemblockCount() | MemblockRow():
                self._dump_line(event)
            case MemblockDoubled():
                self._append(Doubled(event))
            case _:
                self._append(Other(event))

    def _append(self, step: Step) -> None:
        self.steps.append(step)
        if isinstance(step, Alloc):
            self._last = step

    def _call(self, call: MemblockCall) -> None:
        base, size = call.base, self._size(call)
        request, self._request = self._request, None
        if not call.is_reserve:
            self._append(Change(_kind(call), call, base, size))
        elif request is not None and _answers(request, call, size):
            request.answer(call, base, size)
        elif is_allocating(call):
            self._append(Alloc(None, call, base, size))
        else:
            self._append(Change("reserve", call, base, size))

    def _size(self, call: MemblockCall) -> int:
        exclusive = self._exclusive and call.function in ("memblock_reserve", "memblock_free")
        return (call.bound - call.base + (0 if exclusive else 1)) & self._wrap

    def _dump_line(self, event: MemblockTotals | MemblockCount | MemblockRow) -> None:
        if self._dump is None:
            self._dump = Dump(MemblockDump(event.source), headed=False)
            self._append(self._dump)
        if isinstance(event, MemblockTotals):
            self._dump.totals = event
        elif isinstance(event, MemblockCount):
            self._dump.counts[event.list] = event
        else:
            self._dump.rows.append(event)


def _answers(alloc: Alloc, call: MemblockCall, size: int) -> bool:
    # The result stands on the next line; with another size elsewhere it is another's.
    assert alloc.request is not None
    if size == alloc.request.size:
        return True
    return is_allocating(call) and call.source.line <= alloc.request.source.line + 1


def _kind(call: MemblockCall) -> str:
    if call.is_late:
        return "late"
    if "physmem" in call.function:
        return "physmem"
    if call.is_free:
        return "free"
    return "remove" if "remove" in call.function else "add"


def other_events(steps: Iterable[Step]) -> list[Event]:
    """Return the events that are not memblock's own."""
    return [step.event for step in steps if isinstance(step, Other)]
