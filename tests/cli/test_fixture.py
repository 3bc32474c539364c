from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from click.testing import CliRunner

from tests.boots import boot
from tracekit.cli import main

SAMPLE = "x86_61_256M_1cpu"
HEALTHY = "[0x000000000fc00000-0x000000000fdfffff] memblock_alloc_range_nid"
FAULTY = "[0x000000000fbff000-0x000000000fdfefff] memblock_alloc_range_nid"


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["fixture", *words])
    return result.exit_code, result.output


@pytest.fixture
def fixture(tmp_path: Path) -> Path:
    folder = tmp_path / "fixture"
    status, output = run("record", str(boot(SAMPLE) / "dmesg.log"), "-o", str(folder))
    assert status == 0
    assert output.endswith(f"the replay agrees; next: tracekit fixture check {folder}\n")
    return folder


def break_log(folder: Path) -> None:
    log = folder / "dmesg.log"
    text = log.read_text()
    assert HEALTHY in text
    log.write_text(text.replace(HEALTHY, FAULTY))


def test_a_check_says_what_changed_in_which_fixture_and_where(fixture: Path) -> None:
    assert run("check", str(fixture)) == (0, "1 of 1 fixtures as kept (1 agreeing)\n")
    break_log(fixture)
    status, output = run("check", str(fixture))
    assert status == 1
    assert output.startswith(f"{fixture}: changed\n    verdict: expected agrees, now diverges\n")
    assert "new divergence: dmesg.log:" in output
    assert output.endswith("0 of 1 fixtures as kept\n")


def test_a_boot_with_a_fault_is_kept_as_one_that_diverges(fixture: Path) -> None:
    break_log(fixture)
    status, output = run("update", str(fixture))
    assert status == 0
    assert "now diverges" in output
    assert run("check", str(fixture)) == (0, "1 of 1 fixtures as kept (1 diverging)\n")


def test_junit_has_a_case_per_fixture(fixture: Path) -> None:
    break_log(fixture)
    status, output = run("check", str(fixture), "--format", "junit")
    suite = fromstring(output)[0]
    assert status == 1
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert "new divergence" in (suite[0][0].text or "")


def test_a_recording_never_goes_over_its_source(fixture: Path) -> None:
    before = (fixture / "dmesg.log").read_bytes()
    for source in (fixture, fixture / "dmesg.log"):
        status, output = run("record", str(source), "-o", str(fixture))
        assert status == 2
        assert "holds what is recorded" in output
    assert (fixture / "dmesg.log").read_bytes() == before


def test_what_is_no_boot_is_refused_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing of a kernel\n")
    status, output = run("record", str(tmp_path / "notes.txt"), "-o", str(tmp_path / "out"))
    assert status == 2
    assert f"{tmp_path / 'notes.txt'}: no line of a Linux boot log" in output
    assert not (tmp_path / "out").exists()


def test_a_folder_without_fixtures_names_the_next_step(tmp_path: Path) -> None:
    status, output = run("check", str(tmp_path))
    assert status == 2
    assert "tracekit fixture record" in output
