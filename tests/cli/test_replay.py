from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.boots import SAMPLES
from tests.cli.running import HEALTHY, diverging, run
from tracekit.cli.replay import FORMATS
from tracekit.report.json import SCHEMA

NOISE = b"The quick brown fox jumps over the lazy dog, again and again.\n"


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    path = tmp_path / "moved.log"
    path.write_text(diverging())
    return path


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A log that ends in the middle of a line."""
    path = tmp_path / "cut.log"
    path.write_bytes(HEALTHY.read_bytes()[:12345])
    return path


def test_a_healthy_boot_agrees() -> None:
    result = run("replay", HEALTHY)
    assert result.exit_code == 0
    assert result.stdout.startswith("agrees  Linux 6.1.0")
    assert result.stderr == ""


def test_a_moved_allocation_diverges_with_everything_a_reader_needs(moved: Path) -> None:
    result = run("replay", moved)
    assert result.exit_code == 1
    assert result.stdout.startswith("diverges ")
    for label in ("error MB", "line ", "logged", "expected", "next"):
        assert label in result.stdout


def test_exit_zero_changes_the_status_only(moved: Path) -> None:
    plain, zero = run("replay", moved), run("replay", moved, "--exit-zero")
    assert (plain.exit_code, zero.exit_code) == (1, 0)
    assert plain.stdout == zero.stdout


def test_an_incomplete_log_says_so_first_and_is_trouble_only_with_strict(cut: Path) -> None:
    result = run("replay", cut)
    assert result.exit_code == 0
    assert result.stdout.startswith("incomplete ")
    assert run("replay", cut, "--strict").exit_code == 2


def bad_inputs(folder: Path) -> dict[str, Path]:
    """Return inputs that hold nothing to replay, by what is wrong with them."""
    (folder / "empty.log").touch()
    (folder / "nul.log").write_bytes(bytes(4096))
    (folder / "binary").write_bytes(bytes(range(256)) * 64)
    (folder / "noise.log").write_bytes(NOISE * 1000)
    (folder / "loop.log").symlink_to(folder / "loop.log")
    (folder / "useless").mkdir()
    (folder / "useless" / "letter.txt").write_bytes(NOISE)
    (folder / "hollow").mkdir()
    (folder / "broken.xz").write_bytes(b"\xfd7zXZ\0" + bytes(100))
    names = ("empty.log", "nul.log", "binary", "noise.log", "loop.log", "useless", "hollow")
    return {name: folder / name for name in (*names, "broken.xz", "missing.log")}


@pytest.mark.parametrize(
    "name",
    ["empty.log", "nul.log", "binary", "noise.log", "loop.log", "useless", "hollow", "broken.xz",
     "missing.log"],
)  # fmt: skip
def test_bad_input_is_one_clear_sentence_and_status_2(name: str, tmp_path: Path) -> None:
    path = bad_inputs(tmp_path)[name]
    result = run("replay", path)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("tracekit: ")
    assert str(path) in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["empty.log", "binary", "noise.log", "missing.log"])
def test_bad_input_in_json_is_an_error_object(name: str, tmp_path: Path) -> None:
    result = run("replay", "--format", "json", bad_inputs(tmp_path)[name])
    assert result.exit_code == 2
    report = json.loads(result.stdout)
    assert set(report) == {"schema", "error"}
    assert report["schema"] == SCHEMA


def test_a_hundred_megabytes_of_noise_are_refused_soon(tmp_path: Path) -> None:
    path = tmp_path / "noise.log"
    path.write_bytes(NOISE * (100_000_000 // len(NOISE)))
    result = run("replay", path)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_wrong_arguments_are_trouble() -> None:
    assert run("replay").exit_code == 2
    assert run("replay", HEALTHY, "--format", "pdf").exit_code == 2
    assert run("replay", HEALTHY, "--stage", "vmalloc").exit_code == 2
    result = run("replay", HEALTHY, "--until", "noon")
    assert result.exit_code == 2
    assert "neither a line" in result.stderr


def test_standard_input_gives_the_same_report_as_the_file() -> None:
    piped = run("replay", "-", "--format", "json", stdin=HEALTHY.read_bytes())
    assert piped.exit_code == 0
    report = json.loads(piped.stdout)
    opened = json.loads(run("replay", HEALTHY, "--format", "json").stdout)
    assert report["allocators"] == opened["allocators"]
    assert report["boot"]["sources"][0]["lines"] == opened["boot"]["sources"][0]["lines"]


def test_several_paths_are_one_boot(tmp_path: Path) -> None:
    lines = HEALTHY.read_text().splitlines(keepends=True)
    first, second = tmp_path / "first.log", tmp_path / "second.log"
    first.write_text("".join(lines[:200]))
    second.write_text("".join(lines[200:]))
    report = json.loads(run("replay", first, second, "--format", "json").stdout)
    assert [source["path"] for source in report["boot"]["sources"]] == [str(first), str(second)]
    whole = json.loads(run("replay", HEALTHY, "--format", "json").stdout)
    assert report["allocators"] == whole["allocators"]


def test_until_a_line_leaves_out_what_comes_later(moved: Path) -> None:
    whole = json.loads(run("replay", moved, "--format", "json").stdout)
    at = next(d for d in whole["divergences"] if d["severity"] == "error")["line"]["number"]
    before = run("replay", moved, "--until", at - 2, "--format", "json")
    assert all(d["line"]["number"] < at for d in json.loads(before.stdout)["divergences"])
    assert before.exit_code == 0
    lines = moved.read_text().split("\n")
    handed_over = next(number for number, line in enumerate(lines, 1) if "Memory: " in line)
    assert run("replay", moved, "--until", max(at, handed_over)).exit_code == 1


def test_until_a_time() -> None:
    whole = json.loads(run("replay", HEALTHY, "--format", "json").stdout)
    early = json.loads(run("replay", HEALTHY, "--until", "0.0s", "--format", "json").stdout)
    recognised = [report["boot"]["sources"][0]["recognised"] for report in (early, whole)]
    assert 0 < recognised[0] < recognised[1]


def test_stage_narrows_the_report_to_one_allocator() -> None:
    report = json.loads(run("replay", HEALTHY, "--stage", "memblock", "--format", "json").stdout)
    assert [allocator["name"] for allocator in report["allocators"]] == ["memblock"]
    two = run("replay", HEALTHY, "--stage", "memblock", "--stage", "mm_init", "--format", "json")
    names = [allocator["name"] for allocator in json.loads(two.stdout)["allocators"]]
    assert names == ["memblock", "mm_init"]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_goes_to_a_file_without_colour_codes(form: str, tmp_path: Path) -> None:
    output = tmp_path / "report"
    result = run("replay", HEALTHY, "--format", form, "-o", output, FORCE_COLOR="1")
    assert result.exit_code == 0
    assert result.stdout == ""
    text = output.read_text()
    assert text.endswith("\n")
    assert "\x1b" not in text
    if form in ("json", "sarif"):
        json.loads(text)
    if form == "junit":
        ElementTree.fromstring(text)


def test_an_output_that_cannot_be_written_is_trouble(tmp_path: Path) -> None:
    result = run("replay", HEALTHY, "-o", tmp_path / "no" / "such" / "folder")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"NO_COLOR": "", "FORCE_COLOR": "1"}, True),
    ],
)
def test_colour_follows_the_environment(environment: dict[str, str], coloured: bool) -> None:
    result = run("replay", HEALTHY, **environment)
    assert ("\x1b[" in result.stdout) == coloured


def test_notes_are_counted_and_spelled_out_on_demand() -> None:
    folder = SAMPLES / "x86_61_uefi_q35_1G"
    short = run("replay", folder / "dmesg.log").stdout
    long = run("replay", folder / "dmesg.log", "--notes").stdout
    assert "--notes spells them out" in short
    assert long.count("tracekit explain") > short.count("tracekit explain")


def test_a_reader_that_closes_the_pipe_changes_nothing(moved: Path) -> None:
    words = [sys.executable, "-m", "tracekit", "replay", str(moved), "--format", "json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        errors = process.stderr.read()
        status = process.wait()
    assert errors == b""
    assert status == 1


def test_a_defect_of_tracekit_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_paths: str, **_options: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("tracekit.boot.load", broken)
    result = run("replay", HEALTHY)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "ZeroDivisionError" in result.stderr
    assert "TRACEKIT_DEBUG=1" in result.stderr
    assert "Traceback" not in result.stderr
    with pytest.raises(ZeroDivisionError):
        run("replay", HEALTHY, TRACEKIT_DEBUG="1")
