"""What is believed of a node after the log parts ways with its prediction."""

from __future__ import annotations

from tracekit.events.base import Source
from tracekit.events.bootmem import BootmemAlloc
from tracekit.mm.bootmem import BootmemNode
from tracekit.replay.bootmem.belief import Belief


def belief(pages: int = 64) -> Belief:
    made = Belief(BootmemNode(0, 0, pages))
    made.free(0, pages)
    return made


def request(size: int, align: int = 32, goal: int = 0) -> BootmemAlloc:
    return BootmemAlloc(Source("log", 1), 0, size, -(-size // 4096), align, goal, 0)


def outcomes(of: Belief, wanted: BootmemAlloc) -> list[tuple[int, int] | None]:
    return [outcome.pages for outcome in of.predict(wanted)]


def test_as_long_as_the_log_agrees_there_is_one_outcome() -> None:
    low = belief()
    for expected in ((0, 1), (1, 1), (1, 3)):
        wanted = request(100 if expected != (1, 3) else 8100)
        assert outcomes(low, wanted) == [expected]
        low.accept(wanted, expected)
    assert len(low.scans) == 1


def test_a_moved_result_leaves_both_states_until_a_later_line_decides() -> None:
    low = belief()
    wanted = request(4096)
    low.diverge(wanted, low.predict(wanted)[0], (1, 2))
    assert set(outcomes(low, wanted)) >= {(1, 2), (2, 3)}
    low.accept(wanted, (1, 2))
    assert outcomes(low, wanted)[0] == (2, 3)


def test_pages_that_were_freed_unseen_bring_the_rest_of_their_range_into_doubt() -> None:
    low = belief()
    low.reserve(0, 16)
    wanted = request(4096)
    assert outcomes(low, wanted) == [(16, 17)]
    low.diverge(wanted, low.predict(wanted)[0], (8, 9))
    assert (9, 10) in outcomes(low, wanted)
    assert low.shown_free == 8


def test_a_result_whose_request_is_lost_may_end_anywhere_in_its_last_page() -> None:
    low = belief()
    low.diverge(None, None, (0, 1))
    assert set(outcomes(low, request(64))) == {(1, 1), (1, 2)}
    low.accept(request(64), (1, 1))
    assert all(scan.last_end_off <= 4096 for scan in low.scans)


def test_reserved_and_free_pages_are_told_unless_they_are_in_doubt() -> None:
    low = belief()
    assert low.reserve(0, 4) == []
    assert low.reserve(2, 6) == [2, 3]
    assert low.free(4, 8) == [6, 7]
    low.doubtful = {10, 11}
    assert low.free(10, 13) == [12]
    assert low.doubtful == set()
