from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.boots import boot
from tracekit.cli import main

SAMPLE = "x86_61_256M_1cpu"


def log(name: str = SAMPLE) -> str:
    return str(boot(name) / "dmesg.log")


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["diff", *words])
    return result.exit_code, result.output


def test_equal_boots_exit_0() -> None:
    status, output = run(log(), log())
    assert status == 0
    assert output.startswith("same")


def test_different_boots_exit_1() -> None:
    status, output = run(log(), log("x86_72_256M_1cpu"), "--format", "json")
    assert status == 1
    assert json.loads(output)["verdict"] == "differs"


def test_only_and_ignore_narrow(tmp_path: Path) -> None:
    ignore = tmp_path / "ignore.toml"
    ignore.write_text('[[ignore]]\nchange = "zones/*"\nreason = "known"\n')
    words = (log(), log("x86_72_256M_1cpu"), "--only", "zones", "--ignore", str(ignore))
    assert run(*words)[0] == 0


THREE = ("x86_510_256M_1cpu", SAMPLE, "x86_72_256M_1cpu")


def test_three_boots_make_a_table_that_says_where_a_cause_changes() -> None:
    status, output = run(*map(log, THREE))
    assert status == 1
    assert output.splitlines()[2].startswith("C  ")
    image = next(line for line in output.splitlines() if line.startswith("kernel image"))
    assert image.endswith("B, C")


@pytest.mark.parametrize("form", ["json", "markdown", "html"])
def test_a_table_comes_in_every_format(form: str) -> None:
    status, output = run(*map(log, THREE), "--format", form, "--only", "percpu,log-buffer")
    assert status == 1
    assert "log buffer" in output
    assert "kernel image" not in output


def test_three_equal_boots_exit_0() -> None:
    assert run(log(), log(), log())[0] == 0


def test_only_takes_a_kind_of_memory() -> None:
    status, output = run(log(), log("x86_72_256M_1cpu"), "--only", "percpu", "--format", "json")
    assert status == 1
    assert {change["kind"] for change in json.loads(output)["changes"]} == {"percpu"}


def test_boots_with_slabinfo_compare_their_caches() -> None:
    folders = [str(boot(name) / "dmesg.log").removesuffix("/dmesg.log") for name in THREE[1:]]
    status, output = run(*folders, "--only", "slab,calls")
    assert status == 1
    assert "inode_cache (" in output
    assert "alloc_inode (" in output
    assert "alloc_inode+0x" not in output


@pytest.fixture
def twins(tmp_path: Path) -> list[str]:
    """A boot and one that held a few files more when its slabinfo was read."""
    sample = boot(SAMPLE)
    for name in ("a", "b"):
        (tmp_path / name / "proc").mkdir(parents=True)
        (tmp_path / name / "dmesg.log").symlink_to(sample / "dmesg.log")
    rows = (sample / "proc/slabinfo").read_text()
    more = re.sub(
        r"^(filp +)(\d+)", lambda found: f"{found[1]}{int(found[2]) + 5}", rows, flags=re.M
    )
    assert more != rows
    (tmp_path / "a/proc/slabinfo").write_text(rows)
    (tmp_path / "b/proc/slabinfo").write_text(more)
    return [str(tmp_path / "a"), str(tmp_path / "b")]


def test_what_is_in_use_is_shown_apart_and_decides_only_on_request(twins: list[str]) -> None:
    status, output = run(*twins, "--format", "json")
    report = json.loads(output)
    assert (status, report["verdict"], report["changes"]) == (0, "same", [])
    assert [change["subject"] for change in report["state"]] == ["filp"]
    assert run(*twins, "--state")[0] == 1
    assert run(*twins, "--only", "slab")[0] == 1
    assert run(*twins, "--only", "memblock")[0] == 0


def test_an_excuse_for_what_is_in_use_counts_as_used(twins: list[str], tmp_path: Path) -> None:
    ignore = tmp_path / "ignore.toml"
    ignore.write_text('[[ignore]]\nchange = "slab/cache/filp"\nreason = "open files"\n')
    status, output = run(*twins, "--state", "--ignore", str(ignore))
    assert status == 0
    assert "open files: slab/cache/filp" in output
    assert "remove it" not in output


@pytest.mark.parametrize(
    "words", [[], ["only-one.log"], ["missing-a.log", "missing-b.log"], ["a", "b", "--only", "x"]]
)
def test_trouble_exits_2_with_a_sentence(words: list[str]) -> None:
    status, output = run(*words)
    assert status == 2
    assert len(output) > 20
