"""Who stands behind an allocation whose lines name a function of memblock itself.

The caller that the kernel prints is the function that called memblock's entry point. Where
that is a helper of memblock (``__memblock_alloc_or_panic`` since v6.14, an uninlined
``memblock_alloc``, ``memblock_alloc_range_nid`` in a reserve line without a request), the log
still tells many owners by what stands around the allocation. What nothing decides keeps one
honest name.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, takewhile

from tracekit.boot import Boot
from tracekit.events.percpu_setup import PcpuAllocSizes, PercpuEmbedded, PercpuPaged
from tracekit.replay.budget.caller_rules import Place, owner_of
from tracekit.replay.memblock.log import Alloc, Change, Other, Step
from tracekit.replay.memblock.regions import Piece

# Functions of mm/memblock.c and mm/nobootmem.c, and the tag of v2.6.37 to v3.0 on x86.
HELPERS = (
    "memblock_alloc", "__memblock_alloc", "memblock_phys_alloc", "memblock_virt_alloc",
    "__alloc_memory_core_early", "BOOTMEM",
)  # fmt: skip
SEVERAL = "several callers behind memblock_alloc()"
MEMBLOCK_LINE = re.compile(r"\s*_*memblock_")

Key = tuple[str, int]


def is_helper(name: str) -> bool:
    """Whether a caller's name is a function of memblock itself."""
    return name.startswith(HELPERS)


def owners(boot: Boot, steps: Sequence[Step]) -> dict[Key, str]:
    """Return (file, line) of an allocation -> its owner, for those behind a helper."""
    found: dict[Key, str] = {}
    percpu = _Percpu()
    for place in _places(boot, steps, percpu):
        source = place.alloc.source
        found[source.file, source.line] = place.owner or owner_of(place, boot) or SEVERAL
    for change in _initrd(steps):
        found[change.source.file, change.source.line] = "reserve_initrd_mem"
    return found


def with_owners(pieces: Sequence[Piece], found: dict[Key, str]) -> list[Piece]:
    """Return the pieces with the owners that were found in place of memblock's helpers."""
    return [
        replace(piece, owner=found.get((piece.line.file, piece.line.line), piece.owner))
        if piece.line is not None
        else piece
        for piece in pieces
    ]


def _places(boot: Boot, steps: Sequence[Step], percpu: _Percpu) -> Iterator[Place]:
    """Yield the allocations behind a helper, with percpu's own already told."""
    texts = _Texts(boot)
    previous: Step | None = None
    for index, step in enumerate(steps):
        owner = percpu.owner(step)
        if isinstance(step, Alloc) and step.result is not None and is_helper(step.by):
            first = step.request or step.result
            yield Place(
                step,
                texts.before(first.source.file, first.source.line),
                texts.after(step.result.source.file, step.result.source.line),
                texts.at(step.result.source.file, step.result.source.line + 1),
                previous,
                _following(steps[index + 1 : index + 3]),
                owner,
            )
        previous = step


def _initrd(steps: Sequence[Step]) -> Iterator[Change]:
    """Yield the reserve of arm64's initrd: arm64_memblock_init() adds that range just before."""
    for before, step in pairwise(step for step in steps if isinstance(step, Change)):
        same = (before.base, before.size) == (step.base, step.size)
        kinds = (before.kind, step.kind) == ("add", "reserve")
        if same and kinds and before.call.by == step.call.by == "arm64_memblock_init":
            yield step


def _following(steps: Sequence[Step]) -> tuple[str, ...]:
    return tuple(step.by for step in takewhile(lambda step: isinstance(step, Alloc), steps)
                 if isinstance(step, Alloc))  # fmt: skip


class _Texts:
    """The lines of the logs by number, to look at those around an allocation."""

    def __init__(self, boot: Boot) -> None:
        self._lines = {
            loaded.log.path: {line.number: line.text for line in loaded.log.lines}
            for loaded in boot.logs
        }
        self._others = {
            path: [number for number, text in lines.items() if not MEMBLOCK_LINE.match(text)]
            for path, lines in self._lines.items()
        }

    def at(self, file: str, number: int) -> str:
        """Return the line of this number, ``""`` where there is none."""
        return self._lines.get(file, {}).get(number, "")

    def before(self, file: str, number: int) -> str:
        """Return the nearest earlier line that is not memblock's."""
        others = self._others.get(file, [])
        place = bisect_left(others, number)
        return self.at(file, others[place - 1]) if place else ""

    def after(self, file: str, number: int) -> str:
        """Return the nearest later line that is not memblock's."""
        others = self._others.get(file, [])
        place = bisect_right(others, number)
        return self.at(file, others[place]) if place < len(others) else ""


class _Percpu:
    """Follows pcpu_setup_first_chunk() of mm/percpu.c: its arrays stand around its own lines.

    Four arrays come after the summary line and before ``pcpu-alloc:``; then the lists of
    chunks, and four parts for each of the chunks, until another line or caller.
    """

    def __init__(self) -> None:
        self._names: list[str] = []

    def owner(self, step: Step) -> str:
        """Return the owner of an allocation of the first chunk, ``""`` for any other step."""
        match step:
            case Other(event=PercpuEmbedded() | PercpuPaged()):
                self._names = ["pcpu_setup_first_chunk"] * 4
            case Other(event=PcpuAllocSizes() as sizes):
                chunks = 2 if sizes.reserved and sizes.dyn else 1
                self._names = ["pcpu_setup_first_chunk"] + ["pcpu_alloc_first_chunk"] * 4 * chunks
            case Alloc() if self._names and is_helper(step.by):
                return self._names.pop(0)
            case Change():
                self._names = []
        return ""
