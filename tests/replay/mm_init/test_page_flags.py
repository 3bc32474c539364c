"""The mminit lines about page->flags: widths, places, and the zones that they must fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.mm_init_text import codes, played

TEXT = """\
Linux version 6.1.0-50-amd64 (x@y) #1 SMP
Command line: nokaslr mminit_loglevel=4
Zone ranges:
  DMA      [mem 0x0000000000001000-0x0000000000ffffff]
  DMA32    [mem 0x0000000001000000-0x000000001fffffff]
  Normal   empty
  Device   empty
Movable zone start for each node
Early memory node ranges
  node   0: [mem 0x0000000000001000-0x000000001fffffff]
mminit::pageflags_layout_widths Section 0 Node 10 Zone 3 Lastcpupid 21 Kasantag 0 \
Gen 3 Tier 2 Flags 25
mminit::pageflags_layout_shifts Section 19 Node 10 Zone 3 Lastcpupid 21 Kasantag 0
mminit::pageflags_layout_pgshifts Section 0 Node 54 Zone 51 Lastcpupid 30 Kasantag 0
mminit::pageflags_layout_nodezoneid Node/Zone ID: 64 -> 51
mminit::pageflags_layout_usage location: 64 -> 25 layout 25 -> 25 unused 25 -> 0 page-flags
"""


def test_a_healthy_layout_is_predicted_from_its_widths(tmp_path: Path) -> None:
    found = played(TEXT, tmp_path)
    assert codes(found) == []
    assert found.context.ledger("mm_init").checks["page_flags"].matched == 5


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Zone 51 Lastcpupid", "Zone 52 Lastcpupid"),
        ("ID: 64 -> 51", "ID: 64 -> 50"),
        ("location: 64 -> 25", "location: 64 -> 24"),
        ("shifts Section 19 Node 10 Zone 3", "shifts Section 19 Node 10 Zone 2"),
    ],
)
def test_a_number_that_does_not_fit_the_others_is_found(
    right: str, wrong: str, tmp_path: Path
) -> None:
    assert right in TEXT
    ((code, _),) = codes(played(TEXT.replace(right, wrong), tmp_path))
    assert code == "MI114"


def test_without_the_widths_nothing_is_known_of_the_places(tmp_path: Path) -> None:
    lines = [line for line in TEXT.splitlines() if "widths" not in line]
    checks = played("\n".join(lines), tmp_path).context.ledger("mm_init").checks["page_flags"]
    assert (checks.matched, checks.unchecked.total()) == (1, 3)
