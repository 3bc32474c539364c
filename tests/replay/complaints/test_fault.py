from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.complaints.complaint_text import note, notes
from tests.replay.memblock_text import HEAD, reserve
from tracekit.replay.complaints.fault import meaning

PLACE = "RIP: 0010:some_function+0x10/0x20\n"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (None, "a NULL pointer was followed: what"),
        (0x40, "0x40 bytes into a structure"),
        (0x6B6B6C03, "POISON_FREE): the object was used after its free; 0x6b6b6b6b +0x98"),
        (0x6B6B6B6B6B6B6B6B, "POISON_FREE"),
        (0x5A5A5A5A5A5A5A62, "POISON_INUSE"),
        (0xDEAD000000000108, "taken off its list"),
        (0xFFFF888000001000, ""),
    ],
)
def test_what_an_address_tells(address: int | None, words: str) -> None:
    assert words in meaning(address)
    assert bool(words) == bool(meaning(address))


def test_a_fault_names_its_function_once(tmp_path: Path) -> None:
    log = "BUG: unable to handle page fault for address: ffffea0004000034\n" + PLACE
    found = note(tmp_path, log + log)
    assert (found.code, found.line.line) == ("KR103", 1)
    assert found.logged == "an access to address 0xffffea0004000034 in some_function+0x10/0x20"


def test_an_oops_counts_only_where_no_line_above_says_more(tmp_path: Path) -> None:
    oops = "Oops: double fault: 0000 [#1] PREEMPT SMP NOPTI\n"
    assert note(tmp_path, oops + PLACE).logged.startswith("double fault: 0000")
    fault = "BUG: kernel NULL pointer dereference, address: 0000000000000008\n"
    assert note(tmp_path, fault + oops + PLACE).logged.startswith("an access to address 0x8")


def test_a_bug_is_named_by_its_source(tmp_path: Path) -> None:
    found = note(tmp_path, "kernel BUG at mm/slab.c:3320!\n" + PLACE)
    assert (found.code, found.subject) == ("KR110", "some_function")
    assert found.logged == "BUG at mm/slab.c:3320 in some_function+0x10/0x20"


@pytest.mark.parametrize("option", ["nokaslr ", ""])
def test_an_address_of_the_linear_map_has_an_owner(tmp_path: Path, option: str) -> None:
    head = HEAD.replace("BIOS-e820", f"Command line: {option}quiet\nBIOS-e820", 1)
    fault = "BUG: unable to handle page fault for address: ffff888000500010\n"
    (found,) = notes(tmp_path, head + reserve(0x500000, 0x1000, "some_init") + fault)
    assert ("physical address 0x500010: reserved by some_init" in found.simulated) == bool(option)
