"""Replays to render: one that agrees, and one that diverges and has everything a report shows."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.boots import SAMPLES
from tests.cli.running import HEALTHY, diverging
from tracekit.boot import load
from tracekit.replay.boot import Replay, replay


@cache
def healthy() -> Replay:
    """Return the replay of a shipped log, which agrees."""
    return replay(load(HEALTHY))


@cache
def noted() -> Replay:
    """Return the replay of a shipped log that agrees, with notes."""
    return replay(load(SAMPLES / "x86_61_uefi_q35_1G" / "dmesg.log"))


@cache
def faulty() -> Replay:
    """Return the replay of the same log with one answer of memblock moved."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "dmesg.log"
        path.write_text(diverging())
        return replay(load(path))
