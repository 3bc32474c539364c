"""Small logs with complaints of the kernel, and what the replay says of them."""

from __future__ import annotations

from pathlib import Path

import tracekit
from tracekit.divergence import Divergence

LINUX = "Linux version 5.9.0 (x@y) #1 SMP\n"


def notes(tmp_path: Path, text: str) -> list[Divergence]:
    """Return the notes about the kernel's complaints, in order of lines."""
    path = tmp_path / "dmesg.log"
    path.write_text("".join(f"[    1.000000] {line}\n" for line in text.splitlines()))
    found = tracekit.replay(tracekit.load(path)).divergences
    assert not [d for d in found if d.severity != "note"]
    return [d for d in found if d.code.startswith("KR")]


def note(tmp_path: Path, text: str) -> Divergence:
    """Return the only note."""
    (found,) = notes(tmp_path, text)
    return found
