"""The last steps of the percpu replay, which can be taken back and done in another order.

pcpu_alloc() prints its line after it has dropped pcpu_lock, while free_percpu() prints under the
lock: what came first may stand later in the log, on one CPU (preemption) as on several.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.mm.percpu import PercpuAllocator
from tracekit.mm.percpu_chunk import PCPU_MIN_ALLOC_SIZE, Chunk
from tracekit.mm.percpu_undo import Mark
from tracekit.replay.percpu.rows import AllocRow, FreeRow

__all__ = ["History", "Step"]

_DEPTH = 16


@dataclass(slots=True)
class Step:
    """One step: its line, the area in bytes, and the state before it.

    `hold` marks an area that no line shows. `predicted` says that the simulated allocator would
    have answered the same, `possible` that an area was free before it was allocated, and allocated
    before it was freed.
    """

    row: AllocRow | FreeRow
    chunk: Chunk
    off: int
    size: int
    hold: bool = False
    predicted: bool = True
    possible: bool = True
    mark: Mark | None = None

    @property
    def bits(self) -> tuple[int, int]:
        """The area as (first bit, bits), as a chunk's map counts them."""
        return self.off // PCPU_MIN_ALLOC_SIZE, -(-self.size // PCPU_MIN_ALLOC_SIZE)


class History:
    """Does the steps of a replay and remembers the last few."""

    def __init__(self, allocator: PercpuAllocator) -> None:
        self.allocator = allocator
        self.steps: list[Step] = []

    def fits(self, row: AllocRow, chunk: Chunk) -> bool:
        """Say whether the simulated allocator would now answer what the line says."""
        area = self.allocator.find(row.size, row.align, reserved=row.reserved, atomic=row.atomic)
        return area is not None and area.chunk is chunk and area.off == row.off

    def alloc(self, row: AllocRow, chunk: Chunk, *, fits: bool = False) -> Step:
        """Put the area of `row` where its line says; `fits`: fits() has just been found true."""
        step = self._do(Step(row, chunk, row.off, row.size), fits)
        del self.steps[:-_DEPTH]
        return step

    def free(self, row: FreeRow, chunk: Chunk) -> bool:
        """Free the area that starts where the line says; False if there is none."""
        size = chunk.area_size(row.off)
        if size is None:
            return False
        self._do(Step(row, chunk, row.off, size))
        del self.steps[:-_DEPTH]
        return True

    def _do(self, step: Step, fits: bool = False) -> Step:
        allocator, chunk, row = self.allocator, step.chunk, step.row
        step.mark = Mark.before(allocator, chunk, step.off, step.size)
        if isinstance(row, FreeRow):
            step.possible = allocator.free(chunk, step.off) == step.size
        else:
            step.possible = chunk.is_free(*step.bits)
            fits = fits or (not step.hold and self.fits(row._replace(off=step.off), chunk))
            step.predicted = fits
            if step.predicted:
                allocator.alloc(row.size, row.align, reserved=row.reserved, atomic=row.atomic)
            else:
                allocator.take(chunk, step.off, step.size)
        self.steps.append(step)
        return step

    def _take_back(self, count: int) -> list[Step]:
        """Undo the last `count` steps; return them, oldest first."""
        start = len(self.steps) - count
        undone = self.steps[start:]
        del self.steps[start:]
        for step in reversed(undone):
            if step.mark is not None:
                step.mark.restore()
        return undone

    def insert(self, row: AllocRow, chunk: Chunk) -> bool:
        """Do `row` before as few of the last steps as make it fit; False if nowhere."""
        for count in range(1, len(self.steps) + 1):
            undone = self._take_back(count)
            told = [Step(row, chunk, row.off, row.size), *undone]
            if self.fits(row, chunk) and self._possible(told):
                return True
            self._do_again(undone)
        return False

    def _do_again(self, steps: list[Step]) -> None:
        for step in steps:
            self._do(step)

    def _possible(self, steps: list[Step]) -> bool:
        """Do `steps`; take them back if one is no longer possible: a place has one owner."""
        for done, step in enumerate(steps, 1):
            was_possible = step.possible
            self._do(step)
            if was_possible and not step.possible:
                self._take_back(done)
                return False
        return True

    def swap(self, row: AllocRow, chunk: Chunk, step: Step) -> bool:
        """Do `row` before `step`, if both then lie where the allocator puts them."""
        where = self._where(step)
        if where is None:
            return False
        undone = self._take_back(len(self.steps) - where)
        told = [Step(row, chunk, row.off, row.size), *undone]
        if self.fits(row, chunk) and self._possible(told):
            if step.predicted:
                return True
            self._take_back(len(told))
        self._do_again(undone)
        return False

    def _where(self, step: Step) -> int | None:
        return next((i for i, each in enumerate(self.steps) if each is step), None)

    def retell(self, step: Step, off: int, hold: int, row: AllocRow, chunk: Chunk) -> Step | None:
        """Try another story for `step`; keep it if `row` then fits, and return its first step.

        The story: its area lay at `off`, after `hold` bytes there that no line shows.
        """
        where = self._where(step)
        if where is None:
            return None
        undone = self._take_back(len(self.steps) - where)
        told = [Step(step.row, step.chunk, off, hold, hold=True)] if hold else []
        told.append(Step(step.row, step.chunk, off + hold, step.size))
        story = [*told, *undone[1:]]
        if self._possible(story):
            if self.fits(row, chunk):
                return told[0]
            self._take_back(len(story))
        self._do_again(undone)
        return None

    def repay(self, held: Step, row: AllocRow, chunk: Chunk) -> bool:
        """Put the area of `row` in place of one that was held for a line yet to come."""
        where = self._where(held)
        if where is None or chunk is not held.chunk:
            return False
        undone = self._take_back(len(self.steps) - where)
        fits = self.fits(row, chunk)
        first = Step(row, chunk, row.off, row.size) if fits else held
        self._do_again([first, *undone[1:]])
        return fits
