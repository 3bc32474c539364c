"""What was allocated from the first percpu chunk before tracing began, inferred from its events.

Those areas print no line.  They fill the chunk from the bottom, with holes only where alignment
left them.  The first logged area shows the first run; a request that goes past a hole shows the
next one, and where it starts follows from the hole: alignment must explain it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.mm.percpu import PercpuAllocator, PercpuArea
from tracekit.mm.percpu_block import align_up
from tracekit.mm.percpu_chunk import PCPU_MIN_ALLOC_SIZE, Chunk
from tracekit.replay.percpu.rows import AllocRow

__all__ = ["PreTrace", "Run"]


@dataclass(slots=True)
class Run:
    """Bytes [start, end) of the first chunk that were in use when tracing began.

    `expected`: shown by no line yet, but the next of several runs of one size and distance.
    `passed`: a request for so many bytes went past it, so that only smaller holes can be inside.
    `guessed`: it follows others of one size and distance, until a line shows otherwise.
    """

    start: int
    end: int
    expected: bool = False
    passed: int = 0
    guessed: bool = False

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self.end - self.start


@dataclass(slots=True)
class PreTrace:
    """The runs known so far; `hole_start` is where the latest hole between two of them begins."""

    allocator: PercpuAllocator
    runs: list[Run] = field(default_factory=list)
    hole_start: int = 0

    def learn_first(self, chunk: Chunk, off: int, size: int) -> int:
        """Take everything below the first logged area of `size` bytes as used; return the bytes."""
        start = chunk.first_free_offset()
        self._assume(chunk, Run(start, off, passed=size))
        self.hole_start = off
        return max(off - start, 0)

    def _assume(self, chunk: Chunk, run: Run) -> None:
        if run.size > 0:
            self.allocator.take(chunk, run.start, run.size)
            self.runs.append(run)

    def covering(self, off: int, size: int) -> Run | None:
        """Return the run that [off, off + size) touches, if any."""
        return next((run for run in self.runs if run.start < off + size and off < run.end), None)

    def withdraw_expected(self, chunk: Chunk) -> bool:
        """Give back a run that was merely expected; False if there is none."""
        if not self.runs or not self.runs[-1].expected:
            return False
        self.allocator.free(chunk, self.runs.pop().start)
        return True

    def next_run(self, row: AllocRow, chunk: Chunk, area: PercpuArea) -> Run | None:
        """Return the run that makes `row` go past `area`, if alignment explains its start."""
        start = self._start_after_hole(chunk, area)
        if start is None or start >= row.off or area.off >= row.off:
            return None
        if not chunk.is_free(*_bits(start, row.off + row.size - start)):
            return None
        return Run(start, row.off, passed=row.size)

    def split(self, chunk: Chunk, run: Run, row: AllocRow) -> Run | None:
        """Leave a hole in `run` for `row`; return the part before it, None if there can be none.

        Where that part and the run before it have one size, what comes after is guessed to be more
        of them at that distance.
        """
        if row.size >= run.passed or row.off <= run.start or row.off + row.size > run.end:
            return None
        place = self.runs.index(run)
        before = self.runs[place - 1]
        first = Run(run.start, row.off, passed=run.passed)
        stride = first.start - before.start
        alike = before.size == first.size and first.size + row.size <= stride
        starts = range(first.start + stride, run.end - stride, stride) if alike else ()
        alikes = [Run(at, at + first.size, passed=run.passed, guessed=True) for at in starts]
        parts = [first, *alikes]
        rest = parts[-1].start + stride if alike else row.off + row.size
        parts.append(Run(rest, run.end, passed=run.passed, guessed=alike))
        self._replace(chunk, [run], [part for part in parts if part.size > 0])
        return first

    def merge(self, chunk: Chunk, off: int) -> Run | None:
        """Make one run again of those guessed after offset `off`; None where there are none."""
        guessed = [run for run in self.runs if run.guessed and run.start > off]
        if not guessed:
            return None
        whole = Run(off, guessed[-1].end, passed=max(run.passed for run in guessed))
        self._replace(chunk, guessed, [whole])
        return whole

    def _replace(self, chunk: Chunk, old: list[Run], new: list[Run]) -> None:
        place = self.runs.index(old[0])
        for run in old:
            self.runs.remove(run)
            self.allocator.free(chunk, run.start)
        for run in new:
            self.allocator.take(chunk, run.start, run.size)
        self.runs[place:place] = new

    def _start_after_hole(self, chunk: Chunk, area: PercpuArea) -> int | None:
        used_end = chunk.used_end_before(area.off)
        align = 2 * PCPU_MIN_ALLOC_SIZE
        while align <= chunk.page_size:
            start = align_up(self.hole_start, align)
            if start >= used_end:
                return start if start < area.off + area.size else None
            align *= 2
        return None

    def add(self, chunk: Chunk, run: Run) -> None:
        """Take a run as used."""
        self._assume(chunk, run)
        self.hole_start = run.end

    def expect_next(self, row: AllocRow, chunk: Chunk) -> None:
        """After two runs of one size and distance, expect the next where it would lie."""
        if len(self.runs) < 3:
            return
        before, last = self.runs[-2:]
        stride = last.start - before.start
        if before.size != last.size or stride <= 0 or row.off < last.end:
            return
        last.expected = False
        start = last.start + stride
        if row.off + row.size <= start and chunk.is_free(*_bits(start, last.size)):
            self.hole_start = last.end
            self._assume(chunk, Run(start, start + last.size, expected=True))


def _bits(off: int, size: int) -> tuple[int, int]:
    return off // PCPU_MIN_ALLOC_SIZE, -(-size // PCPU_MIN_ALLOC_SIZE)
