"""Sheaves by themselves: capacity, order, and what stays unknown."""

from __future__ import annotations

import pytest

from tracekit.mm.slub import NEW_SLAB, Slab
from tracekit.mm.slub_freelist import UNKNOWN, Sequence
from tracekit.mm.slub_sheaf import CpuSheaves, Run, Sheaf, sheaf_capacity


@pytest.mark.parametrize(
    ("size", "capacity"), [(8, 60), (192, 60), (256, 28), (1024, 12), (4096, 4), (8960, 4)]
)
def test_capacity_by_size(size: int, capacity: int) -> None:
    assert sheaf_capacity(size, 4096) == capacity


def test_capacity_fills_a_kmalloc_step_on_32_bits() -> None:
    assert sheaf_capacity(64, 4096, word=4) == (512 - 20) // 4


def test_a_run_leaves_in_reverse_of_the_sequence() -> None:
    sequence, sheaf, slab = Sequence(4), Sheaf(), Slab(7, 4)
    sequence.learn(2, 0)
    sheaf.items = [Run(slab)] * 2
    assert sheaf.peek(sequence) == (slab, UNKNOWN)
    sheaf.pop(slab, 0, sequence)
    sheaf.items = [Run(slab, popped=0)]
    assert sheaf.peek(sequence) == (slab, 2)
    assert sheaf.tentative(sequence)


def test_a_run_teaches_the_sequence() -> None:
    sequence, sheaf, slab = Sequence(4), Sheaf(), Slab(7, 4)
    sheaf.items = [Run(slab)] * 3
    for slot in (3, 1, 0):
        sheaf.pop(slab, slot, sequence)
    assert sequence.after(1, 4) == 3
    assert sequence.before(1, 4) == 0
    assert sheaf.is_empty()


def test_a_slab_that_was_never_seen_is_new() -> None:
    sheaf = Sheaf()
    sheaf.items = [Run(Slab(NEW_SLAB, 4))]
    assert sheaf.peek(Sequence(4)) == (None, NEW_SLAB)


def test_what_was_freed_comes_back_while_no_sheaf_can_be_full() -> None:
    here, slab = CpuSheaves(4, known=False), Slab(7, 16)
    for slot in (0, 1, 2):
        here.take_unsure(slab, slot)
    for slot in (0, 1, 2):
        assert here.put_unsure(slab, slot)
    assert here.sure == 3
    assert not here.put_unsure(slab, 9)
    assert here.sure == 1


def test_what_lay_below_a_possible_break_shows_that_there_was_none() -> None:
    here, slab = CpuSheaves(4, known=False), Slab(7, 16)
    here.put_unsure(slab, 1)
    here.put_unsure(slab, 2)
    assert here.sure == 1
    here.take_unsure(slab, 2)
    assert here.sure == 0
    here.take_unsure(slab, 1)
    assert here.put_unsure(slab, 1)
    assert here.put_unsure(slab, 2)
    assert here.sure == 2


def test_another_object_breaks_the_order() -> None:
    here, slab = CpuSheaves(4, known=False), Slab(7, 16)
    here.put_unsure(slab, 1)
    here.take_unsure(slab, 5)
    assert here.sure == 0
    assert not here.main.items
