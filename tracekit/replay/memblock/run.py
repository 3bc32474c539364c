"""The run through a log: predict each allocation, compare each dump, go on with what was seen."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.mm.memblock import Memblock
from tracekit.mm.memblock_search import round_down, round_up
from tracekit.mm.ranges import Ranges, intersect, subtract
from tracekit.replay.memblock import partings
from tracekit.replay.memblock.dump import (
    adopt,
    adopt_nodes_and_flags,
    adopt_within,
    bytes_of,
    compare,
    differences,
    inconsistent_rows,
)
from tracekit.replay.memblock.dumps_apart import NO_CALLS
from tracekit.replay.memblock.log import Alloc, Change, Doubled, Dump, MemblockLog, Other
from tracekit.replay.memblock.machine import Machine
from tracekit.replay.memblock.moments import Moments
from tracekit.replay.memblock.outcome import Outcomes
from tracekit.replay.memblock.owner import Places, Purpose
from tracekit.replay.memblock.rules import Direction
from tracekit.replay.memblock.silent import Silent
from tracekit.replay.memblock.start import Start
from tracekit.replay.memblock.unlogged import unlogged_changes
from tracekit.replay.memblock.world import World, fits

NO_STATE = "memblock's lists are not known here"
ARRAY_UNSURE = "the range that the new region array had to avoid is not known"

# Callers that free whole pages, more than was reserved (init/initramfs.c: free_initrd_mem).
FREE_WHOLE_PAGES = ("free_initrd_mem", "free_reserved_area")

# So many results ahead are looked at to tell a wrong line from a lost one.
OUTLOOK = 8

Owner = tuple[int, int, Alloc]


@dataclass(slots=True)
class Run:
    """One replay of a log from one assumed start.

    ``known`` are reserved bytes of the start that other lines vouch for, ``known_ram`` the
    same for RAM. ``unseen`` lets a change without a line explain the results behind the one
    that it displaced first. ``worlds`` are the states that are still possible, the likeliest
    first; ``loose`` are allocations whose free left no line.
    """

    log: MemblockLog
    start: Start
    machine: Machine
    known: Ranges = field(default_factory=list)
    known_ram: Ranges = field(default_factory=list)
    unseen: bool = False
    outcomes: Outcomes = field(default_factory=Outcomes)
    worlds: list[World] = field(default_factory=list)
    loose: list[tuple[int, int]] = field(default_factory=list)
    dumps_seen: int = 0
    position: int = 0
    places: Places = field(init=False)
    silent: Silent = field(init=False)
    moments: Moments = field(default_factory=Moments)

    def __post_init__(self) -> None:
        self.places = Places(self.machine)
        self.silent = Silent(self.log, self.start, self.machine)

    def go(self) -> Run:
        """Run to the end; the results are in ``outcomes`` and ``worlds``."""
        self.worlds = [World(self.silent.begin())]
        direction = Direction(self.machine)
        for position, step in enumerate(self.log.steps):
            self.position = position
            match step:
                case Alloc():
                    self._alloc(step, direction.of(step))
                case Change():
                    self._change(step)
                case Dump():
                    self._dump(step)
                case Doubled():
                    self._doubled(step)
                case Other():
                    self.moments.passing(step.event, self.memblock)
            direction.passed(step)
            self.places.passed(step)
            self.silent.after(step, self.worlds)
        return self

    @property
    def memblock(self) -> Memblock:
        """The likeliest state."""
        return self.worlds[0].memblock

    # -- allocations ----------------------------------------------------------------------

    def _alloc(self, alloc: Alloc, upwards: bool) -> None:
        if not self.memblock.memory:
            self.outcomes.unchecked("address", NO_STATE)
            self._take(alloc)
            return
        what = self.places.purpose(alloc)
        self.silent.before_alloc(alloc, what, self.worlds)
        machine = self.machine
        fitting = [w for w in self.worlds if fits(alloc, w.expects(alloc, what, machine, upwards))]
        if fitting:
            self.worlds = fitting
            self.outcomes.matched("address")
            self._take(alloc)
        elif self._settle(alloc, what, upwards):
            self.outcomes.inferred("address")
            self._take(alloc)
        else:
            expected = self.worlds[0].expects(alloc, what, machine, upwards)
            self._part(alloc, expected, what, upwards)

    def _settle(self, alloc: Alloc, what: Purpose, upwards: bool) -> bool:
        """Find out how far a free went whose line is known to be missing.

        The divergence reported it with the whole of the earlier allocation; a later result
        may show that only a part of that was freed.
        """
        for start, end in self.loose:
            world = self.worlds[0].branch("only a part was freed")
            world.memblock.reserve(start, end - start)
            if fits(alloc, world.expects(alloc, what, self.machine, upwards)):
                self.worlds = [world]
                return True
        return False

    def _take(self, alloc: Alloc) -> None:
        for world in self.worlds:
            world.take(alloc)

    def _part(self, alloc: Alloc, expected: int, what: Purpose, upwards: bool) -> None:
        asked = alloc.request.size if alloc.request is not None else alloc.size
        if alloc.result is None:
            self._no_result(alloc, expected)
        elif asked != alloc.size and expected == alloc.base:
            self._other_size(alloc, asked)
        elif asked != alloc.size:
            # Another allocation's result: that of the request is missing.
            self._no_result(Alloc(alloc.request, None), expected)
            self._alloc(Alloc(None, alloc.result, alloc.base, alloc.size, alloc.followed), upwards)
        else:
            owner = self._lost_free(alloc, what, upwards)
            if owner is None:
                self._moved(alloc, expected, what, upwards)
            else:
                parting = partings.free_missing(alloc, expected, owner)
                self.outcomes.diverged("address", parting)
                self._take(alloc)

    def _no_result(self, alloc: Alloc, expected: int) -> None:
        assert alloc.request is not None
        main = self.worlds[0]
        failed = main.branch("the request failed")
        main.memblock.reserve(expected, alloc.request.size)
        self.worlds = [main, failed]
        self.outcomes.diverged("address", partings.no_result(alloc, expected))

    def _other_size(self, alloc: Alloc, asked: int) -> None:
        main = self.worlds[0]
        as_logged = main.branch("the line is right")
        as_logged.take(alloc)
        main.memblock.reserve(alloc.base, asked)
        self.worlds = [main, as_logged]
        self.outcomes.diverged("address", partings.other_size(alloc, asked))

    def _moved(self, alloc: Alloc, expected: int, what: Purpose, upwards: bool) -> None:
        main = self.worlds[0]
        asked = alloc.request.size if alloc.request is not None else alloc.size
        unseen = self._unseen(alloc, what, upwards)
        covered = main.memblock.memory.covers(alloc.base, alloc.size)
        as_predicted = main.branch("the line is wrong")
        main.take(alloc)
        self.worlds = [main, *unseen]
        if expected:
            as_predicted.memblock.reserve(expected, asked)
            self.worlds = [as_predicted, main, *unseen]
        self.outcomes.diverged("address", partings.moved(alloc, expected, asked, covered))

    def _unseen(self, alloc: Alloc, what: Purpose, upwards: bool) -> list[World]:
        if not self.unseen:
            return []

        def expects(world: World) -> int:
            return world.expects(alloc, what, self.machine, upwards)

        worlds = unlogged_changes(self.worlds[0], alloc, expects)
        for world in worlds:
            world.take(alloc)
        return worlds

    def _lost_free(self, alloc: Alloc, what: Purpose, upwards: bool) -> Owner | None:
        """The earlier allocation whose free explains the result, freed in a world of its own."""
        for owner in self._holders(alloc.base, alloc.base + alloc.size):
            for start, stop in self._freed_parts(alloc, what, owner):
                world = self.worlds[0].branch("an earlier free is missing from the log")
                world.memblock.free(start, stop - start)
                if not fits(alloc, world.expects(alloc, what, self.machine, upwards)):
                    continue
                known = [(owner[0], owner[1]), *self._percpu_tail(alloc, owner)]
                if self._is_lost_free(alloc, what, world, upwards, (start, stop) in known):
                    self.loose.append((owner[0], owner[1]))
                    self.worlds = [world]
                    return owner
        return None

    def _holders(self, start: int, end: int) -> list[Owner]:
        """Earlier allocations in [start, end) that no line has freed, the latest first."""
        holders: list[Owner] = []
        freed: Ranges = []
        for step in reversed(self.log.steps[: self.position]):
            if isinstance(step, Change) and step.kind == "free":
                freed.append((step.base, step.base + step.size))
            if isinstance(step, Alloc) and step.base < end and start < step.base + step.size:
                held = subtract([(step.base, step.base + step.size)], freed)
                holders += [(a, b, step) for a, b in held if a < end and start < b]
        return holders

    def _is_lost_free(
        self, alloc: Alloc, what: Purpose, freed: World, upwards: bool, known: bool
    ) -> bool:
        """Whether a lost free explains the next results better than a wrong line does.

        Without any difference a free of a ``known`` extent is believed (all that the owner held,
        or what its code gives back); one of any part would explain any address in it.
        """
        main = self.worlds[0]
        expected = main.expects(alloc, what, self.machine, upwards)
        if not expected:
            return True
        wrong, freed = main.branch("the line is wrong"), freed.branch(freed.why)
        wrong.memblock.reserve(expected, alloc.size)
        freed.take(alloc)
        without, with_it = self._outlook(wrong, upwards), self._outlook(freed, upwards)
        return with_it > without or (known and with_it == without)

    def _outlook(self, world: World, upwards: bool) -> int:
        """How many of the next results this world predicts before the first that it does not."""
        right = 0
        for step in self.log.steps[self.position + 1 :]:
            if isinstance(step, Dump) or right == OUTLOOK:
                return right
            if isinstance(step, Change):
                world.change(step)
            if isinstance(step, Alloc):
                what = self.places.purpose(step)
                if not fits(step, world.expects(step, what, self.machine, upwards)):
                    return right
                world.take(step)
                right += 1
        return right

    def _freed_parts(self, alloc: Alloc, what: Purpose, owner: Owner) -> list[tuple[int, int]]:
        """What may have been freed of an earlier allocation: all of it, its head, its tail."""
        start, end, _ = owner
        align = alloc.request.align if alloc.request is not None else what.align
        top = round_up(alloc.base + alloc.size, align or self.machine.smp_cache_bytes)
        parts = [(start, end), (start, min(top, end)), (max(alloc.base, start), end)]
        return [*self._percpu_tail(alloc, owner), *parts]

    def _percpu_tail(self, alloc: Alloc, owner: Owner) -> list[tuple[int, int]]:
        """What pcpu_embed_first_chunk() gives back of the unit in which the result lies."""
        start, end, first = owner
        if self.machine.percpu_unit is None or not first.by.startswith("pcpu_"):
            return []
        used, unit = self.machine.percpu_unit
        begin = start + (alloc.base - start) // unit * unit
        return [(begin + used, begin + unit)] if used < unit and begin + unit <= end else []

    # -- other changes --------------------------------------------------------------------

    def _change(self, change: Change) -> None:
        if change.kind == "free":
            self._free(change)
        for world in self.worlds:
            world.change(change)

    def _free(self, change: Change) -> None:
        if not self.memblock.memory:
            self.outcomes.unchecked("free", NO_STATE)
            return
        holding = [world for world in self.worlds if self._holds(world, change)]
        if holding:
            self.worlds = holding
            self.outcomes.matched("free")
            return
        freed = [(change.base, change.base + change.size)]
        held = intersect(bytes_of(self.memblock.reserved), freed)
        self.outcomes.diverged("free", partings.free_not_reserved(change, held))

    def _holds(self, world: World, change: Change) -> bool:
        start, end = change.base, change.base + change.size
        if world.memblock.reserved.covers(start, change.size):
            return True
        if change.call.by not in FREE_WHOLE_PAGES:
            return False
        page = self.machine.page_size
        near = world.memblock.reserved.overlapping(start, change.size)
        whole = [(round_down(r.base, page), round_up(r.end, page)) for r in near]
        return not subtract([(start, end)], whole)

    def _doubled(self, step: Doubled) -> None:
        event, page = step.event, self.machine.page_size
        size = round_up(event.bound - event.base + 1, page)
        for world in self.worlds:
            limit = world.memblock.current_limit
            if world.memblock.find_in_range(0, limit, size, page) == event.base:
                self.outcomes.matched("address")
                return
        self.outcomes.unchecked("address", ARRAY_UNSURE)

    # -- dumps ----------------------------------------------------------------------------

    def _dump(self, dump: Dump) -> None:
        self.dumps_seen += 1
        if self.dumps_seen > 1 and self.log.dumps_only:
            for _ in dump.rows:
                self.outcomes.unchecked("dump", NO_CALLS)
            adopt(dump, self.memblock)
            return
        kind = "first_dump" if self.dumps_seen == 1 else "dump"
        if self.dumps_seen == 1:
            self.silent.before_first_dump(self.worlds)
        for world in self.worlds:
            adopt_within(dump, world.memblock, self.loose)
        counts = [differences(dump, world.memblock) for world in self.worlds]
        best = counts.index(min(counts))
        self.worlds.insert(0, self.worlds.pop(best))
        wrong = {row.source.line: why for row, why in inconsistent_rows(dump)}
        self._rows(dump, kind, "memory", wrong)
        self._rows(dump, kind, "reserved", wrong)
        self._go_on_from(dump, counts[best])

    def _rows(self, dump: Dump, kind: str, name: str, wrong: dict[int, str]) -> None:
        memory = name == "memory"
        which = self.memblock.memory if memory else self.memblock.reserved
        unknown = self._unknown(memory) if kind == "first_dump" else []
        checks, missing = compare(dump, name, bytes_of(which))
        for check in checks:
            row = check.row
            if not check.agrees or row.source.line in wrong:
                self.outcomes.diverged(kind, partings.row_differs(check, wrong))
            elif intersect(unknown, [(row.base, row.base + row.size)]):
                self.outcomes.inferred(kind)
            else:
                self.outcomes.matched(kind)
        for gap in missing:
            self.outcomes.diverged(kind, partings.row_missing(dump, name, gap))

    def _unknown(self, memory: bool) -> Ranges:
        """What of the start nothing but the first dump vouches for."""
        if memory:
            return subtract(self.start.memory, self.known_ram)
        return subtract(self.start.pieces, self.known)

    def _go_on_from(self, dump: Dump, differing: int) -> None:
        if not differing:
            self.worlds = self.worlds[:1]
            adopt_nodes_and_flags(dump, self.memblock)
            return
        adopting, doubting = self.worlds[0], self.worlds[0].branch("the dump is wrong")
        adopt_nodes_and_flags(dump, doubting.memblock)
        adopt(dump, adopting.memblock)
        self.worlds = [doubting, adopting]
