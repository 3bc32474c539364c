"""Early reservations, the places found before bootmem works, and pages reserved twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.bootmem_text import codes, ledger, played
from tracekit.replay.boot import Replay

X86_64 = """\
Linux version 2.6.32-5-amd64 (x@y) #1 SMP
BIOS-provided physical RAM map:
 BIOS-e820: 0000000000000000 - 000000000009f000 (usable)
 BIOS-e820: 0000000000100000 - 0000000040000000 (usable)
e820 update range: 0000000000000000 - 0000000000010000 (usable) ==> (reserved)
Bootmem setup node 0 0000000000000000-0000000040000000
  NODE_DATA [0000000000013000 - 0000000000017fff]
  bootmap [0000000000018000 -  000000000001ffff] pages 8
(3 early reservations) ==> bootmem [0000000000 - 0040000000]
  #0 [0000000000 - 0000001000]   BIOS data page ==> [0000000000 - 0000001000]
  #1 [0001000000 - 0002012024]    TEXT DATA BSS ==> [0001000000 - 0002012024]
  #2 [0000010000 - 0000013000]          PGTABLE ==> [0000010000 - 0000013000]
"""


def early(text: str, folder: Path) -> Replay:
    return played(text, folder)


def test_structures_go_to_the_lowest_free_place(tmp_path: Path) -> None:
    found = early(X86_64, tmp_path)
    assert codes(found) == []
    assert ledger(found).checks["early_res"].matched == 5
    assert ledger(found).checks["node"].matched == 1


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        (
            "0000000000018000 -  000000000001ffff",
            "0000000000019000 -  0000000000020fff",
            "BM143",
            8,
        ),
        (
            "[0000000000013000 - 0000000000017fff]",
            "[0000000000014000 - 0000000000018fff]",
            "BM143",
            7,
        ),
        ("000000000001ffff] pages 8", "000000000001ffff] pages 9", "BM120", 8),
        ("==> [0001000000 - 0002012024]", "==> [0001000000 - 0002013024]", "BM140", 11),
        ("(3 early", "(4 early", "BM141", 9),
    ],
)
def test_what_does_not_fit_is_reported(
    old: str, new: str, code: str, line: int, tmp_path: Path
) -> None:
    assert (code, line) in codes(early(X86_64.replace(old, new), tmp_path))


def test_a_row_that_differs_between_two_nodes_is_reported_where_it_is_wrong(
    tmp_path: Path,
) -> None:
    second = X86_64[X86_64.index("(3 early") :].replace(
        "[0000000000 - 0040000000]", "[0040000000 - 0080000000]"
    )
    second = "\n".join(line.partition(" ==> [00")[0] for line in second.splitlines()[1:])
    text = X86_64 + "(3 early reservations) ==> bootmem [0040000000 - 0080000000]\n" + second
    assert codes(early(text, tmp_path)) == []
    wrong = text.replace(
        "#1 [0001000000 - 0002012024]    TEXT DATA BSS\n",
        "#1 [0001000000 - 0002013024]    TEXT DATA BSS\n",
    )
    assert codes(early(wrong, tmp_path)) == [("BM140", 15)]


def test_without_the_list_the_places_are_unchecked(tmp_path: Path) -> None:
    found = early(X86_64[: X86_64.index("(3 early")], tmp_path)
    assert codes(found) == []
    assert ledger(found).checks["early_res"].unchecked.total() == 2


def test_without_the_changes_of_the_map_the_places_are_unchecked(tmp_path: Path) -> None:
    found = early(X86_64.replace("e820 update range", "e820 other"), tmp_path)
    assert codes(found) == []
    assert ledger(found).checks["early_res"].unchecked.total() == 2


OLD = """\
Linux version 2.4.18 (x@y) #1 SMP
BIOS-provided physical RAM map:
 BIOS-e820: 0000000000000000 - 000000000009ec00 (usable)
 BIOS-e820: 000000000009ec00 - 00000000000a0000 (reserved)
 BIOS-e820: 00000000000f0000 - 0000000000100000 (reserved)
 BIOS-e820: 0000000000100000 - 0000000004000000 (usable)
found SMP MP-table at 000f7210
hm, page 000f7000 reserved twice.
hm, page 000f8000 reserved twice.
hm, page 0009e000 reserved twice.
"""


def notes(text: str, folder: Path) -> list[tuple[int, str]]:
    found = early(text, folder)
    assert codes(found) == []
    return [(d.line.line, d.explanation) for d in found.divergences if d.code == "BM150"]


def test_pages_reserved_twice_get_a_note_with_both_owners(tmp_path: Path) -> None:
    first, second = notes(OLD, tmp_path)
    assert first[0] == 8
    assert "MP table found at 0xf7210" in first[1]
    assert "harmless" in first[1]
    assert second[0] == 10
    assert "e820 reserved from 0x9ec00" in second[1]


def test_usable_ram_reserved_twice_is_not_called_harmless(tmp_path: Path) -> None:
    text = OLD.split("found SMP")[0] + "hm, page 00200000 reserved twice.\n"
    [(_, words)] = notes(text, tmp_path)
    assert "usable RAM" in words
    assert "harmless" not in words


def test_a_request_that_nothing_can_meet_gets_a_note(tmp_path: Path) -> None:
    found = early("Linux version 2.6.18\nbootmem alloc of 163840 bytes failed!\n", tmp_path)
    assert [(d.code, d.severity) for d in found.divergences] == [("BM151", "note")]
