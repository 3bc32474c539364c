"""A small boot log from zones to the Memory: line, and what its replay gives."""

from __future__ import annotations

from pathlib import Path

import tracekit
from tracekit.replay.boot import Replay, replay

# A 512M x86_64 machine without memblock=debug: what an ordinary user's log shows.
PLAIN = """\
Linux version 6.1.0-50-amd64 (x@y) #1 SMP
Command line: nokaslr
BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
BIOS-e820: [mem 0x000000000009fc00-0x000000000009ffff] reserved
BIOS-e820: [mem 0x0000000000100000-0x000000001ffdffff] usable
last_pfn = 0x1ffe0 max_arch_pfn = 0x400000000
RAMDISK: [mem 0x1fee4000-0x1ffdffff]
Zone ranges:
  DMA      [mem 0x0000000000001000-0x0000000000ffffff]
  DMA32    [mem 0x0000000001000000-0x000000001ffdffff]
  Normal   empty
  Device   empty
Movable zone start for each node
Early memory node ranges
  node   0: [mem 0x0000000000001000-0x000000000009efff]
  node   0: [mem 0x0000000000100000-0x000000001ffdffff]
Initmem setup node 0 [mem 0x0000000000001000-0x000000001ffdffff]
On node 0, zone DMA: 1 pages in unavailable ranges
On node 0, zone DMA: 97 pages in unavailable ranges
On node 0, zone DMA32: 32 pages in unavailable ranges
setup_percpu: NR_CPUS:8192 nr_cpumask_bits:2 nr_cpu_ids:2 nr_node_ids:1
percpu: Embedded 62 pages/cpu s217088 r8192 d28672 u1048576
pcpu-alloc: s217088 r8192 d28672 u1048576 alloc=1*2097152
pcpu-alloc: [0] 0 1
Built 1 zonelists, mobility grouping on.  Total pages: 128736
Dentry cache hash table entries: 65536 (order: 7, 524288 bytes, linear)
Inode-cache hash table entries: 32768 (order: 6, 262144 bytes, linear)
Memory: 334140K/523768K available (14343K kernel code, 2338K rwdata, 9116K rodata, 2820K init, \
17356K bss, 70688K reserved, 0K cma-reserved)
SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=2, Nodes=1
futex hash table entries: 512 (order: 3, 32768 bytes, linear)
TCP established hash table entries: 4096 (order: 3, 32768 bytes, linear)
TCP bind hash table entries: 4096 (order: 5, 131072 bytes, linear)
TCP: Hash tables configured (established 4096 bind 4096)
MPTCP token hash table entries: 512 (order: 2, 12288 bytes, linear)
Freeing initrd memory: 1008K
"""

# A log that comes this far is not cut before the hand-off, where nothing more would be decided.
END = "\nSLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=1, Nodes=1\n"


def played(text: str, folder: Path) -> Replay:
    """Return the replay of a log."""
    log = folder / "dmesg.log"
    log.write_text(text if "SLUB: " in text else text.rstrip("\n") + END)
    return replay(tracekit.load(log))


def codes(found: Replay) -> list[tuple[str, int]]:
    """Return the loud divergences as (code, line)."""
    return [(d.code, d.line.line) for d in found.loud]


def changed(old: str, new: str, text: str = PLAIN) -> tuple[str, int]:
    """Return the log with one piece of text changed, and the line of the change."""
    assert text.count(old) == 1, old
    return text.replace(old, new), text[: text.index(old)].count("\n") + 1
