"""The captured boots that tests run on: the shipped samples, and more where they are at hand."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "sample_traces"


def more_boots() -> Path | None:
    """Return the folder of further captured boots, or None where this machine has none."""
    named = os.environ.get("TRACEKIT_BOOTS")
    folder = Path(named) if named else ROOT.parent / "shared" / "boots"
    return folder if folder.is_dir() else None


def boot_folders() -> list[Path]:
    """Return every captured boot at hand: the further ones where there are any, else samples."""
    folder = more_boots() or SAMPLES
    return sorted(path.parent for path in folder.glob("*/dmesg.log"))


def boot(name: str) -> Path:
    """Return the folder of the boot ``name`` among the samples or the further boots."""
    for folder in (SAMPLES, more_boots()):
        if folder is not None and (folder / name).is_dir():
            return folder / name
    raise LookupError(f"no captured boot {name}")
