"""The addresses of remapped pages in each generation, from the source of 2.6.11 to 2.6.32."""

from __future__ import annotations

import pytest

from tracekit.replay.numa_32.addresses import (
    place_above_lowmem,
    place_from_start,
    place_inside_lowmem,
)
from tracekit.replay.numa_32.worlds import Area, World

AREAS = ((0, Area(512, 0x3FE00)), (1, Area(1024, 0x7FC00)))
HIGHSTART = 0x38000


@pytest.mark.parametrize(
    ("nid", "place"), [(0, (0xF6400000, 0xF6600000)), (1, (0xF6600000, 0xF6A00000))]
)
def test_from_the_start_of_the_area(nid: int, place: tuple[int, int]) -> None:
    world = World(32, 4096, AREAS, kva_start=0x36400)
    assert place_from_start(world, nid, dict(AREAS)[nid].pages) == place


def test_without_a_start_nothing_is_known() -> None:
    world = World(32, 4096, AREAS)
    assert place_from_start(world, 0, 512) is None
    assert place_inside_lowmem(world, 0, 512, HIGHSTART) is None


def test_the_printed_end_of_2_6_24_lies_above_lowmem() -> None:
    world = World(32, 4096, AREAS, kva_start=0x37A00)
    assert place_inside_lowmem(world, 1, 1024, HIGHSTART) == (0xF7C00000, 0xF8600000)


def test_up_to_2_6_19_the_areas_lie_above_lowmem() -> None:
    world = World(32, 4096, AREAS)
    assert place_above_lowmem(world, 1, 1024, HIGHSTART, whole=True) == (0xF8200000, 0xF8600000)
    assert place_above_lowmem(world, 1, 1024, HIGHSTART, whole=False) == (0xF8000000, 0xF8400000)
