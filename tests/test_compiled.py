"""The compiled modules and their Python sources are one and the same."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.boots import ROOT, SAMPLES
from tracekit import compiled

CLASS = re.compile(r"^cdef class (\w+)(?:\((\w+)\))?:$(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
TRACED = sorted(path.parent for path in SAMPLES.glob("*/trace.txt*"))


def run(*words: object, pure: bool) -> str:
    """Return what tracekit prints, in its compiled or its Python form."""
    command = [sys.executable, "-m", "tracekit", *map(str, words)]
    environment = dict(os.environ, TRACEKIT_PURE="1" if pure else "")
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def test_every_module_of_two_forms_is_there() -> None:
    assert [name for name in compiled.MODULES if not compiled.source(name).is_file()] == []


def test_the_environment_asks_for_the_python_form() -> None:
    assert "loops are plain Python" in run("--version", pure=True)


def test_a_changed_source_is_not_taken_for_the_compiled_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TRACEKIT_PURE", raising=False)
    stamp = tmp_path / "compiled.stamp"
    monkeypatch.setattr(compiled, "STAMP", stamp)
    assert not compiled.in_use()
    stamp.write_text(f"{compiled.module_sum()}\n")
    assert compiled.in_use()
    stamp.write_text("00000000\n")
    assert not compiled.in_use()


def test_an_extension_made_from_other_sources_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tracekit.syntax.path import reading_path
    from tracekit.syntax.trace import bulk_reader

    for name in compiled.EXTENSIONS:
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(compiled, "STAMP", tmp_path / "compiled.stamp")
    compiled.STAMP.write_text(f"{compiled.extension_sum()}\n")
    finder = compiled.PythonFinder()
    assert [finder.find_spec(name) for name in compiled.EXTENSIONS] == [None, None]
    compiled.STAMP.write_text("00000000\n")
    assert bulk_reader()[0] == "regular expressions"
    assert reading_path().startswith("regular expressions")


@pytest.mark.skipif(not compiled.in_use(), reason="nothing is compiled that could be compared")
@pytest.mark.parametrize("boot", TRACED, ids=lambda path: path.name)
def test_both_forms_report_the_same(boot: Path) -> None:
    words = ("replay", "--format", "json", "--state", "snapshot", boot)
    assert run(*words, pure=False) == run(*words, pure=True)


def declared() -> dict[str, tuple[str, str]]:
    """Return the base, "" for none, and the declarations of every class that has C types."""
    files = (compiled.source(module).with_suffix(".pxd") for module in compiled.MODULES)
    found = [CLASS.findall(types.read_text()) for types in files if types.exists()]
    return {name: (base, body) for classes in found for name, base, body in classes}


def attributes(module: str) -> set[tuple[str, str]]:
    """Return (class, attribute) of what the methods of a module's classes assign to self."""
    tree = ast.parse(compiled.source(module).read_text())
    return {
        (owner.name, node.attr)
        for owner in tree.body
        if isinstance(owner, ast.ClassDef)
        for node in ast.walk(owner)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


@pytest.mark.parametrize("module", compiled.MODULES)
def test_the_types_name_every_attribute(module: str) -> None:
    classes = declared()
    missing = set()
    for name, attribute in attributes(module):
        base, text = classes.get(name, ("", "dict __dict__"))
        while base:
            base, inherited = classes.get(base, ("", ""))
            text += inherited
        if not re.search(rf"\b{attribute}\b", text) and "dict __dict__" not in text:
            missing.add(f"{name}.{attribute}")
    assert missing == set()
