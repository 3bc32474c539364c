"""The slab and percpu twins on captured boots, where these are at hand."""

from __future__ import annotations

import pytest

from tests.boots import more_boots
from tracekit.boot import load
from tracekit.divergence import Severity
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger
from tracekit.replay.percpu.driver import run as replay_percpu
from tracekit.replay.slub.driver import run as replay_slub

BOOTS = more_boots()
PLAIN = (
    "x86_61_256M_1cpu",
    "x86_612_256M_1cpu_truth",
    "x86_510_512M",
    "arm64-6.1-virt-dt",
    "mipsel_4.14.177_malta_256M",
)

pytestmark = pytest.mark.skipif(BOOTS is None, reason="no captured boots on this machine")


def ledgers(name: str) -> dict[str, Ledger]:
    assert BOOTS is not None
    context = Context(load(BOOTS / name))
    replay_slub(context)
    replay_percpu(context)
    return context.ledgers


def loud(found: dict[str, Ledger]) -> list[tuple[str, int]]:
    return [
        (divergence.code, divergence.line.line)
        for ledger in found.values()
        for divergence in ledger.divergences
        if divergence.severity is not Severity.NOTE
    ]


@pytest.mark.parametrize("name", PLAIN)
def test_a_healthy_boot_agrees(name: str) -> None:
    found = ledgers(name)
    assert loud(found) == []
    slub, percpu = found["slub"].checks, found["percpu"].checks
    assert slub["geometry"].diverged == 0
    assert slub["object"].checked > 10_000
    silent = "objects of the cache come and go in bulk, which prints nothing"
    assert set(slub["object"].unchecked) <= {silent}
    assert slub["object"].checked >= 0.99 * slub["object"].events
    address = slub["address"]
    assert address.checked >= 0.9 * address.events
    assert address.matched >= 0.995 * address.checked
    assert percpu["offset"].matched >= 0.97 * percpu["offset"].events


def test_hashed_pointers_leave_lifetimes_and_offsets() -> None:
    found = ledgers("x86_61_kaslr_hashed_1G_2cpu")
    assert loud(found) == []
    assert found["slub"].checks["object"].checked == 0
    assert found["slub"].checks["free"].matched > 20_000
    assert found["percpu"].checks["offset"].matched > 300


def test_a_trace_whose_head_is_lost() -> None:
    found = ledgers("x86_61_lost_512M")
    assert loud(found) == []
    assert found["percpu"].checks["offset"].matched == 0


def test_an_allocator_of_another_name() -> None:
    found = ledgers("i386_2.6.32-642.el6_512M_1cpu")
    assert loud(found) == []
    assert found["slub"].checks["geometry"].matched > 100
    assert found["slub"].checks["object"].checked == 0
