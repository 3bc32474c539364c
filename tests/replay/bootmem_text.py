"""Small bootmem logs for tests, and their replay."""

from __future__ import annotations

from pathlib import Path

import tracekit
from tracekit.replay.boot import Replay, replay
from tracekit.replay.ledger import Ledger

HEAD = """\
Linux version 3.10.25 (x@y) #1
Machine: ARM-Versatile PB
bootmem::init_bootmem_core nid=0 start=0 map=f0 end=100 mapsize=20
bootmem::mark_bootmem_node nid=0 start=0 end=100 reserve=0 flags=0
bootmem::__free nid=0 start=0 end=100
bootmem::mark_bootmem_node nid=0 start=f0 end=f1 reserve=1 flags=0
bootmem::__reserve nid=0 start=f0 end=f1 flags=0
"""

# A log that comes this far is not cut before the hand-off, where nothing more would be decided.
END = "\nSLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=1, Nodes=1\n"


def played(text: str, folder: Path) -> Replay:
    """Return the replay of a log with this text."""
    path = folder / "dmesg.log"
    path.write_text(text if "SLUB: " in text else text.rstrip("\n") + END)
    return replay(tracekit.load(path))


def after_head(folder: Path, text: str) -> Replay:
    """Return the replay of one node of 256 pages, all free but the bitmap's, and more lines."""
    return played(HEAD + text, folder)


def codes(found: Replay, allocator: str = "bootmem") -> list[tuple[str, int]]:
    """Return the codes and lines of the allocator's errors and warnings."""
    return [(d.code, d.line.line) for d in found.loud if d.allocator == allocator]


def ledger(found: Replay) -> Ledger:
    """Return bootmem's ledger."""
    return found.context.ledgers["bootmem"]
