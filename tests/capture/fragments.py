"""A short boot in our own words, shaped as the kernel prints it, for tests of transports."""

from __future__ import annotations

_EARLY = """\
Linux version 6.1.0-test (builder@box) (gcc 12.2.0, GNU ld 2.40) #1 SMP PREEMPT_DYNAMIC 2026-07-02
Command line: console=ttyS0 nokaslr memblock=debug log_buf_len=1M trace_buf_size=24M panic=-1
BIOS-provided physical RAM map:
BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
BIOS-e820: [mem 0x000000000009fc00-0x000000000009ffff] reserved
BIOS-e820: [mem 0x0000000000100000-0x000000000ffdffff] usable
NX (Execute Disable) protection: active
SMBIOS 2.8 present.
e820: update [mem 0x00000000-0x00000fff] usable ==> reserved
last_pfn = 0xffe0 max_arch_pfn = 0x400000000
memblock_reserve: [0x000000000009f000-0x00000000000fffff] setup_arch+0x5aa/0xd60
MEMBLOCK configuration:
 memory size = 0x000000000ff7ec00 reserved size = 0x000000000357e000
 memory.cnt  = 0x2
 memory[0x0]\t[0x0000000000001000-0x000000000009efff], 0x000000000009e000 bytes flags: 0x0
 memory[0x1]\t[0x0000000000100000-0x000000000ffdffff], 0x000000000fee0000 bytes flags: 0x0
 reserved.cnt  = 0x2
 reserved[0x0]\t[0x0000000000000000-0x000000000000ffff], 0x0000000000010000 bytes flags: 0x0
 reserved[0x1]\t[0x0000000001000000-0x0000000004410fff], 0x0000000003411000 bytes flags: 0x0
memblock_phys_alloc_range: 4096 bytes align=0x1000 from=0x0000000000000000 \
max_addr=0x0000000000100000 reserve_real_mode+0x4d/0x93
memblock_reserve: [0x000000000009e000-0x000000000009efff] memblock_phys_alloc_range+0x56/0x79
memblock_alloc_try_nid: 152 bytes align=0x40 nid=-1 from=0x0000000000000000 \
max_addr=0x0000000000000000 acpi_table_parse+0x2d/0x8e
memblock_reserve: [0x000000000ffdff40-0x000000000ffdffd7] memblock_alloc_range_nid+0xd7/0x14c
Zone ranges:
  DMA      [mem 0x0000000000001000-0x0000000000ffffff]
  DMA32    [mem 0x0000000001000000-0x000000000ffdffff]
  Normal   empty
Movable zone start for each node
Early memory node ranges
  node   0: [mem 0x0000000000001000-0x000000000009efff]
  node   0: [mem 0x0000000000100000-0x000000000ffdffff]
Initmem setup node 0 [mem 0x0000000000001000-0x000000000ffdffff]
pcpu-alloc: s217088 r8192 d28672 u262144 alloc=1*2097152
pcpu-alloc: [0] 0
Built 1 zonelists, mobility grouping on.  Total pages: 64352
Kernel command line: console=ttyS0 nokaslr memblock=debug log_buf_len=1M trace_buf_size=24M
Dentry cache hash table entries: 32768 (order: 6, 262144 bytes, linear)
Inode-cache hash table entries: 16384 (order: 5, 131072 bytes, linear)
Memory: 192632K/261624K available (14342K kernel code, 2331K rwdata, 9056K rodata, 2800K init, \
17396K bss, 35444K reserved, 0K cma-reserved)
SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=1, Nodes=1
"""
_LATE = """\
Mount-cache hash table entries: 512 (order: 0, 4096 bytes, linear)
smpboot: CPU0: test processor (family: 0x6, model: 0x6, stepping: 0x3)
PCI: Using configuration type 1 for base access
clocksource: jiffies: mask: 0xffffffff max_cycles: 0xffffffff, max_idle_ns: 7645041785100000 ns
rtc_cmos 00:05: setting system clock to 2026-11-22T09:27:39 UTC (1795339659)
Freeing unused kernel image (initmem) memory: 2800K
Run /init as init process
  with arguments:
    /init
"""

MESSAGES: list[tuple[float, str]] = [
    *((0.0, text) for text in _EARLY.splitlines()),
    *((0.1 + number / 8, text) for number, text in enumerate(_LATE.splitlines())),
]
DMESG = "".join(f"[{time:12.6f}] {text}\n" for time, text in MESSAGES)
