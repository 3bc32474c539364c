"""The hand-off's rules by kernel, and its state on captured boots."""

from __future__ import annotations

import pytest

import tracekit
from tests.boots import boot
from tracekit.mm.handoff import Handoff
from tracekit.replay.boot import replay


def handed(name: str) -> Handoff:
    found = replay(tracekit.load(boot(name) / "dmesg.log"), stages=("memblock", "mm_init"))
    handoff = found.context.take(Handoff)
    assert handoff is not None
    return handoff


@pytest.mark.parametrize(
    ("name", "apart", "to_tail", "retypes"),
    [
        ("i386_510_pae_2G", True, True, False),
        ("armhf-6.1-lpae-2g", False, True, False),
        ("i386_3.6.5_numa2_2G", True, False, False),
        ("x86_72_256M_1cpu", None, True, True),
    ],
)
def test_rules(name: str, apart: bool | None, to_tail: bool, retypes: bool) -> None:
    rules = handed(name).rules
    assert (rules.highmem_apart, rules.to_tail, rules.merge_retypes) == (apart, to_tail, retypes)


def test_deferred_pages_wait_on_the_node_that_has_them() -> None:
    handoff = handed("x86_61_numa2_512M_2cpu")
    assert handoff.first_deferred_pfn == {1: 0x18000}
    assert handoff.managed() == {(0, "DMA"): 3840, (0, "DMA32"): 46977, (1, "DMA32"): 32768}
    assert sum(area.pages for area in handoff.deferred) == 29685


def test_zones_have_their_free_lists() -> None:
    lists = handed("armhf-6.1-lpae-2g").free_lists()["0"]
    assert set(lists) == {"DMA", "HighMem"}
    assert all(pfn % 1024 == 0 for pfn in lists["HighMem"]["10"]["Movable"])
