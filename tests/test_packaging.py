"""The wheel carries everything that the sources have, and works where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.boots import ROOT, SAMPLES
from tracekit.compiled import EXTENSIONS, MODULES

SOURCES = ("tracekit", "grammars", "pyproject.toml", "setup.py", "README.md", "LICENSE")
NEEDED = ("tracekit/syntax/tables.json", "tracekit/py.typed", "tracekit/fixtures/target.sh")
# folder of the sources, endings, folder in the wheel
DATA = (
    ("grammars", ".lark", "tracekit/grammars"),
    ("tracekit/codes", ".toml", "tracekit/codes"),
    ("tracekit/report", ".j2", "tracekit/report"),
    ("tracekit/report/schemas", ".json", "tracekit/report/schemas"),
)


def pip(*words: object) -> None:
    """Run pip without the network; its output is shown where it fails."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of what git knows, so that a build leaves the tree alone."""
    copy, out = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *SOURCES],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    for name in listed:
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", out, copy)
    return next(out.glob("tracekit-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel is installed in."""
    target = tmp_path_factory.mktemp("target")
    pip("install", "--no-deps", "--no-index", "--target", target, wheel)
    return target


def names_in(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_package_is_in_the_wheel(wheel: Path) -> None:
    packages = {path.parent for path in (ROOT / "tracekit").rglob("__init__.py")}
    expected = {f"{path.relative_to(ROOT)}/__init__.py" for path in packages}
    assert expected - names_in(wheel) == set()
    assert {"tracekit/observed/buddyinfo.py", "tracekit/__main__.py"} <= names_in(wheel)


@pytest.mark.parametrize(("folder", "ending", "inside"), DATA)
def test_data_files_are_in_the_wheel(wheel: Path, folder: str, ending: str, inside: str) -> None:
    expected = {f"{inside}/{path.name}" for path in (ROOT / folder).glob(f"*{ending}")}
    assert expected
    assert expected - names_in(wheel) == set()


@pytest.mark.parametrize("name", NEEDED)
def test_single_files_are_in_the_wheel(wheel: Path, name: str) -> None:
    assert name in names_in(wheel)


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no compiler")
def test_the_compiled_modules_are_in_the_wheel(wheel: Path) -> None:
    names = names_in(wheel)
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    wanted = {name.replace(".", "/") + suffix for name in (*MODULES, *EXTENSIONS)}
    assert wanted - names == set()
    assert "tracekit/compiled.stamp" in names


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no compiler")
def test_the_installed_wheel_runs_compiled(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed), "TRACEKIT_PURE": ""}
    words = [sys.executable, "-m", "tracekit", "--version"]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "trace lines are read by the compiled scanner" in done.stdout
    assert "loops are compiled" in done.stdout


def test_nothing_else_is_in_the_wheel(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in names_in(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tracekit"}


def test_the_installed_wheel_replays_a_sample(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    log = SAMPLES / "x86_61_256M_1cpu" / "dmesg.log"
    for words in (["--version"], ["replay", str(log)], ["explain", "MB101"]):
        done = subprocess.run(
            [sys.executable, "-m", "tracekit", *words],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout


def test_the_installed_wheel_reads_its_own_tables(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys, tracekit.syntax.rules as rules\n"
        "assert rules.__file__.startswith(sys.argv[1])\n"
        "assert len(list(rules.dmesg_rules())) > 100\n"
        "assert 'lark' not in sys.modules\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    words = [sys.executable, "-c", code, str(installed)]
    subprocess.run(words, cwd=tmp_path, env=environment, check=True)
