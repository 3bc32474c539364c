"""One side of a comparison: a boot with what was found of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tracekit.boot import Boot, load
from tracekit.events.boot import CpusUp, LinuxVersion, MachineModel
from tracekit.events.mm_init import MemoryLine
from tracekit.events.percpu_setup import SetupPercpu
from tracekit.replay.boot import Replay, replay
from tracekit.replay.budget.build import build_budget
from tracekit.replay.budget.callers import owners, with_owners
from tracekit.replay.budget.coarse import coarse_budget
from tracekit.replay.budget.tree import Budget
from tracekit.replay.memblock.regions import History, Piece


@dataclass
class Side:
    """A loaded and replayed boot with its memory budget (None where the log has no sizes)."""

    name: str
    replay: Replay
    budget: Budget | None

    @property
    def boot(self) -> Boot:
        """The boot as loaded."""
        return self.replay.boot

    @property
    def whole(self) -> bool:
        """Whether nothing is missing of the boot's logs: no line below then means no event."""
        return all(source.complete for source in self.boot.sources if source.kind != "trace")

    @cached_property
    def reserved(self) -> list[Piece]:
        """What is reserved at the end of the log, with owners; empty without memblock's lines."""
        history = self.replay.context.take(History)
        regions = history.at() if history else []
        pieces = [p for region in regions if region.list == "reserved" for p in region.pieces]
        return with_owners(pieces, owners(self.boot, history.steps)) if history else []

    def coarse(self) -> Budget | None:
        """Return the coarse budget, for a comparison with a log that allows no finer one."""
        found = coarse_budget(self.boot)
        if found is not None and self.budget is not None:
            found.mem_total = self.budget.mem_total
            found.returned = self.budget.returned
            found.deferred = self.budget.deferred
        return found

    @property
    def memory_line(self) -> MemoryLine | None:
        """The kernel's own account when all memory was handed over."""
        return next(iter(self.boot.of(MemoryLine)), None)


def open_side(path: str) -> Side:
    """Load and replay one boot. Raises tracekit.capture.CaptureError where it cannot be read."""
    result = replay(load(path))
    return Side(path, result, build_budget(result.context))


def whole_pages(side: Side) -> tuple[int, int]:
    """Return the bytes of RAM in whole pages, and where RAM ends; zeros without memblock's list."""
    history = side.replay.context.take(History)
    page = side.boot.kernel.page_size
    if history is None or not page:
        return 0, 0
    ram = [(r.start, r.end) for r in history.at() if r.list == "memory"]
    pages = [(-(-start // page) * page, end // page * page) for start, end in ram]
    return sum(max(end - start, 0) for start, end in pages), max(
        (end for _, end in pages), default=0
    )


def identity(side: Side) -> Mapping[str, str | None]:
    """Return what says which machine booted which kernel, by name; None where not known."""
    boot = side.boot
    kernel = boot.kernel
    line = side.memory_line
    return {
        "kernel": kernel.release,
        "architecture": kernel.arch,
        "page size": str(kernel.page_size) if kernel.page_size else None,
        "machine": next((event.model for event in boot.of(MachineModel)), None),
        "processors": _processors(boot),
        "RAM": f"{line.total:,} KiB" if line else None,
        "build": next((build_of(event.banner) for event in boot.of(LinuxVersion)), None),
    }


def _processors(boot: Boot) -> str | None:
    for event in boot.of(CpusUp):
        return str(event.cpus)
    return next((str(event.nr_cpu_ids) for event in boot.of(SetupPercpu)), None)


def build_of(text: str) -> str | None:
    """Return the build number and date of a version line (``#1 SMP ... (2026-07-02)``)."""
    match = re.search(r"#\d+.*$", text)
    return match[0] if match else None


def options(side: Side) -> dict[str, str]:
    """Return the words of the command line: option -> value, "" for a bare word.

    An option given several times keeps all its values, in order.
    """
    found: dict[str, str] = {}
    for word in (side.boot.kernel.cmdline or "").split():
        name, _, value = word.partition("=")
        found[name] = f"{found[name]},{value}" if name in found else value
    return found
