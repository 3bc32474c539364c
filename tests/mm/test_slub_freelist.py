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
    # A slab used up shows as well that the sequence goes round.
    assert take_all([0, 3, 1, 2], sequence) == [UNKNOWN, 3, 1, 2]
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
    free.put(0)
    free.reverse()
    assert list(free.order(sequence, 4)) == [3, 2, 1, 0]
    assert free.bottom(sequence, 4) == 0
    assert free.before(1, sequence, 4) == [3, 2]
    for slot in (3, 2, 1, 0):
        assert free.peek(sequence, 4) == slot
        free.take(slot, sequence, 4)
    assert free.peek(sequence, 4) == EMPTY


def test_a_list_turned_at_each_step_teaches_the_sequence_from_both_ends() -> None:
    sequence = Sequence(5)
    for expected in ([UNKNOWN] * 5, [UNKNOWN, 4, 0, 1, 2]):
        free, found = fresh(5), []
        for slot in (3, 4, 0, 1, 2):
            found.append(free.peek(sequence, 5))
            free.take(slot, sequence, 5)
            free.reverse()
            free.reverse()
        assert found == expected
    turned = fresh(5)
    turned.take(3, sequence, 5)
    turned.reverse()
    assert turned.peek(sequence, 5) == 2
    turned.take(2, sequence, 5)
    turned.reverse()
    assert turned.peek(sequence, 5) == 4


def test_the_last_slot_of_a_turned_list_comes_before_the_first_taken() -> None:
    sequence, free = Sequence(3), fresh(3)
    for slot in (1, 0, 2):
        free.take(slot, sequence, 3)
        free.reverse()
    assert [sequence.after(slot, 3) for slot in (0, 1, 2)] == [1, 2, 0]


def test_what_was_free_before_comes_first_when_the_list_is_turned() -> None:
    sequence, free = Sequence(8), Freelist(unknown=True)
    free.put(5)
    free.put(2)
    free.reverse()
    assert free.peek(sequence, 8) == UNKNOWN
    assert free.before(5, sequence, 8) is None
    free.take(7, sequence, 8)
    assert free.peek(sequence, 8) == UNKNOWN
    free.take(5, sequence, 8)
    assert free.peek(sequence, 8) == 2
    free.take(2, sequence, 8)
    assert free.peek(sequence, 8) == EMPTY


def test_an_object_taken_before_others_came_in_front() -> None:
    sequence = Sequence(4, shuffled=False)
    free = fresh(4)
    free.take(0, sequence, 4)
    free.put(0)
    assert free.take_below(1, sequence, 4, turns=True)
    assert list(free.order(sequence, 4)) == [0, 3, 2]
    assert free.take_below(3, sequence, 4)
    assert list(free.order(sequence, 4)) == [0, 2]
    assert not free.take_below(1, sequence, 4)


def test_one_list_put_under_another() -> None:
    sequence, free, page = Sequence(4, shuffled=False), fresh(4), Freelist()
    free.take(0, sequence, 4)
    page.put(0)
    free.put_under(page)
    assert list(free.order(sequence, 4)) == [1, 2, 3, 0]
    assert free.discard(0)
    assert not free.discard(0)
