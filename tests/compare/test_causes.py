from __future__ import annotations

from tracekit.compare.causes import causes
from tracekit.compare.change import Change


def change(kind: str, before: int, after: int, area: str = "memblock") -> Change:
    return Change(area, kind, "who", before, after)


def test_causes_add_up_and_the_largest_stands_first() -> None:
    changes = [change("log", 0, 10), change("image", 100, 50), change("image", 0, 20)]
    found = causes(changes, ("memblock",))
    assert [(cause.kind, cause.delta) for cause in found] == [("image", -30), ("log", 10)]


def test_what_moves_inside_a_cause_breaks_a_tie() -> None:
    changes = [change("quiet", 5, 6), change("busy", 0, 101), change("busy", 100, 0)]
    assert [cause.kind for cause in causes(changes, ("memblock",))] == ["busy", "quiet"]


def test_other_areas_stay_out() -> None:
    assert causes([change("cache", 0, 1, area="slab")], ("memblock",)) == []
