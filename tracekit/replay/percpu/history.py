"""The last steps of the percpu replay, which can be taken back and done in another order.

pcpu_alloc() prints its line after it has dropped pcpu_lock, while free_percpu() prints under the
lock: what came first may stand later in the log, on one CPU (preemption) as on several.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.mm.percpu import PercpuAllocator
from tracekit.mm.percpu_chunk import Chunk
from tracekit.mm.percpu_undo import Mark
from tracekit.replay.percpu.rows import AllocRow, FreeRow

__all__ = ["History", "Step"]

_DEPTH = 16


@dataclass(slots=True)
class Step:
    """One step: its line, the area in bytes, and the state before it.

    `hold` marks an area that no line shows. `predicted` says that the simulated allocator would
    have answered the same.
    """

    row: AllocRow | FreeRow
    chunk: Chunk
    off: int
    size: int
    hold: bool = False
    predicted: bool = True
    mark: Mark | None = None


class History:
    """Does the steps of a replay and remembers the last few."""

    def __init__(self, allocator: PercpuAllocator) -> None:
        self.allocator = allocator
        self.steps: list[Step] = []

    def fits(self, row: AllocRow, chunk: Chunk) -> bool:
        """Say whether the simulated allocator would now answer what the line says."""
        area = self.allocator.find(row.size, row.align, reserved=row.reserved, atomic=row.atomic)
        return area is not None and area.chunk is chunk and area.off == row.off

    def alloc(self, row: AllocRow, chunk: Chunk) -> Step:
        """Put the area of `row` where its line says."""
        step = self._do(Step(row, chunk, row.off, row.size))
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

    def _do(self, step: Step) -> Step:
        allocator, chunk, row = self.allocator, step.chunk, step.row
        step.mark = Mark.before(allocator, chunk, step.off, step.size)
        if isinstance(row, FreeRow):
            allocator.free(chunk, step.off)
        else:
            step.predicted = not step.hold and self.fits(row._replace(off=step.off), chunk)
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
            fits = self.fits(row, chunk)
            again = [Step(row, chunk, row.off, row.size), *undone] if fits else undone
            for step in again:
                self._do(step)
            if fits:
                return True
        return False

    def swap(self, row: AllocRow, chunk: Chunk, step: Step) -> bool:
        """Do `row` before `step`, if both then lie where the allocator puts them."""
        where = self._where(step)
        if where is None:
            return False
        undone = self._take_back(len(self.steps) - where)
        fits = self.fits(row, chunk)
        for each in [Step(row, chunk, row.off, row.size), *undone] if fits else undone:
            self._do(each)
        if fits and not step.predicted:
            self._take_back(len(undone) + 1)
            for each in undone:
                self._do(each)
        return fits and step.predicted

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
        for each in [*told, *undone[1:]]:
            self._do(each)
        if self.fits(row, chunk):
            return told[0]
        self._take_back(len(undone) + len(told) - 1)
        for each in undone:
            self._do(each)
        return None

    def repay(self, held: Step, row: AllocRow, chunk: Chunk) -> bool:
        """Put the area of `row` in place of one that was held for a line yet to come."""
        where = self._where(held)
        if where is None or chunk is not held.chunk:
            return False
        undone = self._take_back(len(self.steps) - where)
        fits = self.fits(row, chunk)
        first = Step(row, chunk, row.off, row.size) if fits else held
        for each in [first, *undone[1:]]:
            self._do(each)
        return fits
