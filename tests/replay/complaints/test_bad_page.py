from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.complaints.complaint_text import LINUX, note, notes
from tests.replay.memblock_text import HEAD, reserve

BAD = """\
BUG: Bad page state in process swapper  pfn:{pfn:05x}
page:fffffc000ecf0fc0 refcount:0 mapcount:{mapcount} mapping:0000000000000000 index:0x0
page dumped because: {reason}
"""


def bad(pfn: int, reason: str = "nonzero mapcount", mapcount: int = 0) -> str:
    return BAD.format(pfn=pfn, reason=reason, mapcount=mapcount)


@pytest.mark.parametrize(
    ("release", "mapcount", "kind"),
    [
        ("5.9.0", -1024, "page table"),
        ("5.11.0", -1024, "guard page"),
        ("5.11.0", -512, "page table"),
        ("4.18.0", -128, "buddy"),
        ("5.9.0", 1, ""),
        ("4.17.0", -128, ""),
    ],
)
def test_the_type_of_a_page_shows_in_its_mapcount(
    tmp_path: Path, release: str, mapcount: int, kind: str
) -> None:
    found = note(tmp_path, LINUX.replace("5.9.0", release) + bad(0x100, mapcount=mapcount))
    assert found.code == "KR101"
    assert ("is the mark of" in found.explanation) == bool(kind)
    assert kind in found.explanation


def test_pages_that_are_bad_for_one_reason_are_one_note(tmp_path: Path) -> None:
    log = bad(0x2FC3F) + bad(0x2FC41) + bad(0x2FC42) + bad(9, "page_pool leak")
    first, second = notes(tmp_path, log)
    assert "3 pages, pfn 0x2fc3f to 0x2fc42; nonzero mapcount" in first.logged
    assert [source.line for source in first.related] == [4, 7]
    assert "pfn 0x9; page_pool leak" in second.logged


def test_the_owner_of_a_bad_page_is_named(tmp_path: Path) -> None:
    log = HEAD + reserve(0x500000, 0x10000, "some_init")
    found = note(tmp_path, log + bad(0x505))
    assert "reserved by some_init" in found.simulated
    assert "(line 11)" in found.simulated


def test_free_ram_between_reservations_is_named_so(tmp_path: Path) -> None:
    log = HEAD + reserve(0x500000, 0x10000, "some_init")
    found = note(tmp_path, log + bad(0x4F0))
    assert "in the gap [0x400000-0x4fffff] between two reservations" in found.simulated
