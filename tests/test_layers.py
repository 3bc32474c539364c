"""Data flows one way: bytes, lines, events, replay, divergences, report. Nothing points back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "tracekit"

# Each part, and the parts that it may import. A part always may import itself.
FLOW: dict[str, set[str]] = {
    "capture": set(),
    "events": set(),
    "mm": set(),
    "codes": set(),
    "compiled": set(),
    "workers": set(),
    "syntax": {"capture", "events"},
    "kernel": {"capture", "events"},
    "boot": {"capture", "syntax", "events", "kernel"},
    "divergence": {"events"},
    "observed": {"capture", "syntax", "events", "kernel", "boot"},
    "replay": {"boot", "kernel", "mm", "events", "syntax", "observed", "divergence", "capture"},
    "compare": {"boot", "kernel", "mm", "events", "observed", "divergence", "replay"},
    "fixtures": {
        "capture",
        "boot",
        "kernel",
        "divergence",
        "replay",
        "compare",
        "report",
        "workers",
    },
    "report": {"boot", "kernel", "mm", "events", "observed", "divergence", "replay", "compare"},
    "batch": {"boot", "capture", "divergence", "events", "replay", "workers"},
    "batch_table": {"batch"},
    "cli": {"*"},
    "__init__": {"*"},
    "__main__": {"cli"},
}
VERSION_NAMES = ("version", "release", "kernel_version")
VERSION_TABLE = {"kernel/feature.py", "kernel/features.py"}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def part(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted module) of every import of tracekit, the lazy ones too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from ((node.lineno, name) for name in _targets(node))
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)


def _targets(node: ast.ImportFrom) -> list[str]:
    assert node.module is not None
    if node.module == "tracekit":
        return [f"tracekit.{alias.name}" for alias in node.names]
    return [node.module]


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_follow_the_flow(path: Path) -> None:
    own = part(path)
    allowed = FLOW[own]
    if "*" in allowed:
        return
    for line, name in imports(path):
        words = name.split(".")
        if words[0] != "tracekit" or len(words) == 1:
            continue
        target = words[1]
        if target in ("__version__", own):
            continue
        assert target in allowed, f"{path.name}:{line}: {own} must not import {target}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_versions_are_compared_in_the_table_only(path: Path) -> None:
    if str(path.relative_to(ROOT)) in VERSION_TABLE:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare):
            names = {ast.unparse(side) for side in (node.left, *node.comparators)}
            versions = {name for name in names if name.split(".")[-1] in VERSION_NAMES}
            others = names - versions - {"None"}
            assert not (versions and others), f"{path.name}:{node.lineno}: compares {versions}"


def test_every_part_is_known() -> None:
    assert {part(path) for path in modules()} <= set(FLOW)
