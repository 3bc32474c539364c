"""Small memblock logs for tests, and what their replay gives."""

from __future__ import annotations

from pathlib import Path

import tracekit
from tracekit.replay.boot import replay
from tracekit.replay.ledger import Ledger

# 16 MiB of RAM on an x86 machine, with what low memory always holds.
HEAD = """\
Linux version 6.1.0-50-amd64 (x@y) #1 SMP
BIOS-e820: [mem 0x0000000000000000-0x000000000009ffff] usable
BIOS-e820: [mem 0x0000000000100000-0x0000000000ffffff] usable
memblock_add: [0x0000000000100000-0x0000000000ffffff] e820__memblock_setup+0x65/0x7d
MEMBLOCK configuration:
 memory size = 0x0000000000f00000 reserved size = 0x0000000000200000
 memory.cnt  = 0x1
 memory[0x0]\t[0x0000000000100000-0x0000000000ffffff], 0x0000000000f00000 bytes flags: 0x0
 reserved.cnt  = 0x1
 reserved[0x0]\t[0x0000000000200000-0x00000000003fffff], 0x0000000000200000 bytes flags: 0x0
"""


def request(size: int, align: int = 64, caller: str = "some_init", **more: int) -> str:
    """Return the line of a request."""
    nid, low, high = more.get("nid", -1), more.get("low", 0), more.get("high", 0)
    return (
        f"memblock_alloc_try_nid: {size} bytes align={align:#x} nid={nid} from={low:#018x} "
        f"max_addr={high:#018x} {caller}+0x10/0x20\n"
    )


def reserve(start: int, size: int, caller: str = "memblock_alloc_range_nid") -> str:
    """Return a reserve line."""
    return f"memblock_reserve: [{start:#018x}-{start + size - 1:#018x}] {caller}+0x10/0x20\n"


def free(start: int, size: int, caller: str = "some_exit") -> str:
    """Return the line of a free."""
    return f"memblock_phys_free: [{start:#018x}-{start + size - 1:#018x}] {caller}+0x10/0x20\n"


def allocated(start: int, size: int, align: int = 64, caller: str = "some_init") -> str:
    """Return a request with its result."""
    return request(size, align, caller) + reserve(start, size)


def played(text: str, folder: Path, head: str = HEAD) -> Ledger:
    """Return memblock's ledger for the text after ``head``."""
    path = folder / "dmesg.log"
    path.write_text(head + text)
    return replay(tracekit.load(path), stages=("memblock",)).context.ledgers["memblock"]


def told(ledger: Ledger, notes: bool = False) -> list[tuple[str, int]]:
    """Return code and line of what the ledger reports, counted after HEAD."""
    lines = HEAD.count("\n")
    kept = [d for d in ledger.divergences if notes or d.severity != "note"]
    return [(d.code, d.line.line - lines) for d in kept]
