"""The hand-off's rules by kernel, and its state on captured boots."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import tracekit
from tests.boots import boot
from tests.replay.mm_init_text import codes, played
from tracekit.mm.bootmem_handoff import Release, Releases
from tracekit.mm.handoff import Handoff
from tracekit.mm.mm_init import PfnRange, free_area_init, zone_ranges
from tracekit.replay.boot import replay
from tracekit.replay.mm_init.early_memory import EarlyMemory
from tracekit.replay.mm_init.handoff import hand_off
from tracekit.replay.mm_init.node_pages import Pages
from tracekit.replay.mm_init.setting import Setting


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


def setting(memory: EarlyMemory, *, arch: str = "mips", **more: Any) -> Setting:
    evidence = SimpleNamespace(config={})
    kernel = SimpleNamespace(arch=arch, evidence=evidence)
    return Setting(cast(Any, kernel), None, 4096, memory, **more)


def pages(ranges: list[PfnRange], end: int) -> Pages:
    return Pages(free_area_init(ranges, zone_ranges({"Normal": end}, ranges[0].start_pfn)))


def test_ram_above_all_zones_is_not_handed_over() -> None:
    ranges = [PfnRange(0, 1024), PfnRange(8192, 9216)]
    memory = EarlyMemory(ranges, free_at_handoff=[PfnRange(16, 1024), PfnRange(8192, 9216)])
    handoff = hand_off(setting(memory), pages(ranges[:1], 1024))
    assert handoff is not None
    assert handoff.managed() == {(0, "Normal"): 1008}


def test_a_free_range_in_no_zone_leaves_the_state_unknown() -> None:
    ranges = [PfnRange(0, 1024), PfnRange(8192, 9216)]
    memory = EarlyMemory(ranges, free_at_handoff=[PfnRange(0, 1024)])
    assert hand_off(setting(memory), pages(ranges[1:], 9216)) is None


def test_what_bootmem_released_is_the_first_state() -> None:
    ranges = [PfnRange(0, 1024)]
    released = Releases([Release(((64, 5),), (7, 9), 34)])
    memory = EarlyMemory(ranges, released=released)
    handoff = hand_off(setting(memory), pages(ranges, 1024))
    assert handoff is not None
    assert handoff.freed == [(64, 5), (7, 0), (8, 0)]
    memory.released = Releases([Release(((2048, 0),), None, 1)])
    assert hand_off(setting(memory), pages(ranges, 1024)) is None


@pytest.mark.parametrize(
    ("arch", "has", "section", "kind"),
    [
        ("mips", True, None, "Movable"),
        ("mips", True, 2048, "Unmovable"),
        ("mips", True, 4096, "Movable"),
        ("mips", False, None, "Unmovable"),
        ("arm", True, None, "Unmovable"),
    ],
)
def test_pageblocks_of_holes(arch: str, has: bool, section: int | None, kind: str) -> None:
    ranges = [PfnRange(0, 1024), PfnRange(4096, 8192)]
    memory = EarlyMemory(ranges, free_at_handoff=[])
    known = setting(memory, arch=arch, section_pages=section)
    known.has = lambda name: has and name == "memmap_of_holes"
    handoff = hand_off(known, pages(ranges, 8192))
    assert handoff is not None
    assert handoff.migratetype(2560) == kind


def test_bootmem_hands_over_on_a_captured_boot() -> None:
    assert handed("mipsel_4.14.177_malta_256M").managed() == {
        (0, "DMA"): 2976,
        (0, "Normal"): 60334,
    }


def test_a_log_without_bootmem_s_lines_tells_nothing_of_the_hand_off(tmp_path: Path) -> None:
    """An ordinary log of an enterprise kernel of 2.6.32: early reservations, no bootmem_debug."""
    text = """\
Linux version 2.6.32-279.el6.x86_64 (x@y) #1 SMP
BIOS-e820: 0000000000000000 - 000000000009fc00 (usable)
BIOS-e820: 0000000000100000 - 000000001fff0000 (usable)
(1 early reservations) ==> bootmem [0000000000 - 001fff0000]
  #0 [0000000000 - 0000001000]   BIOS data page ==> [0000000000 - 0000001000]
Zone PFN ranges:
  DMA      0x00000001 -> 0x00001000
  DMA32    0x00001000 -> 0x00100000
  Normal   0x00100000 -> 0x00100000
Movable zone start PFN for each node
early_node_map[2] active PFN ranges
    0: 0x00000001 -> 0x0000009f
    0: 0x00000100 -> 0x0001fff0
Memory: 504708k/524224k available (4365k kernel code, 392k absent, 19124k reserved, 4576k data, \
608k init)
"""
    found = played(text, tmp_path)
    assert codes(found) == []
    assert found.context.ledger("mm_init").checks["buddy_handoff"].matched == 0
