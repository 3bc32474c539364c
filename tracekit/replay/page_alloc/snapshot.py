"""buddyinfo and pagetypeinfo held against the simulated free lists, cell by cell.

The files were read while tracing was on, between two markers. A zone's row must equal the
simulated counts wholly at one position within that window, and the positions of the rows of a
file go forward only, as the reader did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tracekit.events.base import Source
from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_zone import Zone
from tracekit.observed.buddyinfo import FreeRow, parse_buddyinfo, parse_pagetypeinfo
from tracekit.replay.ledger import Ledger
from tracekit.replay.page_alloc.stream import MARKER, Stream

SNAPSHOT = "snapshot"
PREFIX = "tracekit: snapshot "
UNKNOWN = "the free lists are not known here"
FILES: dict[str, Callable[[str], list[FreeRow]]] = {
    "buddyinfo": parse_buddyinfo,
    "pagetypeinfo": parse_pagetypeinfo,
}

Counts = tuple[tuple[int, ...], ...]


@dataclass(slots=True)
class Window:
    """The rows of the trace between which a file was read, and the states of the zones there.

    ``states`` holds, for each change, the free blocks of every zone by order and type, and its
    pageblocks by type.
    """

    name: str
    first: int
    last: int
    states: list[dict[int, tuple[Counts, tuple[int, ...]]]] = field(default_factory=list)


def find_windows(stream: Stream) -> list[Window]:
    """Return the windows of buddyinfo and pagetypeinfo; none where no marker frames them.

    A file has its own window from its marker to the next one; without such a marker it is
    the whole snapshot.
    """
    marks = [
        (row, stream.labels[stream.extra[row]].removeprefix(PREFIX).strip())
        for row in range(len(stream))
        if stream.kind[row] == MARKER and stream.labels[stream.extra[row]].startswith(PREFIX)
    ]
    ends = [row for row, label in marks if label == "end"]
    found = []
    for name in FILES:
        own = [i for i, (_, label) in enumerate(marks) if label == name]
        begin = own or [i for i, (_, label) in enumerate(marks) if label == "begin"]
        if begin and ends:
            following = begin[0] + 1 if own else len(marks) - 1
            found.append(Window(name, marks[begin[0]][0], marks[following][0]))
    return found


class Recorder:
    """Collects the states of the zones within the windows while the replay runs."""

    def __init__(self, allocator: PageAllocator, windows: list[Window]) -> None:
        self.zones = allocator.zones
        self.windows = windows
        self.first = min((window.first for window in windows), default=-1)
        self.last = max((window.last for window in windows), default=-1)

    def see(self, row: int) -> None:
        """Record the state after a row, where it lies in a window and changes anything."""
        state = None
        for window in self.windows:
            if window.first <= row <= window.last:
                state = state or {id(zone): _state(zone) for zone in self.zones}
                if not window.states or window.states[-1] != state:
                    window.states.append(state)


def _state(zone: Zone) -> tuple[Counts, tuple[int, ...]]:
    free = tuple(tuple(len(pages) for pages in area) for area in zone.areas)
    order = zone.rules.pageblock_order
    # the kernel steps from the zone's first page, aligned or not
    steps = range(zone.start, zone.end, 1 << order)
    kinds = [zone.block_types.get(pfn >> order, -1) for pfn in steps]
    return free, tuple(kinds.count(number) for number in range(len(zone.rules.types)))


@dataclass(frozen=True, slots=True)
class Cells:
    """A row of a file beside a simulated state: (what it is, logged, simulated) per cell."""

    cells: list[tuple[str, int, int]]

    @property
    def wrong(self) -> list[tuple[str, int, int]]:
        """The cells that differ."""
        return [cell for cell in self.cells if cell[1] != cell[2]]


def check_snapshot(
    ledger: Ledger,
    windows: Iterable[Window],
    files: dict[str, tuple[str, str]],
    zones: list[Zone],
    reason: str = "",
) -> None:
    """Check the files, given as name -> (path, text), against the states of their windows.

    ``reason`` says why the states are not known, where they are not.
    """
    by_name = {} if reason else {(zone.nid, zone.name): zone for zone in zones}
    for window in windows:
        if window.name in files:
            path, text = files[window.name]
            _check_file(ledger, window, path, FILES[window.name](text), by_name)


def _check_file(
    ledger: Ledger,
    window: Window,
    path: str,
    rows: list[FreeRow],
    zones: dict[tuple[int, str], Zone],
) -> None:
    position = 0
    for row in rows:
        zone = zones.get((row.nid, row.zone))
        if zone is None:
            shown = sum(1 for count in row.counts if count)
            if shown:
                ledger.unchecked(SNAPSHOT, UNKNOWN, shown)
            continue
        places = range(position, len(window.states))
        found = {place: _compare(row, window.states[place][id(zone)], zone) for place in places}
        position, cells = min(found.items(), key=lambda item: (len(item[1].wrong), item[0]))
        _enter(ledger, row, path, cells)


def _compare(row: FreeRow, state: tuple[Counts, tuple[int, ...]], zone: Zone) -> Cells:
    free, kinds = state
    names = zone.rules.types
    if row.blocks:
        shown = dict(zip(row.names, row.counts, strict=False))
        every = [(f"{n} pageblocks", shown.get(n, 0), kinds[i]) for i, n in enumerate(names)]
    else:
        own = names.index(row.migratetype) if row.migratetype in names else None
        every = [
            (f"order {order}", count, sum(free[order]) if own is None else free[order][own])
            for order, count in enumerate(row.counts)
            if order < len(free) and (row.migratetype is None or own is not None)
        ]
    return Cells([(w, c, s) for w, c, s in every if c is not None and (c or s)])


def _enter(ledger: Ledger, row: FreeRow, path: str, cells: Cells) -> None:
    wrong = cells.wrong
    ledger.matched(SNAPSHOT, len(cells.cells) - len(wrong))
    if not wrong:
        return
    what = f" type {row.migratetype}" if row.migratetype else ""
    ledger.diverged(
        SNAPSHOT,
        "PA108",
        Source(path, row.line),
        f"node {row.nid} zone {row.zone}{what}",
        logged=", ".join(f"{name}: {logged}" for name, logged, _ in wrong),
        simulated=", ".join(f"{name}: {simulated}" for name, _, simulated in wrong),
        count=len(wrong),
    )
