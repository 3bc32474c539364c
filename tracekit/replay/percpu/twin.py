"""The percpu twin: logged percpu allocations and frees held against a simulated allocator."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.mm.percpu import PercpuAllocator, PercpuArea
from tracekit.mm.percpu_chunk import PCPU_MIN_ALLOC_SIZE, Chunk
from tracekit.replay.ledger import Ledger
from tracekit.replay.percpu.history import History, Step
from tracekit.replay.percpu.pretrace import PreTrace, Run
from tracekit.replay.percpu.rows import AllocRow, FreeRow

__all__ = ["TOO_LATE", "PercpuTwin"]

TOO_LATE = "state learned too late"
_PATIENCE = 8


@dataclass(slots=True)
class _Suspect:
    """A line that nothing explained yet: later lines tell which story is true."""

    row: AllocRow
    step: Step
    area: PercpuArea | None
    owner: AllocRow | None
    held: Step | None = None
    story: str = ""
    age: int = 0


class PercpuTwin:
    """Replays percpu events; enters every one in the ledger as `offset` or `free`.

    `whole` says that the trace reaches back to the start of tracing; where it does not, a first
    chunk that was in use for long has holes that nothing tells of.
    """

    def __init__(self, ledger: Ledger, allocator: PercpuAllocator, *, whole: bool) -> None:
        self.ledger = ledger
        self.allocator = allocator
        self.whole = whole
        self.chunks: dict[int, Chunk] = {}
        self.live: dict[tuple[int, int], AllocRow] = {}
        self.freed: dict[tuple[int, int], FreeRow] = {}
        self.pre_trace = PreTrace(allocator)
        self.history = History(allocator)
        self.suspects: list[_Suspect] = []
        self.ptr_base: dict[int, int] = {}

    # ------------------------------------------------------------------ chunks

    def create_chunk(self, base_addr: int) -> None:
        """Replay percpu_create_chunk."""
        self.chunks[base_addr] = self.allocator.create_chunk(base_addr)

    def destroy_chunk(self, base_addr: int) -> None:
        """Replay percpu_destroy_chunk."""
        chunk = self.chunks.pop(base_addr, None)
        if chunk is not None:
            self.allocator.destroy_chunk(chunk)

    def _chunk_of(self, row: AllocRow) -> Chunk | None:
        """Return the chunk at the line's base; the first chunks have their address from here."""
        chunk = self.chunks.get(row.base_addr)
        if chunk is not None:
            return chunk
        allocator = self.allocator
        special = allocator.reserved_chunk if row.reserved else allocator.first_chunk
        if special is None or any(each is special for each in self.chunks.values()):
            return None
        self.chunks[row.base_addr] = special
        return special

    def state(self) -> list[dict[str, int]]:
        """Return for each chunk its base, size, bytes free and number of areas that lines show."""
        return [
            {
                "base_addr": base,
                "size": chunk.nr_pages * chunk.page_size,
                "free_bytes": chunk.free_bytes,
                "areas": sum(1 for key in self.live if key[0] == base),
            }
            for base, chunk in self.chunks.items()
        ]

    # ------------------------------------------------------------------- alloc

    def alloc(self, row: AllocRow) -> None:
        """Predict the offset of an allocation, compare, and adopt what the log says."""
        self.ledger.events += 1
        known = row.base_addr in self.chunks
        chunk = self._chunk_of(row)
        if chunk is None:
            self._unknown_chunk(row)
        elif not known and chunk is self.allocator.first_chunk:
            self._learn_first(chunk, row)
        else:
            area = self._find(row)
            wrong = self._contradicts_itself(row, chunk, area) or self._impossible(row, chunk, area)
            if not wrong:
                self._check(row, chunk, area)
        self._age_suspects()

    def _check(self, row: AllocRow, chunk: Chunk, area: PercpuArea | None) -> None:
        if self._swapped(row, chunk):
            return
        if area is not None and area.chunk is chunk and area.off == row.off:
            self._adopt(row, chunk, fits=True)
            self.ledger.matched("offset")
        elif not self._explain(row, chunk, area):
            self._suspect(row, chunk, area)

    def _find(self, row: AllocRow) -> PercpuArea | None:
        return self.allocator.find(row.size, row.align, reserved=row.reserved, atomic=row.atomic)

    def _adopt(self, row: AllocRow, chunk: Chunk, *, fits: bool = False) -> Step:
        step = self.history.alloc(row, chunk, fits=fits)
        self._remember(row, chunk)
        return step

    def _remember(self, row: AllocRow, chunk: Chunk) -> None:
        key = (row.base_addr, row.off)
        self.live[key] = row
        self.freed.pop(key, None)
        if chunk is self.allocator.first_chunk:
            self.pre_trace.expect_next(row, chunk)
        self.allocator.keep_spare_pages()

    def _unknown_chunk(self, row: AllocRow) -> None:
        """A chunk made before the trace begins: what it holds is not known."""
        self.create_chunk(row.base_addr)
        self._adopt(row, self.chunks[row.base_addr])
        self.ledger.unchecked("offset", TOO_LATE)

    def _learn_first(self, chunk: Chunk, row: AllocRow) -> None:
        used = self.pre_trace.learn_first(chunk, row.off, row.size)
        self._adopt(row, chunk)
        self.ledger.inferred("offset")
        self.ledger.infer(
            "unlogged_percpu_areas",
            f"{used} bytes of the first percpu chunk in use when tracing began",
            f"the first logged allocation of the chunk lies at offset {row.off}, and requests "
            "take the first place that fits",
            row.line,
        )

    def _contradicts_itself(self, row: AllocRow, chunk: Chunk, area: PercpuArea | None) -> bool:
        """Report a line whose ptr says another offset than its off, and the rules side with ptr."""
        base = self.ptr_base.setdefault(row.base_addr, (row.ptr - row.off) % 2**64)
        off = (row.ptr - base) % 2**64
        if off == row.off or area is None or area.chunk is not chunk or area.off != off:
            return False
        why = f"ptr=0x{row.ptr:x} on the same line means off={off}, and so do the rules"
        self._report_moved(row, area, why, ())
        self._adopt(row._replace(off=off), chunk)
        return True

    def _impossible(self, row: AllocRow, chunk: Chunk, area: PercpuArea | None) -> bool:
        """Report an offset outside the chunk or off the wanted alignment."""
        align = max(row.align, PCPU_MIN_ALLOC_SIZE)
        end = chunk.nr_pages * chunk.page_size
        if row.off % align == 0 and 0 <= row.off <= end - row.size:
            return False
        self.ledger.diverged(
            "offset",
            "PC105",
            row.line,
            f"percpu area of {row.caller}",
            logged=f"off={row.off}, {row.size} bytes aligned to {row.align}",
            simulated=_place(area),
            explanation=f"the chunk serves offsets 0 to {end}, at multiples of {align}",
        )
        if area is not None and area.chunk is chunk:
            self._adopt(row._replace(off=area.off), chunk)
        return True

    # ------------------------------------------------------------ explanations

    def _explain(self, row: AllocRow, chunk: Chunk, area: PercpuArea | None) -> bool:
        return (
            self._past_guessed_hole(row, chunk, area)
            or self._in_old_run(row, chunk)
            or self._after_old_run(row, chunk, area)
            or self._other_population(row, chunk)
            or self._other_order(row, chunk)
            or self._settles_suspect(row, chunk)
        )

    def _in_old_run(self, row: AllocRow, chunk: Chunk) -> bool:
        """The place was thought in use since before tracing began."""
        run = self.pre_trace.covering(row.off, row.size)
        if run is None or chunk is not self.allocator.first_chunk:
            return False
        if not self.whole:
            return self._too_late(row, chunk)
        if not run.expected:
            return self._in_hole_of(run, row, chunk)
        if not self.pre_trace.withdraw_expected(chunk):
            return False
        if not self.history.fits(row, chunk):
            return False
        self._adopt(row, chunk)
        self.ledger.inferred("offset")
        return True

    def _past_guessed_hole(self, row: AllocRow, chunk: Chunk, area: PercpuArea | None) -> bool:
        """The hole that was predicted is not there: the runs before it end their regular row."""
        if chunk is not self.allocator.first_chunk or area is None or area.off >= row.off:
            return False
        run = self.pre_trace.merge(chunk, area.off) if area.chunk is chunk else None
        if run is None or self._in_hole_of(run, row, chunk):
            return run is not None
        if not self.history.fits(row, chunk):
            return False
        self._adopt(row, chunk)
        self.ledger.inferred("offset")
        return True

    def _in_hole_of(self, run: Run, row: AllocRow, chunk: Chunk) -> bool:
        """The run was told from a larger request, and has a hole for this one."""
        part = self.pre_trace.split(chunk, run, row)
        if part is None:
            return False
        self._adopt(row, chunk)
        self.ledger.inferred("offset")
        self.ledger.infer(
            "unlogged_percpu_areas",
            f"a hole after offset {part.end} of the first percpu chunk",
            f"{row.size} bytes for {row.caller} lie where a request for more found no room",
            row.line,
        )
        return True

    def _too_late(self, row: AllocRow, chunk: Chunk) -> bool:
        self._adopt(row, chunk)
        self.ledger.unchecked("offset", TOO_LATE)
        return True

    def _after_old_run(self, row: AllocRow, chunk: Chunk, area: PercpuArea | None) -> bool:
        """The hole that was predicted ends at an area older than the trace."""
        if chunk is not self.allocator.first_chunk or area is None or area.chunk is not chunk:
            return False
        if not self.whole:
            free = chunk.is_free(*_bits(row.off, row.size)) and area.off < row.off
            return free and self._too_late(row, chunk)
        self.pre_trace.withdraw_expected(chunk)
        run = self.pre_trace.next_run(row, chunk, area)
        if run is None:
            return False
        self.pre_trace.add(chunk, run)
        self._adopt(row, chunk)
        self.ledger.inferred("offset")
        self.ledger.infer(
            "unlogged_percpu_areas",
            f"offsets {run.start} to {run.end} of the first percpu chunk in use when tracing began",
            f"{row.size} bytes for {row.caller} went past the hole before offset {run.start}",
            row.line,
        )
        return True

    def _other_population(self, row: AllocRow, chunk: Chunk) -> bool:
        """An atomic request finds what the balance worker has populated by then."""
        if not row.atomic or not self.history.fits(row._replace(atomic=False), chunk):
            return False
        self._adopt(row, chunk)
        self.ledger.inferred("offset")
        return True

    def _other_order(self, row: AllocRow, chunk: Chunk) -> bool:
        """The area was taken before a step that was logged ahead of it."""
        if not chunk.is_free(*_bits(row.off, row.size)) or not self.history.insert(row, chunk):
            return False
        self._remember(row, chunk)
        self.ledger.inferred("offset")
        return True

    def _swapped(self, row: AllocRow, chunk: Chunk) -> bool:
        """This area was taken before that of an earlier line, which went past it for that."""
        for suspect in self.suspects:
            history, held = self.history, suspect.held
            told = (
                history.repay(held, row, chunk) if held else history.swap(row, chunk, suspect.step)
            )
            if told:
                self.suspects.remove(suspect)
                self._remember(row, chunk)
                self.ledger.inferred("offset", 2)
                self._clear_explained()
                return True
        return False

    def _clear_explained(self) -> None:
        """Drop the suspects that the allocator answers as logged, now that another came first."""
        explained = [each for each in self.suspects if not each.held and each.step.predicted]
        self.suspects = [each for each in self.suspects if each not in explained]
        self.ledger.inferred("offset", len(explained))

    def _settles_suspect(self, row: AllocRow, chunk: Chunk) -> bool:
        """With another story for an earlier line, this one fits."""
        for suspect in reversed(self.suspects):
            area = suspect.area
            if area is None or area.chunk is not suspect.step.chunk or suspect.held:
                continue
            if self._retold(suspect, area.off, row, chunk):
                self._adopt(row, chunk)
                self.ledger.inferred("offset")
                return True
        return False

    def _retold(self, suspect: _Suspect, off: int, row: AllocRow, chunk: Chunk) -> bool:
        if self.history.retell(suspect.step, off, 0, row, chunk):
            self.suspects.remove(suspect)
            self._report(suspect, "later lines show that it lay where the rules put it")
            return True
        lost = suspect.row.off - off
        if lost > 0:
            suspect.held = self.history.retell(suspect.step, off, lost, row, chunk)
            suspect.story = f"later lines show {lost} bytes before it in use that no line allocated"
        return suspect.held is not None

    # ---------------------------------------------------------------- suspects

    def _suspect(self, row: AllocRow, chunk: Chunk, area: PercpuArea | None) -> None:
        owner = None if chunk.is_free(*_bits(row.off, row.size)) else self._owner(row)
        step = self._adopt(row, chunk)
        self.suspects.append(_Suspect(row, step, area, owner))

    def _owner(self, row: AllocRow) -> AllocRow | None:
        end = row.off + row.size
        for (base, off), each in self.live.items():
            if base == row.base_addr and off < end and row.off < off + each.size:
                return each
        return None

    def _age_suspects(self) -> None:
        for suspect in list(self.suspects):
            suspect.age += 1
            if suspect.age > _PATIENCE:
                self.suspects.remove(suspect)
                self._report(suspect, suspect.story)

    def finish(self) -> None:
        """Report the lines that no later line explained."""
        for suspect in self.suspects:
            self._report(suspect, suspect.story)
        self.suspects.clear()

    def _report(self, suspect: _Suspect, story: str) -> None:
        row, owner = suspect.row, suspect.owner
        if owner is None:
            others = (
                "the line of an allocation before it was lost",
                "the line of a free before it was lost",
            )
            self._report_moved(row, suspect.area, story, () if story else others)
            return
        self.ledger.diverged(
            "offset",
            "PC101",
            row.line,
            f"percpu area of {row.caller}",
            logged=f"off={row.off}, {row.size} bytes",
            simulated=_place(suspect.area),
            explanation=story or f"the area belongs to {owner.caller}, which has not freed it",
            alternatives=() if story else ("the line that freed the area was lost",),
            related=(owner.line,),
        )

    def _report_moved(
        self, row: AllocRow, area: PercpuArea | None, why: str, others: tuple[str, ...]
    ) -> None:
        self.ledger.diverged(
            "offset",
            "PC102",
            row.line,
            f"percpu area of {row.caller}",
            logged=f"off={row.off}",
            simulated=_place(area),
            explanation=why,
            alternatives=others,
        )

    # -------------------------------------------------------------------- free

    def free(self, row: FreeRow) -> None:
        """Check that the freed area is allocated, and free it."""
        self.ledger.events += 1
        chunk = self.chunks.get(row.base_addr)
        key = (row.base_addr, row.off)
        if chunk is not None and self.history.free(row, chunk):
            self.live.pop(key, None)
            self.freed[key] = row
            self.ledger.matched("free")
        elif key in self.freed:
            self._report_free(row, "PC103", "the area is not allocated: it was freed before")
        elif chunk is None or not self.whole:
            self.ledger.unchecked("free", TOO_LATE)
        elif chunk is self.allocator.first_chunk and self.pre_trace.covering(row.off, 1):
            self.ledger.inferred("free")
        else:
            self._report_free(row, "PC104", "no line allocated an area at this offset")

    def _report_free(self, row: FreeRow, code: str, why: str) -> None:
        before = self.freed.get((row.base_addr, row.off))
        self.ledger.diverged(
            "free",
            code,
            row.line,
            "percpu area",
            logged=f"off={row.off} freed",
            simulated=why,
            alternatives=("the line that allocated it was lost",),
            related=(before.line,) if before else (),
        )


def _bits(off: int, size: int) -> tuple[int, int]:
    """Return an area in bytes as (first bit, bits)."""
    return off // PCPU_MIN_ALLOC_SIZE, -(-size // PCPU_MIN_ALLOC_SIZE)


def _place(area: PercpuArea | None) -> str:
    return "no room in any chunk" if area is None else f"off={area.off}"
