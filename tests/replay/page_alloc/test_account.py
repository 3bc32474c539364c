"""Counting outcomes, and losing and finding the thread."""

from __future__ import annotations

import pytest

from tracekit.replay.ledger import Ledger
from tracekit.replay.page_alloc.account import CALM, LOST_TRACK, REFILL, TRAIN, Account
from tracekit.replay.page_alloc.stream import ZONE_LOCKED, Stream


def make_account(rows: int) -> tuple[Account, Ledger]:
    stream = Stream(file="trace")
    for row in range(rows):
        stream.append(ZONE_LOCKED, row + 1)
    ledger = Ledger("page_alloc")
    return Account(stream, ledger), ledger


def diverge(account: Account, row: int) -> None:
    account.diverged(REFILL, "PA101", row, "refill", logged="a", simulated="b")


@pytest.mark.parametrize(("step", "shown"), [(1, TRAIN), (CALM, TRAIN + 1)])
def test_divergences_close_together_are_a_state_that_was_lost(step: int, shown: int) -> None:
    account, ledger = make_account(step * TRAIN + 1)
    for number in range(TRAIN + 1):
        diverge(account, step * number)
    account.close()
    assert len(ledger.divergences) == shown
    assert ledger.kind(REFILL).unchecked[LOST_TRACK] == TRAIN + 1 - shown
    assert (account.reason == LOST_TRACK) == (step == 1)


def test_the_thread_is_found_again_after_a_calm_stretch() -> None:
    account, ledger = make_account(3 * CALM)
    for row in range(TRAIN):
        diverge(account, row)
    assert account.lost(TRAIN + CALM - 1)
    assert account.lost(TRAIN + 2 * CALM - 1)
    assert not account.lost(TRAIN + 3 * CALM)
    diverge(account, 3 * CALM - 1)
    assert len(ledger.divergences) == TRAIN + 1


def test_another_reason_stays() -> None:
    account, _ = make_account(2 * CALM)
    account.reason = "no dmesg"
    assert account.lost(0)
    assert account.lost(2 * CALM)


def test_counts_reach_the_ledger_once() -> None:
    account, ledger = make_account(1)
    account.matched[REFILL] += 3
    account.inferred[REFILL] += 2
    account.unchecked(REFILL, "why")
    account.close()
    account.close()
    refills = ledger.kind(REFILL)
    assert (refills.matched, refills.inferred, refills.unchecked["why"]) == (3, 2, 1)


def test_a_note_belongs_to_no_check() -> None:
    account, ledger = make_account(1)
    account.note("PA112", 0, "page", logged="a", simulated="b", alternatives=["c"])
    (note,) = ledger.divergences
    assert (note.severity, note.line.line, note.alternatives) == ("note", 1, ("c",))
    assert ledger.kind(REFILL).checked == 0
