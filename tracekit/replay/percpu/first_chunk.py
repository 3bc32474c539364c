"""Replay of percpu's first chunk: sizes, units and groups predicted from the static size.

The static size is a fact of the image; everything else follows from the architecture, the
configuration and the CPUs. Where no kconfig is at hand, a build that only its sizes betray is
an inference, and the line that shows it counts as inferred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tracekit.boot import Boot
from tracekit.events import percpu_setup
from tracekit.events.base import Event
from tracekit.events.percpu_setup import (
    PcpuAllocMap,
    PcpuAllocSizes,
    PercpuEmbedded,
    PercpuPaged,
    PercpuWasting,
)
from tracekit.kernel.arch import facts
from tracekit.mm.percpu_first_chunk import (
    AllocInfo,
    Request,
    build_alloc_info,
    fixed_unit_info,
    page_alloc_info,
    single_unit_info,
)
from tracekit.mm.percpu_request import (
    USUAL,
    Build,
    atom_sizes,
    builds,
    dynamic_reserve,
    dynamic_size,
    early_least,
    reserved_size,
)
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger
from tracekit.replay.mm_init.setting import possible_cpus
from tracekit.replay.percpu.fallback import report_fallback
from tracekit.replay.percpu.given_back import agrees, given_back
from tracekit.replay.percpu.groups import find_groups

KIND = "first_chunk"
NO_ARCH = "the architecture is not known"
NO_CPUS = "the number of CPUs is not in the log"

IA64_UNIT = 256 << 10

Sizes = tuple[int, ...]


def run(context: Context) -> None:
    """Check every line of the first chunk."""
    boot = context.boot
    lines = boot.of(PercpuEmbedded) + boot.of(PercpuPaged) + boot.of(PcpuAllocSizes)
    maps = boot.of(PcpuAllocMap)
    if not lines and not maps:
        return
    ledger = context.ledger("percpu")
    module = percpu_setup.__name__
    ledger.events += sum(type(event).__module__ == module for event in boot.events)
    FirstChunk(boot, ledger).run()
    report_fallback(boot, ledger)


@dataclass(slots=True)
class FirstChunk:
    """Checks the first chunk of one boot."""

    boot: Boot
    ledger: Ledger
    from_map: bool = False
    to_infer: bool = False

    def run(self) -> None:
        """Predict from the first line's static size and compare all lines."""
        arch = facts(self.boot.kernel.arch)
        lines = self._lines()
        maps = self.boot.of(PcpuAllocMap)
        if arch is None:
            self.ledger.unchecked(KIND, NO_ARCH, len(lines) + bool(maps))
            return
        groups = find_groups(self.boot, maps)
        self.from_map = groups.from_map
        statics = dict.fromkeys(getattr(line, "static", 0) for line in lines)
        candidates = [c for s in statics or (0,) for c in self._candidates(s, groups.cpus)]
        chosen = self._choose(candidates, lines)
        for line in lines:
            self._line(line, chosen)
        self._maps(maps, chosen)

    def _lines(self) -> list[Event]:
        kinds = PercpuEmbedded | PercpuPaged | PcpuAllocSizes | PercpuWasting
        return [event for event in self.boot.events if isinstance(event, kinds)]

    # -- prediction -----------------------------------------------------------------------

    def _has(self, name: str) -> bool:
        return self.boot.kernel.has(name, default=True)

    def _has_dynamic(self, build: Build) -> Callable[[str], bool]:
        return lambda name: (name == "pcpu_dynamic_28k" and build.backported) or self._has(name)

    def _candidates(
        self, static: int, groups: Sequence[Sequence[int]]
    ) -> Iterator[tuple[AllocInfo, Build, int]]:
        """Yield layouts with their builds, the likeliest first, and how unusual each is."""
        kernel = self.boot.kernel
        arch = facts(kernel.arch)
        assert arch is not None
        page = kernel.page_size or arch.page_sizes[0]
        known = self._configured()
        for step, build in enumerate([known] if known else builds()):
            if arch.name == "ia64":
                yield (
                    fixed_unit_info(static, build.module_reserve, IA64_UNIT, page, groups),
                    build,
                    step,
                )
            if not static and not groups[1:]:
                yield single_unit_info(dynamic_reserve(arch.bits, self._has, build)), build, step
            has = self._has_dynamic(build)
            reserved = reserved_size(arch.name, build)
            if self.boot.of(PercpuPaged):
                dyn = early_least(has, build)
                request = Request(static, reserved, dyn, page, page, self._least_unit())
                yield page_alloc_info(request, sorted(c for g in groups for c in g)), build, step
                continue
            dyn = dynamic_size(arch.name, arch.bits, has, build)
            for atom in atom_sizes(arch.name, page, page // 8 * page, self._has):
                yield (
                    build_alloc_info(
                        Request(static, reserved, dyn, atom, page, self._least_unit()), groups
                    ),
                    build,
                    step,
                )

    def _configured(self) -> Build | None:
        config = self.boot.kernel.evidence.config
        if not config:
            return None
        random = config.get("CONFIG_RANDOM_KMALLOC_CACHES") == "y"
        profiled = config.get("CONFIG_MEM_ALLOC_PROFILING") == "y"
        return Build(config.get("CONFIG_MODULES") == "y", profiled, 12 if random else 10)

    def _choose(
        self, candidates: Sequence[tuple[AllocInfo, Build, int]], lines: Sequence[Event]
    ) -> AllocInfo:
        """Return the layout that most lines agree with, the likelier one in a tie."""
        frees = given_back(self.boot, self._page())
        borne_out = [candidate for candidate in candidates if agrees(candidate[0], frees)]
        expected = (USUAL, self._configured())
        if borne_out and not any(build in expected for _, build, _ in borne_out):
            info, build, _ = self._best(borne_out, lines)
            why = "what was freed behind each unit, before the sizes are printed, fits that"
            self.ledger.infer("percpu_build", str(build), why, frees[0][0].source)
            return info
        best = self._best(candidates, lines)
        usual = self._best([c for c in candidates if c[1] in expected], lines)
        score, usual_score = self._score(best[0], lines), self._score(usual[0], lines)
        info, build, _ = best if score > usual_score else usual
        if build not in expected:
            self.to_infer = True
            why = f"{score} lines fit that, {usual_score} fit the usual build"
            self.ledger.infer("percpu_build", str(build), why, lines[0].source)
        return info

    def _best(
        self, candidates: Sequence[tuple[AllocInfo, Build, int]], lines: Sequence[Event]
    ) -> tuple[AllocInfo, Build, int]:
        return max(candidates, key=lambda candidate: self._score(candidate[0], lines))

    def _score(self, info: AllocInfo, lines: Sequence[Event]) -> int:
        return sum(
            _shown(line) == _expected(line, info, self._page(), info.static) for line in lines
        )

    def _least_unit(self) -> int:
        return (32 if self._has("pcpu_min_unit_32k") else 64) << 10

    def _page(self) -> int:
        arch = facts(self.boot.kernel.arch)
        return self.boot.kernel.page_size or (arch.page_sizes[0] if arch else 4096)

    # -- comparison -----------------------------------------------------------------------

    def _line(self, line: Event, info: AllocInfo) -> None:
        shown, wanted = _shown(line), _expected(line, info, self._page(), info.static)
        if shown == wanted:
            if self.to_infer:
                # The first line that shows the build is its evidence; the others bear it out.
                self.to_infer = False
                self.ledger.inferred(KIND)
            else:
                self.ledger.matched(KIND)
            return
        self.ledger.diverged(
            KIND,
            "PC201",
            line.source,
            "percpu first chunk",
            logged=_words(line, shown),
            simulated=_words(line, wanted),
        )

    def _maps(self, maps: Sequence[PcpuAllocMap], info: AllocInfo) -> None:
        """Compare the unit map, which may take several lines, allocation by allocation."""
        wanted = _allocations(info)
        for line in maps:
            expected, wanted = wanted[: len(line.allocs)], wanted[len(line.allocs) :]
            known = possible_cpus(self.boot)
            cpus = [cpu for _, units in line.allocs for cpu in units if cpu is not None]
            if tuple(expected) != line.allocs or any(known and cpu >= known for cpu in cpus):
                self.ledger.diverged(
                    KIND,
                    "PC202",
                    line.source,
                    "percpu unit map",
                    logged=_map_words(line.allocs),
                    simulated=_map_words(tuple(expected)),
                )
            elif len(info.groups) > 1 and self.from_map:
                # Which CPUs are near each other was read from this very map.
                self.ledger.inferred(KIND)
            else:
                self.ledger.matched(KIND)


def _shown(line: Event) -> Sizes:
    match line:
        case PercpuEmbedded():
            return line.pages, line.static, line.reserved, line.dyn, line.unit
        case PercpuPaged():
            return line.pages, line.page_kib, line.static, line.reserved, line.dyn
        case PcpuAllocSizes():
            return line.static, line.reserved, line.dyn, line.unit, line.allocs, line.atom
        case PercpuWasting():
            return (line.pages,)
    raise TypeError(type(line).__name__)


def _expected(line: Event, info: AllocInfo, page: int, static: int) -> Sizes:
    match line:
        case PercpuEmbedded():
            return info.size_sum // page, static, info.reserved, info.dyn, info.unit
        case PercpuPaged():
            return info.unit // page, page // 1024, static, info.reserved, info.dyn
        case PcpuAllocSizes():
            allocs = info.alloc // info.atom
            return static, info.reserved, info.dyn, info.unit, allocs, info.atom
        case PercpuWasting():
            units = sum(cpu is None for group in info.groups for cpu in group)
            return (units * info.unit // page,)
    raise TypeError(type(line).__name__)


def _words(line: Event, sizes: Sizes) -> str:
    forms = {
        PercpuEmbedded: "{} pages/cpu s{} r{} d{} u{}",
        PercpuPaged: "{} {}K pages/cpu s{} r{} d{}",
        PcpuAllocSizes: "s{} r{} d{} u{} alloc={}*{}",
        PercpuWasting: "{} pages per chunk",
    }
    return forms[type(line)].format(*sizes)


def _allocations(info: AllocInfo) -> list[tuple[int, tuple[int | None, ...]]]:
    upa = info.units_per_alloc
    return [
        (number, group[start : start + upa])
        for number, group in enumerate(info.groups)
        for start in range(0, len(group), upa)
    ]


def _map_words(allocs: Sequence[tuple[int, tuple[int | None, ...]]]) -> str:
    return " ".join(
        f"[{group}] " + " ".join("-" if cpu is None else str(cpu) for cpu in cpus)
        for group, cpus in allocs
    )
