"""The layout of page->flags against what kernels print."""

from __future__ import annotations

from tracekit.mm.page_flags import Widths, zone_id, zones_shift

X86 = Widths(section=0, node=10, zone=3, last_cpupid=21, others=5)
MIPS = Widths(section=20, node=6, zone=1)


def test_parts_lie_from_the_top_down() -> None:
    shifts = X86.pgshifts(64)
    assert shifts == {"section": 0, "node": 54, "zone": 51, "last_cpupid": 30, "kasan_tag": 0}
    assert list(MIPS.pgshifts(64).values())[:3] == [44, 38, 37]


def test_a_zone_is_named_with_its_node() -> None:
    assert zone_id(X86, 64, section_shift=19, node_shift=10) == (64, 51)
    assert zone_id(MIPS, 64, section_shift=20, node_shift=6) == (44, 37)


def test_without_room_for_nodes_the_section_names_the_zone() -> None:
    tight = Widths(section=6, node=0, zone=2)
    assert zone_id(tight, 32, section_shift=6, node_shift=4) == (32, 24)


def test_what_is_left_is_for_flags() -> None:
    assert X86.free_bits(64, 21) == 25
    assert MIPS.free_bits(64, 0) == 37


def test_zones_are_numbered_in_as_few_bits_as_will_do() -> None:
    assert [zones_shift(count) for count in (1, 2, 3, 4, 5, 8)] == [0, 1, 2, 2, 3, 3]
