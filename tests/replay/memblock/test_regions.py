from __future__ import annotations

from pathlib import Path

import pytest

import tracekit
from tracekit.replay.boot import replay
from tracekit.replay.memblock.regions import History, OwnedRegion

LOG = """\
[    0.000000] Linux version 6.1.0-50-amd64 (builder@host) #1 SMP
[    0.000000] BIOS-e820: [mem 0x0000000000100000-0x000000000fffffff] usable
[    0.000000] memblock_add: [0x0000000000100000-0x000000000fffffff] e820__memblock_setup+0x65/0x7d
[    0.000000] memblock_reserve: [0x0000000000200000-0x00000000002fffff] first_owner+0x1/0x2
[    0.000000] memblock_reserve: [0x0000000000300000-0x00000000003fffff] second_owner+0x1/0x2
[    0.000000] memblock_phys_free: [0x0000000000280000-0x000000000037ffff] a_free+0x1/0x2
"""


@pytest.fixture
def history(tmp_path: Path) -> History:
    path = tmp_path / "dmesg.log"
    path.write_text(LOG)
    found = replay(tracekit.load(path)).context.take(History)
    assert found is not None
    return found


def reserved(regions: list[OwnedRegion]) -> list[tuple[int, int, list[str]]]:
    return [
        (region.start, region.end, [piece.owner for piece in region.pieces])
        for region in regions
        if region.list == "reserved"
    ]


def test_a_merged_region_keeps_all_its_owners(history: History) -> None:
    assert reserved(history.at(5)) == [(0x200000, 0x400000, ["first_owner", "second_owner"])]


def test_a_line_before_the_second_call_shows_the_first_alone(history: History) -> None:
    assert reserved(history.at(4)) == [(0x200000, 0x300000, ["first_owner"])]


def test_a_free_across_two_owners_leaves_both_their_rest(history: History) -> None:
    assert reserved(history.at()) == [
        (0x200000, 0x280000, ["first_owner"]),
        (0x380000, 0x400000, ["second_owner"]),
    ]


def test_a_piece_names_its_line(history: History) -> None:
    lines = [piece.line.line for r in history.at(5) for piece in r.pieces if piece.line]
    assert lines == [3, 4, 5]
