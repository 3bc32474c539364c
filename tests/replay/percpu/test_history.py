"""Steps of the percpu replay in another order."""

from __future__ import annotations

from tracekit.events.base import Source
from tracekit.mm.percpu import PercpuAllocator
from tracekit.mm.percpu_chunk import Chunk
from tracekit.replay.percpu.history import History
from tracekit.replay.percpu.rows import AllocRow, FreeRow

LINE = Source("trace", 1)


def row(off: int, size: int = 16) -> AllocRow:
    return AllocRow(LINE, "caller", False, False, size, 8, 0, off, 0)


def start() -> tuple[History, Chunk]:
    percpu = PercpuAllocator(65536, 4096)
    percpu.setup_first_chunk(0, 0, 0, 20480)
    assert percpu.first_chunk is not None
    history = History(percpu)
    for number in range(4):
        assert history.alloc(row(16 * number), percpu.first_chunk).predicted
    return history, percpu.first_chunk


def test_an_area_taken_before_a_free_that_was_printed_first() -> None:
    history, chunk = start()
    assert history.free(FreeRow(LINE, 0, 16, 0), chunk)
    assert not history.fits(row(64), chunk)
    assert history.insert(row(64), chunk)
    assert chunk.area_size(16) is None
    assert history.fits(row(16), chunk)


def test_nothing_is_changed_where_no_order_fits() -> None:
    history, chunk = start()
    before = chunk.areas()
    assert not history.insert(row(4096), chunk)
    assert chunk.areas() == before


def test_two_lines_swapped() -> None:
    history, chunk = start()
    early = history.alloc(row(80), chunk)
    assert not early.predicted
    assert history.swap(row(64), chunk, early)
    assert early.predicted


def test_a_line_retold_and_what_it_held_repaid() -> None:
    history, chunk = start()
    odd = history.alloc(row(80), chunk)
    held = history.retell(odd, 64, 16, row(96), chunk)
    assert held is not None
    assert held.hold
    assert history.repay(held, row(64), chunk)
    assert chunk.areas()[64] == 16


def test_no_order_gives_one_place_two_owners() -> None:
    history, chunk = start()
    assert history.free(FreeRow(LINE, 0, 16, 0), chunk)
    assert history.free(FreeRow(LINE, 0, 32, 0), chunk)
    # Before the area at 32 was allocated, 32 was the first free place: but it had that owner then.
    assert not history.insert(row(32), chunk)
    assert chunk.area_size(32) is None
    late = history.alloc(row(32), chunk)
    assert history.swap(row(16), chunk, late)
    assert history.free(FreeRow(LINE, 0, 32, 0), chunk)
