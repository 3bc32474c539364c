from __future__ import annotations

import pytest

from tracekit.divergence import Severity
from tracekit.events.base import Source
from tracekit.replay.ledger import Ledger
from tracekit.replay.trust import MANY_NOTES, NOT_FOLLOWED, TRAIN, _settle


def failed(count: int, simulated: str = "pfn {}") -> Ledger:
    ledger = Ledger("page_alloc")
    ledger.matched("drain", 100)
    for number in range(count):
        line = Source("trace.txt", 10 + number)
        expected = simulated.format(number)
        ledger.diverged("drain", "PA106", line, "drain", logged="pfn 0x1", simulated=expected)
    return ledger


@pytest.mark.parametrize("count", range(1, TRAIN + 1))
def test_single_faults_stay(count: int) -> None:
    ledger = failed(count)
    _settle(ledger, "PA113")
    assert [found.code for found in ledger.divergences] == ["PA106"] * count
    assert ledger.checks["drain"].diverged == count


def test_a_train_is_one_note_and_its_checks_are_unchecked() -> None:
    ledger = failed(TRAIN + 1)
    _settle(ledger, "PA113")
    (note,) = ledger.divergences
    assert (note.code, note.severity, note.line.line) == ("PA113", "note", 10)
    assert ledger.checks["drain"].diverged == 0
    assert ledger.checks["drain"].unchecked[NOT_FOLLOWED] == TRAIN + 1
    assert ledger.checks["drain"].events == 100 + TRAIN + 1


def test_the_same_expectation_failing_twice_is_no_fault_of_a_line() -> None:
    ledger = failed(2, simulated="pfn 0x41a63, order 0")
    _settle(ledger, "PA113")
    assert [found.code for found in ledger.divergences] == ["PA113"]


@pytest.mark.parametrize("count", [MANY_NOTES, MANY_NOTES + 1])
def test_notes_are_a_train_when_they_are_legion(count: int) -> None:
    ledger = Ledger("slub")
    for number in range(count):
        line = Source("trace.txt", 10 + number)
        facts = {"logged": "ptr=0x1", "simulated": "ptr=0x2", "severity": Severity.NOTE}
        ledger.diverged("address", "SL106", line, "object of kmalloc-64", **facts)
    _settle(ledger, "SL107")
    codes = {found.code for found in ledger.divergences}
    assert codes == ({"SL107"} if count > MANY_NOTES else {"SL106"})
    assert ledger.checks["address"].events == count
