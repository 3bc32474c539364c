"""Boots made of a few lines, and what the map's checks find in them."""

from __future__ import annotations

from pathlib import Path

import tracekit
from tracekit.boot import Boot
from tracekit.replay.maps.driver import map_findings


def boot_of(tmp_path: Path, text: str) -> Boot:
    path = tmp_path / "dmesg.log"
    path.write_text("".join(f"[    0.000000] {line}\n" for line in text.splitlines()))
    return tracekit.load(path)


def found(tmp_path: Path, text: str) -> list[tuple[str, int]]:
    return [(f.code, f.line.line) for f in map_findings(boot_of(tmp_path, text))]


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)
