"""The order in which a slab's free slots are taken."""

from __future__ import annotations

from tracekit.mm.slub_freelist import EMPTY, UNKNOWN, Freelist, Sequence


def fresh(objects: int) -> Freelist:
    return Freelist(fresh=objects)


def take_all(order: list[int], sequence: Sequence) -> list[int]:
    """Take slots in `order` from a new slab; return what was predicted before each."""
    free, predicted = fresh(len(order)), []
    for slot in order:
        predicted.append(free.peek(sequence, len(order)))
        free.take(slot, sequence, len(order))
    assert free.peek(sequence, len(order)) == EMPTY
    return predicted


def test_slots_in_order_where_nothing_is_shuffled() -> None:
    assert take_all([0, 1, 2, 3], Sequence(4, shuffled=False)) == [0, 1, 2, 3]


def test_a_shuffled_sequence_is_learned_and_then_predicted_from_any_start() -> None:
    sequence = Sequence(4)
    assert take_all([2, 0, 3, 1], sequence) == [UNKNOWN] * 4
    assert take_all([0, 3, 1, 2], sequence) == [UNKNOWN, 3, 1, UNKNOWN]
    assert take_all([1, 2, 0, 3], sequence) == [UNKNOWN, 2, 0, 3]


def test_a_small_slab_leaves_out_slots_that_it_lacks() -> None:
    sequence = Sequence(4)
    take_all([2, 0, 3, 1], sequence)
    assert sequence.after(0, 3) == 1


def test_freed_slots_come_first_last_freed_first() -> None:
    free = Freelist()
    free.put(5)
    free.put(2)
    sequence = Sequence(8)
    assert free.peek(sequence, 8) == 2
    free.take(2, sequence, 8)
    assert free.peek(sequence, 8) == 5


def test_what_comes_before_a_slot() -> None:
    sequence = Sequence(4, shuffled=False)
    free = fresh(4)
    free.take(0, sequence, 4)
    free.put(0)
    assert free.before(2, sequence, 4) == [0, 1]
    assert free.before(0, sequence, 4) == []
    assert free.before(0, Sequence(4), 4) == []
    free.skip_to(2, sequence, 4)
    assert free.peek(sequence, 4) == 3


def test_a_jump_over_an_unknown_stretch_leaves_the_rest_unsure() -> None:
    free = fresh(8)
    sequence = Sequence(8)
    free.take(3, sequence, 8)
    free.skip_to(6, sequence, 8)
    assert not free.unsure
    other = fresh(8)
    other.put(7)
    other.take(7, sequence, 8)
    other.skip_to(1, sequence, 8)
    assert other.unsure


def test_a_successor_seen_once_is_tentative() -> None:
    sequence = Sequence(4)
    take_all([2, 0, 3, 1], sequence)
    free = fresh(4)
    free.take(2, sequence, 4)
    assert free.tentative(sequence)
    take_all([2, 0, 3, 1], sequence)
    assert not free.tentative(sequence)


def test_turning_a_list_round() -> None:
    sequence = Sequence(4, shuffled=False)
    free = fresh(4)
    free.take(0, sequence, 4)
    assert free.bottom(sequence, 4) == 3
    free.reverse(sequence, 4)
    assert [free.stack.pop() for _ in range(3)] == [3, 2, 1]
    unknown = fresh(4)
    unknown.reverse(Sequence(4), 4)
    assert unknown.peek(sequence, 4) == UNKNOWN
