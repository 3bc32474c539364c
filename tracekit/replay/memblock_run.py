"""The run through a log: predict each allocation, compare each dump, go on with what was seen."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.mm.memblock import Config, Memblock
from tracekit.mm.memblock_search import round_up
from tracekit.mm.memblock_type import MEMBLOCK_HOTPLUG, MEMBLOCK_NOMAP, NUMA_NO_NODE
from tracekit.mm.ranges import Ranges, intersect, subtract
from tracekit.replay.memblock_dump import (
    adopt,
    adopt_nodes_and_flags,
    adopt_within,
    bytes_of,
    compare,
    differences,
    inconsistent_rows,
)
from tracekit.replay.memblock_log import Alloc, Change, Doubled, Dump, MemblockLog, Step
from tracekit.replay.memblock_machine import Machine
from tracekit.replay.memblock_moments import Moments
from tracekit.replay.memblock_outcome import Outcomes, Parting, span
from tracekit.replay.memblock_owner import Places, Purpose
from tracekit.replay.memblock_rules import Direction, final_limit, initial_limit, lowmem_is_mapped
from tracekit.replay.memblock_start import Start
from tracekit.replay.memblock_world import World, fits

NO_STATE = "memblock's lists are not known here"


@dataclass(slots=True)
class Run:
    """One replay of a log from one assumed start.

    ``known`` are reserved bytes of the start that other lines vouch for, ``known_ram`` the
    same for RAM. ``worlds`` are the states that are still possible, the likeliest first.
    """

    log: MemblockLog
    start: Start
    machine: Machine
    known: Ranges = field(default_factory=list)
    known_ram: Ranges = field(default_factory=list)
    flagged: list[tuple[int, int, int, int]] = field(default_factory=list)
    outcomes: Outcomes = field(default_factory=Outcomes)
    worlds: list[World] = field(default_factory=list)
    taken: list[tuple[int, int, Alloc]] = field(default_factory=list)
    loose: list[tuple[int, int]] = field(default_factory=list)
    nodes_set: bool = False
    dumps_seen: int = 0
    changes_seen: int = 0
    lowmem_mapped: bool = False
    places: Places = field(init=False)
    moments: Moments = field(default_factory=Moments)

    def __post_init__(self) -> None:
        self.places = Places(self.machine)

    def go(self) -> Run:
        """Run to the end; the results are in ``outcomes`` and ``worlds``."""
        self.flagged = flagged_rows(self.log)
        self.worlds = [World(self.start.build(self._config()))]
        self._flag_memory()
        direction = Direction(self.machine)
        for step in self.log.steps:
            self.moments.passing(step, self.memblock)
            self._limit(step)
            match step:
                case Alloc():
                    self._alloc(step, direction.of(step))
                case Change():
                    self._change(step)
                case Dump():
                    self._dump(step)
                case Doubled():
                    self._doubled(step)
            direction.passed(step)
            self.places.passed(step)
            self._count(step)
        return self

    def _count(self, step: Step) -> None:
        self.changes_seen += 1
        if any(after == self.changes_seen for *_, after in self.flagged):
            self._flag_memory()

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
        self._set_nodes(alloc, what)
        self._clear_hotplug(alloc)
        expected = [w.expects(alloc, what, self.machine, upwards) for w in self.worlds]
        fitting = [w for w, e in zip(self.worlds, expected, strict=True) if fits(alloc, e)]
        if fitting:
            self.worlds = fitting
            self.outcomes.matched("address")
            self._take(alloc)
        elif self._settle(alloc, what, upwards):
            self.outcomes.inferred("address")
            self._take(alloc)
        else:
            self._part(alloc, expected[0], what, upwards)

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
        if alloc.result is not None:
            self.taken.append((alloc.base, alloc.base + alloc.size, alloc))

    def _part(self, alloc: Alloc, expected: int, what: Purpose, upwards: bool) -> None:
        main = self.worlds[0]
        if alloc.result is None:
            self._no_result(alloc, expected, main)
            return
        asked = alloc.request.size if alloc.request is not None else alloc.size
        if asked != alloc.size and expected == alloc.base:
            self._other_size(alloc, asked, main)
            return
        if asked != alloc.size:
            # Another allocation's result: that of the request is missing.
            self._no_result(Alloc(alloc.request, None), expected, main)
            self._alloc(Alloc(None, alloc.result, alloc.base, alloc.size, alloc.followed), upwards)
            return
        freed = self._lost_free(alloc, what, main, upwards)
        if freed is not None:
            world, owner = freed
            self.worlds = [world]
            self._take(alloc)
            self._report_lost_free(alloc, expected, owner)
            return
        self._moved(alloc, expected, asked, main)

    def _no_result(self, alloc: Alloc, expected: int, main: World) -> None:
        assert alloc.request is not None
        request = alloc.request
        failed = main.branch("the request failed")
        main.memblock.reserve(expected, request.size)
        self.worlds = [main, failed]
        parting = Parting(
            "MB102",
            request.source,
            request.caller or request.request,
            "no reserve line follows",
            span(expected, expected + request.size),
            alternatives=("the reserve line is lost", "the kernel's request failed"),
        )
        self.outcomes.diverged("address", parting)

    def _other_size(self, alloc: Alloc, asked: int, main: World) -> None:
        assert alloc.result is not None
        as_logged = main.branch("the line is right")
        as_logged.take(alloc)
        main.memblock.reserve(alloc.base, asked)
        self.taken.append((alloc.base, alloc.base + asked, alloc))
        self.worlds = [main, as_logged]
        parting = Parting(
            "MB103",
            alloc.source,
            alloc.by,
            f"{span(alloc.base, alloc.base + alloc.size)}, {alloc.size} bytes",
            f"{span(alloc.base, alloc.base + asked)}, {asked} bytes",
            alternatives=("the line is wrong", "the kernel reserved another size than asked"),
        )
        self.outcomes.diverged("address", parting)

    def _moved(self, alloc: Alloc, expected: int, asked: int, main: World) -> None:
        as_predicted = main.branch("the line is wrong")
        if expected:
            as_predicted.memblock.reserve(expected, asked)
        self.worlds = [main, as_predicted]
        main.take(alloc)
        self.taken.append((alloc.base, alloc.base + alloc.size, alloc))
        simulated = span(expected, expected + asked) if expected else "no room"
        parting = Parting(
            "MB101",
            alloc.source,
            alloc.by,
            span(alloc.base, alloc.base + alloc.size),
            simulated,
            alternatives=self._why_moved(alloc, expected, asked, main),
        )
        self.outcomes.diverged("address", parting)

    def _why_moved(self, alloc: Alloc, expected: int, asked: int, main: World) -> tuple[str, ...]:
        reasons = ["the address in the line is wrong"]
        if expected > alloc.base:
            reasons.append(f"{span(expected, expected + asked)} was reserved without a line")
        if not main.memblock.memory.covers(alloc.base, alloc.size):
            reasons.append("RAM was added without a line")
        return tuple(reasons)

    # -- frees that were not logged -------------------------------------------------------

    def _lost_free(
        self, alloc: Alloc, what: Purpose, main: World, upwards: bool
    ) -> tuple[World, tuple[int, int, Alloc]] | None:
        end = alloc.base + alloc.size
        for owner in reversed(self.taken):
            if not (owner[0] < end and alloc.base < owner[1]):
                continue
            for start, stop in self._freed_parts(alloc, what, owner):
                world = main.branch("an earlier free is missing from the log")
                world.memblock.free(start, stop - start)
                if fits(alloc, world.expects(alloc, what, self.machine, upwards)):
                    self.loose.append((owner[0], owner[1]))
                    return world, owner
        return None

    def _freed_parts(
        self, alloc: Alloc, what: Purpose, owner: tuple[int, int, Alloc]
    ) -> list[tuple[int, int]]:
        """What may have been freed of an earlier allocation: all of it, its head, its tail."""
        start, end, _ = owner
        align = alloc.request.align if alloc.request is not None else what.align
        top = round_up(alloc.base + alloc.size, align or self.machine.smp_cache_bytes)
        return [(start, end), (start, min(top, end)), (max(alloc.base, start), end)]

    def _report_lost_free(
        self, alloc: Alloc, expected: int, owner: tuple[int, int, Alloc]
    ) -> None:
        start, end, first = owner
        parting = Parting(
            "MB104",
            alloc.source,
            alloc.by,
            f"{span(alloc.base, alloc.base + alloc.size)}, reserved since line "
            f"{first.source.line} for {first.by}",
            span(expected, expected + alloc.size) if expected else "no room",
            explanation=f"The address is right if {span(start, end)} had been freed before, "
            "and no line says so.",
            alternatives=("the line of a free is lost", "memory was freed without a line"),
            related=(first.source,),
        )
        self.outcomes.diverged("address", parting)

    # -- changes, dumps, doubling ---------------------------------------------------------

    def _change(self, change: Change) -> None:
        if change.kind == "free":
            self._free(change)
        for world in self.worlds:
            world.change(change)
        if change.kind == "free":
            self._forget(change.base, change.base + change.size)
        if change.kind == "add":
            self._flag_memory()

    def _free(self, change: Change) -> None:
        if not self.memblock.memory:
            self.outcomes.unchecked("free", NO_STATE)
            return
        span_ok = [w for w in self.worlds if self._covers(w, change)]
        if span_ok and not self._covers(self.worlds[0], change):
            self.worlds = span_ok
        if span_ok:
            self.outcomes.matched("free")
            return
        end = change.base + change.size
        held = intersect(bytes_of(self.memblock.reserved), [(change.base, end)])
        parting = Parting(
            "MB105",
            change.source,
            change.call.by,
            span(change.base, end),
            "reserved of it: " + (", ".join(span(*part) for part in held) or "nothing"),
        )
        self.outcomes.diverged("free", parting)

    def _covers(self, world: World, change: Change) -> bool:
        return world.memblock.reserved.covers(change.base, change.size)

    def _forget(self, start: int, end: int) -> None:
        kept: list[tuple[int, int, Alloc]] = []
        for low, high, alloc in self.taken:
            kept += [(a, b, alloc) for a, b in subtract([(low, high)], [(start, end)])]
        self.taken = kept

    def _dump(self, dump: Dump) -> None:
        self.dumps_seen += 1
        kind = "first_dump" if self.dumps_seen == 1 else "dump"
        if self.dumps_seen == 1:
            self._before_first_dump()
        for world in self.worlds:
            adopt_within(dump, world.memblock, self.loose)
        counts = [differences(dump, world.memblock) for world in self.worlds]
        best = min(range(len(counts)), key=lambda index: (counts[index], index))
        self.worlds.insert(0, self.worlds.pop(best))
        if not self.memblock.memory and kind == "first_dump":
            for _ in dump.of("memory") + dump.of("reserved"):
                self.outcomes.inferred(kind)
        else:
            self._rows(dump, kind)
        self._go_on_from(dump, counts[best])

    def _rows(self, dump: Dump, kind: str) -> None:
        for which, known in ((self.memblock.memory, self.known_ram),
                             (self.memblock.reserved, self.known)):
            assumed = self.start.memory if which is self.memblock.memory else self.start.pieces
            unknown = subtract(assumed, known) if kind == "first_dump" else []
            checks, missing = compare(dump, which.name, bytes_of(which))
            wrong = dict(self._bad_rows(dump))
            for check in checks:
                row = check.row
                end = row.base + row.size
                if not check.agrees or row.source.line in wrong:
                    self.outcomes.diverged(kind, self._row_parting(check, wrong))
                elif intersect(unknown, [(row.base, end)]):
                    self.outcomes.inferred(kind)
                else:
                    self.outcomes.matched(kind)
            for gap in missing:
                self.outcomes.diverged(kind, self._missing_row(dump, which.name, gap))

    def _bad_rows(self, dump: Dump) -> list[tuple[int, str]]:
        return [(row.source.line, why) for row, why in inconsistent_rows(dump)]

    def _row_parting(self, check, wrong) -> Parting:  # type: ignore[no-untyped-def]
        row = check.row
        end = row.base + row.size
        expected = subtract([(row.base, end), *check.missing], check.extra)
        text = " and ".join(span(*part) for part in expected) or "nothing there"
        return Parting(
            "MB106",
            row.source,
            f"{row.list} row",
            span(row.base, end),
            wrong.get(row.source.line, text),
        )

    def _missing_row(self, dump: Dump, name: str, gap: tuple[int, int]) -> Parting:
        return Parting("MB107", dump.source, f"{name} row", "no row", span(*gap))

    def _go_on_from(self, dump: Dump, differing: int) -> None:
        if not differing:
            self.worlds = self.worlds[:1]
            adopt_nodes_and_flags(dump, self.memblock)
            return
        doubting = self.worlds[0].branch("the dump is wrong")
        adopt_nodes_and_flags(dump, doubting.memblock)
        adopt(dump, self.memblock)
        self.worlds = [self.worlds[0], doubting]

    def _doubled(self, step: Doubled) -> None:
        event = step.event
        page = self.machine.page_size
        size = (event.bound - event.base + page) // page * page
        for world in self.worlds:
            expected = world.memblock.find_in_range(0, world.memblock.current_limit, size, page)
            if expected == event.base:
                self.outcomes.matched("address")
                return
        self.outcomes.unchecked("address", "the range that a region array had to avoid is unsure")

    # -- what prints nothing --------------------------------------------------------------

    def _config(self) -> Config:
        movable = self.machine.kernel.option("movable_node") is not None
        return Config(
            page_size=self.machine.page_size,
            movable_node=movable,
            kernel_end=self._kernel_end() if movable else None,
            smp_cache_bytes=self.machine.smp_cache_bytes,
        )

    def _kernel_end(self) -> int | None:
        """End of the kernel image: x86 reserves its brk area right behind it (reserve_brk)."""
        if not self.machine.kernel.has("memblock_up_from_kernel"):
            return None
        brk = [c for c in self.log.changes if c.kind == "reserve" and c.call.by == "setup_arch"]
        return brk[0].base if brk else None

    def _limit(self, step: Step) -> None:
        if not isinstance(step, Alloc):
            return
        for world in self.worlds:
            memblock = world.memblock
            rule = final_limit if self.lowmem_mapped else initial_limit
            memblock.current_limit = rule(memblock, self.machine)
        if lowmem_is_mapped(step, self.machine):
            self.lowmem_mapped = True

    def _set_nodes(self, alloc: Alloc, what: Purpose) -> None:
        if self.nodes_set or not self._names_a_node(alloc, what):
            return
        self.nodes_set = True
        for world in self.worlds:
            memory = world.memblock.memory
            for node in self.machine.nodes:
                world.memblock.set_node(node.start, node.end - node.start, memory, node.nid)

    def _names_a_node(self, alloc: Alloc, what: Purpose) -> bool:
        if alloc.request is not None:
            return alloc.request.nid not in (None, NUMA_NO_NODE)
        return what.nid != NUMA_NO_NODE

    def _clear_hotplug(self, alloc: Alloc) -> None:
        """numa_init() and numa_memblks_init() begin by making all RAM ordinary again."""
        if self.start.hotplug and (self.nodes_set or alloc.by.startswith(("numa_", "of_numa_"))):
            for world in self.worlds:
                world.memblock.clear_hotplug(0, world.memblock.phys_addr_max)

    def _flag_memory(self) -> None:
        for world in self.worlds:
            for start, end, flags, after in self.flagged:
                if after <= self.changes_seen:
                    world.memblock.mark_memory(start, end - start, flags)
            if not self.nodes_set:
                for start, end in self.start.hotplug:
                    world.memblock.mark_hotplug(start, end - start)

    def _before_first_dump(self) -> None:
        """What set-up code does to the lists without a line, right before it dumps them.

        e820__memblock_setup() trims RAM to whole pages; powerpc's early_init_devtree() enforces
        a limit even where none was given, which drops reservations above the end of RAM.
        """
        page = self.machine.page_size
        trims = self.machine.is_x86 and self.machine.kernel.has("memblock_trim", default=True)
        for world in self.worlds:
            memblock = world.memblock
            if trims:
                memblock.trim_memory(page)
            if self.machine.arch in ("ppc64", "ppc32"):
                memblock.enforce_memory_limit(round_up(memblock.memory.total_size, page))


def flagged_rows(log: MemblockLog) -> list[tuple[int, int, int, int]]:
    """RAM that a dump shows with flags: (start, end, flags, steps before it is marked).

    Nothing prints when a flag is set. What early code must not touch (NOMAP, HOTPLUG) is
    marked as soon as it is known: with its own reservation where there is one, else before.
    """
    lasting = MEMBLOCK_NOMAP | MEMBLOCK_HOTPLUG
    found: list[tuple[int, int, int, int]] = []
    for dump in log.dumps:
        for row in dump.of("memory"):
            flags = (row.flags or 0) & lasting
            if flags:
                end = row.base + row.size
                found.append((row.base, end, flags, _reserved_at(log, row.base, end)))
    return found


def _reserved_at(log: MemblockLog, start: int, end: int) -> int:
    for index, step in enumerate(log.steps):
        reserves = isinstance(step, Alloc) or (isinstance(step, Change) and step.kind == "reserve")
        if reserves and step.base == start and step.base + step.size <= end:
            return index + 1
    return 0
