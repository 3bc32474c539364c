"""buddyinfo and pagetypeinfo held against the simulated free lists, cell by cell.

The files were read while tracing was on, between two markers. A zone's row must equal the
simulated counts wholly at one position within that window, and the positions of the rows of a
file go forward only, as the reader did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tracekit.events.base import Source
from tracekit.mm.page_alloc import PageAllocator
from tracekit.mm.page_alloc_zone import Zone
from tracekit.observed.buddyinfo import FreeRow, parse_buddyinfo, parse_pagetypeinfo
from tracekit.replay.ledger import Ledger
from tracekit.replay.page_alloc.passed_snapshot import Change, Passing, explained
from tracekit.replay.page_alloc.silent import CMA, Counts, silently_taken
from tracekit.replay.page_alloc.stream import MARKER, Stream

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.passed_by import PassedBy

SNAPSHOT = "snapshot"
PREFIX = "tracekit: snapshot "
RUN_CLAIMS = "what the kernel took and freed before events were on is not known there"
UNKNOWN = "the free lists are not known here"
FILES: dict[str, Callable[[str], list[FreeRow]]] = {
    "buddyinfo": parse_buddyinfo,
    "pagetypeinfo": parse_pagetypeinfo,
}


@dataclass(slots=True)
class Window:
    """The rows of the trace between which a file was read, and the states of the zones there.

    ``states`` holds, for each change, the free blocks of every zone by order and type, and its
    pageblocks by type. ``passing`` are the frees that may have passed per-cpu lists by.
    """

    name: str
    first: int
    last: int
    states: list[dict[int, tuple[Counts, tuple[int, ...]]]] = field(default_factory=list)
    passing: list[Passing] = field(default_factory=list)


def find_windows(stream: Stream) -> list[Window]:
    """Return the windows of buddyinfo and pagetypeinfo; none where no marker frames them.

    A file has its own window from its marker to the next one; without such a marker it is
    the whole snapshot.
    """
    marks = [
        (row, stream.labels[stream.extra[row]].removeprefix(PREFIX).strip())
        for row in stream.rows(MARKER)
        if stream.labels[stream.extra[row]].startswith(PREFIX)
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
    """Collects the states of the zones within the windows while the replay runs.

    ``uncounted`` are the numbers of pageblocks that pagetypeinfo leaves out; ``passed_by``
    knows the frees whose pages may stand elsewhere than the lists say.
    """

    def __init__(
        self,
        allocator: PageAllocator,
        windows: list[Window],
        uncounted: frozenset[int] = frozenset(),
        passed_by: PassedBy | None = None,
    ) -> None:
        self.zones = allocator.zones
        self.passed_by = passed_by
        self.uncounted = uncounted
        self.windows = windows
        self.first = min((window.first for window in windows), default=-1)
        self.last = max((window.last for window in windows), default=-1)

    def see(self, row: int) -> None:
        """Record the state after a row, where it lies in a window and changes anything."""
        state = None
        for window in self.windows:
            if window.first <= row <= window.last:
                if not window.states and self.passed_by is not None:
                    window.passing = self.passed_by.passing()
                state = state or {id(zone): self._state(zone) for zone in self.zones}
                if not window.states or window.states[-1] != state:
                    window.states.append(state)

    def _state(self, zone: Zone) -> tuple[Counts, tuple[int, ...]]:
        free = tuple(tuple(len(pages) for pages in area) for area in zone.areas)
        order = zone.rules.pageblock_order
        # the kernel steps from the zone's first page, aligned or not
        blocks = [pfn - zone.block_base >> order for pfn in range(zone.start, zone.end, 1 << order)]
        kinds = [zone.block_types.get(b, -1) for b in blocks if b not in self.uncounted]
        return free, tuple(kinds.count(number) for number in range(len(zone.rules.types)))


@dataclass(frozen=True, slots=True)
class Cell:
    """One count of a file beside the simulated one.

    ``unseen`` blocks are taken to be there besides the simulated ones, or to be gone where
    negative, because the files themselves show that.
    """

    what: str
    logged: int
    simulated: int
    unseen: int = 0

    @property
    def wrong(self) -> bool:
        """Whether the counts differ."""
        return self.logged != self.simulated + self.unseen


def check_snapshot(
    ledger: Ledger,
    windows: Sequence[Window],
    files: dict[str, tuple[str, str]],
    zones: list[Zone],
    reason: str = "",
    unsettled: Container[tuple[int, str]] = (),
) -> None:
    """Check the files, given as name -> (path, text), against the states of their windows.

    ``reason`` says why the states are not known, where they are not. In the zones that are
    ``unsettled``, by node and name, a count that differs proves nothing.
    """
    by_name = {} if reason else {(zone.nid, zone.name): zone for zone in zones}
    taken = _taken(windows, files, by_name)
    passed = _passed(windows, files, by_name)
    unseen = {key: _unseen(key, by_name[key], taken, passed) for key in {*taken, *passed}}
    for window in windows:
        if window.name in files:
            path, text = files[window.name]
            found = FILES[window.name](text)
            _check_file(ledger, window, path, found, by_name, unseen, unsettled)
    for row, blocks in taken.values():
        ledger.infer(
            "contiguous-allocation",
            f"node {row.nid} zone {row.zone}: {sum(blocks)} whole free blocks of a CMA area were "
            "taken, which logs nothing",
            f"line {row.line} lacks them, and no other count differs",
            Source(files["pagetypeinfo" if row.migratetype else "buddyinfo"][0], row.line),
        )
    for row, passing in passed.values():
        frees = sum(len(one.rows) for one in passing)
        ledger.infer(
            "per-cpu-lock-held",
            f"node {row.nid} zone {row.zone}: {frees} frees in interrupts had passed the per-cpu "
            "lists by, because their lock was held",
            f"their pages are all that line {row.line} and its neighbours show more",
            Source(files["pagetypeinfo"][0], row.line),
        )


def _unseen(
    key: tuple[int, str],
    zone: Zone,
    taken: Mapping[tuple[int, str], tuple[FreeRow, tuple[int, ...]]],
    passed: Mapping[tuple[int, str], tuple[FreeRow, list[Passing]]],
) -> Change:
    """Return what the files show of a zone that no line does."""
    found: Counter[tuple[int, int]] = Counter()
    cma = zone.rules.type_number(CMA)
    if key in taken and cma is not None:
        found.subtract({(order, cma): count for order, count in enumerate(taken[key][1])})
    for one in passed[key][1] if key in passed else ():
        found.update(one.change)
    return found


def _passed(
    windows: Iterable[Window],
    files: dict[str, tuple[str, str]],
    zones: dict[tuple[int, str], Zone],
) -> dict[tuple[int, str], tuple[FreeRow, list[Passing]]]:
    """Return, by zone, the frees that had passed per-cpu lists by, and the row that shows it.

    Both files must show it, so that a wrong count in one of them is none.
    """
    shown = {window.name: window for window in windows if window.name in files}
    found: dict[tuple[int, str], tuple[FreeRow, list[Passing]]] = {}
    if len(shown) < len(FILES) or not any(window.passing for window in shown.values()):
        return found
    rows = {name: FILES[name](files[name][1]) for name in shown}
    window, other = shown["pagetypeinfo"], shown["buddyinfo"]
    for key, zone in zones.items():
        own = [r for r in rows["pagetypeinfo"] if (r.nid, r.zone) == key and not r.blocks]
        passing = [one for one in window.passing if one.zone is zone]
        states = [state[id(zone)][0] for state in window.states]
        passed = explained(passing, states, own, zone.rules.types)
        totals = next((r for r in rows["buddyinfo"] if (r.nid, r.zone) == key), None)
        if passed and totals is not None and _agrees(totals, other, zone, passed):
            found[key] = own[0], passed
    return found


def _agrees(row: FreeRow, window: Window, zone: Zone, passed: list[Passing]) -> bool:
    """Return whether the row of buddyinfo too shows the frees, those of them that it can."""
    there = {one.rows for one in window.passing}
    change: Counter[tuple[int, int]] = Counter()
    for one in passed:
        if one.rows in there:
            change.update(one.change)
    return any(
        not any(cell.wrong for cell in _compare(row, state[id(zone)], zone, change))
        for state in window.states
    )


def _taken(
    windows: Iterable[Window],
    files: dict[str, tuple[str, str]],
    zones: dict[tuple[int, str], Zone],
) -> dict[tuple[int, str], tuple[FreeRow, tuple[int, ...]]]:
    """Return the CMA blocks by order that left a zone in silence, and the row that shows it.

    pagetypeinfo shows it, and buddyinfo where the former is not there.
    """
    shown = {window.name: window for window in windows if window.name in files}
    name = "pagetypeinfo" if "pagetypeinfo" in shown else "buddyinfo"
    found: dict[tuple[int, str], tuple[FreeRow, tuple[int, ...]]] = {}
    for row in FILES[name](files[name][1]) if name in shown else ():
        key = (row.nid, row.zone)
        zone = zones.get(key)
        cma = None if zone is None else zone.rules.type_number(CMA)
        if cma is None or row.blocks or row.migratetype not in (None, CMA):
            continue
        gone = silently_taken(row, (state[id(zone)][0] for state in shown[name].states), cma)
        if gone:
            found[key] = (row, gone)
    return found


def _check_file(
    ledger: Ledger,
    window: Window,
    path: str,
    rows: list[FreeRow],
    zones: dict[tuple[int, str], Zone],
    unseen: Mapping[tuple[int, str], Change],
    unsettled: Container[tuple[int, str]],
) -> None:
    position = 0
    for row in rows:
        zone = zones.get((row.nid, row.zone))
        if zone is None:
            shown = sum(1 for count in row.counts if count)
            if shown:
                ledger.unchecked(SNAPSHOT, UNKNOWN, shown)
            continue
        change = unseen.get((row.nid, row.zone), {})
        places = range(position, len(window.states))
        found = {p: _compare(row, window.states[p][id(zone)], zone, change) for p in places}
        best, cells = min(found.items(), key=lambda item: (_wrong(item[1]), item[0]))
        wrong = _wrong(cells)
        # only a row that agrees tells how far the reading of the file had come
        position = position if wrong else best
        if wrong and (row.nid, row.zone) in unsettled:
            ledger.unchecked(SNAPSHOT, RUN_CLAIMS, wrong)
            cells = [cell for cell in cells if not cell.wrong]
        _enter(ledger, row, path, cells)


def _wrong(cells: list[Cell]) -> int:
    return sum(cell.wrong for cell in cells)


def _compare(
    row: FreeRow, state: tuple[Counts, tuple[int, ...]], zone: Zone, change: Change
) -> list[Cell]:
    free, kinds = state
    names = zone.rules.types
    cells = []
    if row.blocks:
        shown = dict(zip(row.names, row.counts, strict=False))
        for number, name in enumerate(names):
            count = shown.get(name, 0)
            if count is not None:
                cells.append(Cell(f"{name} pageblocks", count, kinds[number]))
    elif row.migratetype is None or row.migratetype in names:
        own = range(len(names)) if row.migratetype is None else (names.index(row.migratetype),)
        for order, (count, types) in enumerate(zip(row.counts, free, strict=False)):
            if count is not None:
                unseen = sum(change.get((order, number), 0) for number in own)
                simulated = sum(types[number] for number in own)
                cells.append(Cell(f"order {order}", count, simulated, unseen))
    return [cell for cell in cells if cell.logged or cell.simulated]


def _enter(ledger: Ledger, row: FreeRow, path: str, cells: list[Cell]) -> None:
    wrong = [cell for cell in cells if cell.wrong]
    inferred = sum(bool(cell.unseen) and not cell.wrong for cell in cells)
    if inferred:
        ledger.inferred(SNAPSHOT, inferred)
    ledger.matched(SNAPSHOT, len(cells) - len(wrong) - inferred)
    if not wrong:
        return
    what = f" type {row.migratetype}" if row.migratetype else ""
    ledger.diverged(
        SNAPSHOT,
        "PA108",
        Source(path, row.line),
        f"node {row.nid} zone {row.zone}{what}",
        logged=", ".join(f"{cell.what}: {cell.logged}" for cell in wrong),
        simulated=", ".join(f"{cell.what}: {cell.simulated + cell.unseen}" for cell in wrong),
        count=len(wrong),
    )
