from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.boots import boot
from tracekit import batch
from tracekit.batch import Row, Tally, find_boots, run_batch, summarise

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


def test_a_link_to_a_folder_around_it_ends_there(tree: Path) -> None:
    (tree / "two" / "dmesg.log").unlink()
    (tree / "two" / "up").symlink_to(tree)
    assert [path.name for path in find_boots([tree])] == ["noise.txt", "one", "three.txt"]


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


def test_a_row_has_the_figures_of_the_budget() -> None:
    row = summarise(str(boot("x86_61_256M_1cpu") / "dmesg.log"))
    assert row.detail == "memblock"
    assert row.free + row.reserved == row.ram << 10
    assert row.kernel_image > row.memory_map > row.percpu > 0


def test_a_boot_that_kills_its_process_is_a_row_and_the_others_go_on(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "summarise", deadly)
    paths = [str(path) for path in find_boots([tree])]
    rows = {row.path: row for row in run_batch(paths, 2)}
    assert set(rows) == set(paths)
    assert [Path(row.path).name for row in rows.values() if row.trouble == batch.KILLED] == ["two"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_boot_on_which_the_replay_fails_is_a_row_and_the_others_go_on(
    tree: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.setattr(batch, "summarise", failing)
    paths = [str(path) for path in find_boots([tree])]
    rows = {Path(row.path).name: row for row in run_batch(paths, jobs)}
    assert len(rows) == len(paths)
    assert "please report" in rows["two"].trouble
    assert "KeyError" in rows["two"].trouble
    assert rows["one"].verdict


def failing(path: str) -> Row:
    if path.endswith("two"):
        raise KeyError("no such zone")
    return summarise(path)


def deadly(path: str) -> Row:
    if path.endswith("two"):
        os.kill(os.getpid(), signal.SIGKILL)
    return summarise(path)


def test_a_tally_counts_signatures_and_names_a_boot() -> None:
    tally = Tally()
    for path in ("a", "b"):
        tally.add(Row(path, "diverges", signatures="MB101:x MB102:y"))
    tally.add(Row("c", trouble="nothing"))
    assert tally.verdicts == {"diverges": 2, "trouble": 1}
    assert tally.signatures["MB101:x"] == 2
    assert tally.examples["MB101:x"] == "a"
