"""Where a node's pg_data_t and mem_map lie inside its remap area."""

from __future__ import annotations

import pytest

from tracekit.events.base import Source
from tracekit.events.mm_init import NodeMemMap
from tracekit.replay.ledger import Checks, Ledger
from tracekit.replay.numa_32.structures import check_structures
from tracekit.replay.numa_32.worlds import World, Worlds

AREA = (0xF6400000, 0xF6800000)


def checked(pgdat: int, mem_map: int, end_pfn: int = 0x10000) -> Checks:
    worlds = Worlds(Ledger("numa_32"), [World(32, 4400)])
    line = NodeMemMap(Source("log", 1), 0, pgdat, mem_map)
    check_structures(worlds, line, lambda *_: AREA, (0x10, end_pfn), may_fill=False)
    return worlds.ledger.checks["remap"]


def test_mem_map_lies_behind_the_whole_pages_of_the_pgdat() -> None:
    assert checked(0xF6400000, 0xF6402200).matched == 1


@pytest.mark.parametrize(("pgdat", "mem_map"), [(0xF6401000, 0xF6402200), (0xF6400000, 0xF6401200)])
def test_another_place_is_reported(pgdat: int, mem_map: int) -> None:
    assert checked(pgdat, mem_map).diverged == 1


def test_what_does_not_fit_comes_from_elsewhere() -> None:
    assert checked(0xF6400000, 0xC1000000, end_pfn=0x40000).unchecked.total() == 1
