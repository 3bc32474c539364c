"""Logs of the sizes that a replay is timed on: an ordinary one, and one of a very large machine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

from tests.boots import SAMPLES
from tracekit.mm.memblock import Memblock
from tracekit.mm.memblock_alloc import alloc_try_nid
from tracekit.mm.memblock_type import MemblockType

SEED = 20261122
ORDINARY = SAMPLES / "x86_61_256M_1cpu" / "dmesg.log"
LOW, HIGH = (0x1000, 0x9F000), (0x100000, 0x1000000000)
KERNEL = (0x1000000, 0x4411000)
LOG_LINES = 60_000
FREED = 1 / 50
CALLERS = (
    ("firmware_map_add_early", 104),
    ("register_nosave_region", 32),
    ("pcpu_setup_first_chunk", 8),
    ("vmemmap_alloc_block_zero", 4096),
    ("sparse_index_alloc", 4096),
    ("pcpu_alloc_first_chunk", 368),
    ("vmemmap_alloc_block", 2 << 20),
)


def ordinary_log(lines: int = 1000) -> str:
    """Return a shipped log, brought to this number of lines by what drivers print."""
    kept = ORDINARY.read_text().splitlines()
    return "\n".join([*kept, *islice(chatter(2.0), lines - len(kept))]) + "\n"


def chatter(time: float) -> Iterator[str]:
    """Yield lines of drivers, which are none of tracekit's business."""
    number = 0
    while True:
        number += 1
        yield (
            f"[{time + number / 1000:12.6f}] pci 0000:{number % 256:02x}:1f.3: reg 0x10: "
            f"[mem 0x{0xFE000000 + 4096 * number:08x}-0x{0xFE000FFF + 4096 * number:08x} 64bit]"
        )


def large_log(lines: int = LOG_LINES) -> str:
    """Return the log of a machine with 64 GiB whose memblock printed nearly all of its lines."""
    machine = Memblock()
    head = list(_head(machine))
    body = list(islice(_calls(machine, random.Random(SEED)), lines - len(head) - 20))
    return "\n".join(f"[    0.000000] {text}" for text in (*head, *body)) + "\n"


def _head(machine: Memblock) -> Iterator[str]:
    yield "Linux version 6.1.0-50-amd64 (gcc-12 (Debian 12.2.0)) #1 SMP"
    yield "Command line: memblock=debug"
    yield "BIOS-provided physical RAM map:"
    for start, end in (LOW, HIGH):
        yield f"BIOS-e820: [mem 0x{start:016x}-0x{end - 1:016x}] usable"
    yield "last_pfn = 0x1000000 max_arch_pfn = 0x10000000000"
    machine.reserve(KERNEL[0], KERNEL[1] - KERNEL[0])
    machine.reserve(0, 0x1000)
    for start, end in (LOW, HIGH):
        machine.add(start, end - start)
        yield f"memblock_add: {_range(start, end)} e820__memblock_setup+0x65/0x7d"
    yield from _dump(machine)


def _dump(machine: Memblock) -> Iterator[str]:
    memory, reserved = machine.memory, machine.reserved
    yield "MEMBLOCK configuration:"
    yield f" memory size = 0x{memory.total_size:016x} reserved size = 0x{reserved.total_size:016x}"
    for which in (memory, reserved):
        yield f" {which.name}.cnt  = 0x{len(which):x}"
        yield from _rows(which)


def _rows(which: MemblockType) -> Iterator[str]:
    for index, region in enumerate(which):
        span = _range(region.base, region.end)
        yield f" {which.name}[0x{index:x}]\t{span}, 0x{region.size:016x} bytes flags: 0x0"


def _calls(machine: Memblock, rng: random.Random) -> Iterator[str]:
    """Yield requests with their answers, in runs of one caller, and now and then a free."""
    while True:
        caller, size = rng.choice(CALLERS)
        align = 4096 if size >= 4096 else 64
        for _ in range(rng.randrange(20, 400)):
            base = alloc_try_nid(machine, size, align)
            yield (
                f"memblock_alloc_try_nid: {size} bytes align=0x{align:x} nid=-1 "
                f"from=0x{0:016x} max_addr=0x{0:016x} {caller}+0x29/0x53"
            )
            span = _range(base, base + size)
            yield f"memblock_reserve: {span} memblock_alloc_range_nid+0xb0/0x13d"
            if rng.random() < FREED:
                machine.free(base, size)
                yield f"memblock_phys_free: {span} {caller}+0x51/0x53"


def _range(start: int, end: int) -> str:
    return f"[0x{start:016x}-0x{end - 1:016x}]"
