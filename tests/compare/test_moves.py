"""What KASLR moves is no difference; what moves without it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.memblock_text import HEAD, allocated, reserve
from tracekit.compare.compare import compare
from tracekit.compare.side import Side, open_side

TOP = 0x1000000
PAGE = 0x1000
# Without these the log would be one that was cut, which decides little.
END = "Zone ranges:\nSLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=1, Nodes=1\n"


def log(folder: Path, image: int, rest: str) -> Side:
    """Return a boot whose image of 2 MiB lies at ``image``, with what is logged after the dump."""
    folder.mkdir()
    row = f"[{0x200000:#018x}-{0x3FFFFF:#018x}]"
    assert row in HEAD
    text = HEAD.replace(row, f"[{image:#018x}-{image + 0x1FFFFF:#018x}]") + rest + END
    (folder / "dmesg.log").write_text(text)
    return open_side(str(folder / "dmesg.log"))


def taken(top: int) -> str:
    """Return three allocations from the top of what is free down."""
    return "".join(allocated(top - PAGE * n, PAGE, PAGE, f"owner_{n}") for n in (1, 2, 3))


def test_allocations_go_around_a_moved_image_and_decide_nothing(tmp_path: Path) -> None:
    one = log(tmp_path / "a", 0x200000, taken(TOP))
    two = log(tmp_path / "b", TOP - 0x200000, taken(TOP - 0x200000))
    found = compare(one, two)
    assert found.same
    assert {change.subject.split()[0] for change in found.state} == {
        "owner_1",
        "owner_2",
        "owner_3",
    }
    assert not compare(one, two, state=True).same
    assert not compare(one, two, only=("moves",)).same


def test_a_move_that_the_rules_do_not_give_differs(tmp_path: Path) -> None:
    strays = [allocated(at, PAGE, PAGE, "stray") for at in (TOP - PAGE * 4, 0x800000)]
    one = log(tmp_path / "a", 0x200000, taken(TOP) + strays[0] + taken(TOP - PAGE * 4))
    top = TOP - 0x200000
    two = log(tmp_path / "b", top, taken(top) + strays[1] + taken(top - PAGE * 3))
    found = compare(one, two)
    assert {change.area for change in found.changes} == {"divergences", "moves"}
    assert found.state == []


def test_a_move_under_an_image_that_stays_differs(tmp_path: Path) -> None:
    one = log(tmp_path / "a", 0x200000, taken(TOP))
    two = log(tmp_path / "b", 0x200000, taken(TOP - 0x201000))
    assert "moves" in {change.area for change in compare(one, two).changes}


@pytest.mark.parametrize("image", [0x200000, TOP - 0x200000])
def test_what_a_boot_loader_placed_is_no_choice_of_memblock(tmp_path: Path, image: int) -> None:
    top = TOP if image == 0x200000 else image
    one = log(tmp_path / "a", 0x200000, reserve(0x500000, PAGE, "initrd") + taken(TOP))
    two = log(tmp_path / "b", image, reserve(0x600000, PAGE, "initrd") + taken(top))
    (change,) = compare(one, two).changes
    assert change.subject.startswith("initrd")
