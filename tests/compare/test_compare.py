from __future__ import annotations

from pathlib import Path

import pytest

from tests.boots import boot
from tracekit.compare.compare import compare
from tracekit.compare.side import Side, open_side

SAMPLE = "x86_61_256M_1cpu"


@pytest.fixture(scope="module")
def side() -> Side:
    return open_side(str(boot(SAMPLE) / "dmesg.log"))


def changed(tmp_path: Path, old: str, new: str) -> Side:
    text = (boot(SAMPLE) / "dmesg.log").read_text()
    assert old in text
    path = tmp_path / "dmesg.log"
    path.write_text(text.replace(old, new))
    return open_side(str(path))


def test_a_boot_is_the_same_as_itself(side: Side) -> None:
    assert compare(side, side).same


def test_time_stamps_are_no_difference(side: Side, tmp_path: Path) -> None:
    assert compare(side, changed(tmp_path, "[    0.0", "[    0.1")).same


def test_a_moved_kernel_image_is_no_difference(side: Side, tmp_path: Path) -> None:
    text = (boot(SAMPLE) / "dmesg.log").read_text()
    for old, new in (("0000001000000", "0000002000000"), ("0000004400000", "0000005400000"),
                     ("0000004410fff", "0000005410fff")):  # fmt: skip
        text = text.replace(old, new)
    path = tmp_path / "dmesg.log"
    path.write_text(text)
    assert [c for c in compare(side, open_side(str(path))).changes if c.area == "moves"] == []


def test_a_changed_option_is_part_of_the_setting(side: Side, tmp_path: Path) -> None:
    found = compare(side, changed(tmp_path, "memblock=debug", "memblock=debug quiet"))
    assert ("quiet", None, "") in [(c.subject, c.before, c.after) for c in found.setting]


def test_the_accounts_add_up_between_kernels(side: Side) -> None:
    other = open_side(str(boot("x86_72_256M_1cpu") / "dmesg.log"))
    found = compare(side, other)
    for account in found.accounts:
        assert account.delta == account.explained + account.remainder
    handoff = next(a for a in found.accounts if a.name == "free at the hand-off")
    assert handoff.delta != 0
    assert handoff.remainder == 0


def test_the_largest_cause_stands_first(side: Side) -> None:
    other = open_side(str(boot("x86_72_256M_1cpu") / "dmesg.log"))
    deltas = [abs(change.delta) for change in compare(side, other).changes]
    assert deltas == sorted(deltas, reverse=True)


def test_only_narrows(side: Side) -> None:
    other = open_side(str(boot("x86_72_256M_1cpu") / "dmesg.log"))
    found = compare(side, other, only=("zones", "memblock"))
    assert {change.area for change in found.changes} <= {"zones", "memblock"}
    assert found.setting == []


def test_other_architectures_are_hard_to_compare(side: Side) -> None:
    other = open_side(str(boot("riscv64-7.2-virt-numa2") / "dmesg.log"))
    assert "architectures differ: x86_64 and riscv64" in compare(side, other).reasons


@pytest.mark.parametrize("kept", [60, 120, 330])
def test_a_boot_is_the_same_as_its_own_cut_log(side: Side, tmp_path: Path, kept: int) -> None:
    lines = (boot(SAMPLE) / "dmesg.log").read_text().splitlines()
    path = tmp_path / "dmesg.log"
    path.write_text("\n".join(lines[:kept]) + "\n")
    found = compare(side, open_side(str(path)))
    assert found.changes == []
    assert found.setting == []
    assert any("incomplete" in reason for reason in found.reasons)


def test_memory_that_is_no_longer_given_back_is_a_difference(side: Side, tmp_path: Path) -> None:
    text = (boot(SAMPLE) / "dmesg.log").read_text()
    freed = next(line for line in text.splitlines() if "Freeing unused" in line and "init" in line)
    found = compare(side, changed(tmp_path, freed + "\n", ""))
    (change,) = found.changes
    assert (change.area, change.verb) == ("later", "shrunk")
    assert f"{-change.delta >> 10}K" in freed
