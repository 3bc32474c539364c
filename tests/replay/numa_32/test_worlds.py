"""Several possible worlds, narrowed by each line."""

from __future__ import annotations

from tracekit.events.base import Source
from tracekit.events.numa_32 import KvaTotal
from tracekit.replay.ledger import Ledger
from tracekit.replay.numa_32.worlds import Area, Value, World, Worlds, first_worlds

LINE = KvaTotal(Source("log", 1), "0")


def size(world: World) -> Value:
    return (world.struct_page * 10,)


def worlds(*struct_pages: int) -> Worlds:
    return Worlds(Ledger("numa_32"), first_worlds(struct_pages, (4096,)))


def test_one_world_that_predicts_the_line_is_a_match() -> None:
    one = worlds(32)
    one.check("NR101", LINE, "x", (320,), size)
    assert one.ledger.checks["remap"].matched == 1


def test_a_line_that_chooses_between_worlds_is_an_inference() -> None:
    several = worlds(32, 40, 56)
    several.check("NR101", LINE, "x", (400,), size)
    assert several.ledger.checks["remap"].inferred == 1
    assert [world.struct_page for world in several.possible] == [40]


def test_a_line_that_no_world_predicts_diverges_and_both_go_on() -> None:
    one = worlds(32)
    one.check("NR101", LINE, "x", (7,), size, lambda w, v: w.with_area(0, Area(int(v[0] or 0), 0)))
    assert one.ledger.checks["remap"].diverged == 1
    assert sorted(world.total for world in one.possible) == [7, 320]


def test_a_line_that_no_world_can_tell_is_unchecked() -> None:
    one = worlds(32)
    one.check("NR101", LINE, "x", (7,), lambda _: None, unknown="why")
    assert one.ledger.checks["remap"].unchecked == {"why": 1}


def test_offsets_count_the_areas_made_before() -> None:
    world = World(32, 4096).with_area(1, Area(512, 0)).with_area(0, Area(1024, 0))
    assert (world.offset(1), world.offset(0), world.total) == (0, 512, 1536)
