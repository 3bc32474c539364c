"""Memblock's state is kept where zones are set up and where all is handed over."""

from __future__ import annotations

import pytest

import tracekit
from tests.boots import boot
from tracekit.replay.boot import replay
from tracekit.replay.memblock.moments import Moments


def moments(name: str) -> Moments | None:
    found = replay(tracekit.load(boot(name) / "dmesg.log"), stages=("memblock",))
    return found.context.take(Moments)


@pytest.mark.parametrize("name", ["x86_61_256M_1cpu", "x86_72_256M_1cpu", "arm64-6.1-virt-dt"])
def test_more_is_reserved_at_the_hand_off_than_at_the_zones(name: str) -> None:
    found = moments(name)
    assert found is not None
    assert found.zones is not None
    assert found.handoff is not None
    reserved = [sum(r.size for r in state.reserved) for state in (found.zones, found.handoff)]
    assert reserved[0] < reserved[1]


def test_what_is_freed_after_the_hand_off_is_still_reserved() -> None:
    found = moments("arm64-6.1-virt-dt")
    assert found is not None
    assert found.handoff is not None
    assert found.handoff.reserved.covers(0x48000000, 0x1000)


def test_without_memblock_lines_there_are_no_moments() -> None:
    assert moments("x86_612_plain_numa2_2G") is None
