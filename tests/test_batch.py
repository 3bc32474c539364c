from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.boots import boot
from tracekit.batch import Table, find_boots, run_batch, summarise

LOG = """\
[    0.000000] Linux version 6.1.0-test (builder@host) #1 SMP
[    0.000000] BIOS-e820: [mem 0x0000000000100000-0x000000000fffffff] usable
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "dmesg.log").write_text(LOG)
    (tmp_path / "three.txt").write_text(LOG)
    (tmp_path / "noise.txt").write_text("nothing of a kernel\n")
    return tmp_path


def test_folders_with_a_log_and_single_files_are_boots(tree: Path) -> None:
    assert [path.name for path in find_boots([tree])] == ["noise.txt", "one", "three.txt", "two"]


def test_what_cannot_be_replayed_has_a_row_that_says_why(tree: Path) -> None:
    row = summarise(str(tree / "noise.txt"))
    assert row.trouble
    assert not row.verdict


def test_a_row_sums_up_a_boot() -> None:
    row = summarise(str(boot("x86_61_256M_1cpu") / "dmesg.log"))
    assert (row.verdict, row.arch, row.errors) == ("agrees", "x86_64", 0)
    assert row.checked >= row.matched > 50
    assert row.ram == 261_624


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_boot_gives_a_row(tree: Path, jobs: int) -> None:
    paths = [str(path) for path in find_boots([tree])]
    assert {row.path for row in run_batch(paths, jobs)} == set(paths)


def test_a_table_remembers_what_it_holds(tree: Path, tmp_path: Path) -> None:
    table = Table(tmp_path / "rows.csv")
    assert table.known() == set()
    for path in find_boots([tree / "one", tree / "two"]):
        table.append(summarise(str(path)))
    assert table.known() == {str(tree / "one"), str(tree / "two")}
    with table.path.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 2
