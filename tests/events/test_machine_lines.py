from __future__ import annotations

import pytest

from tests.events.reading import read, read_log
from tracekit.events.arch_maps import MemCluster, PariscRange
from tracekit.events.arch_signs import ArchSign
from tracekit.events.boot import CommandLine, LinuxVersion, PageSize
from tracekit.events.carveouts import CmaReserved, CrashKernel, SwiotlbMapped
from tracekit.events.devicetree import MemoryPool, ReservedMem, ReservedMemOverlap
from tracekit.events.efi import EfiMemory
from tracekit.events.initrd import Ramdisk, RamdiskMove
from tracekit.events.mips import MipsCpu, MipsMemory
from tracekit.events.numa import NodeMerged, NodeOverlap, SratMemory


def test_the_banner_and_its_release() -> None:
    event = read("Linux version 6.1.0-9-amd64 (me@here) (gcc-12) #1 SMP")
    assert isinstance(event, LinuxVersion)
    assert event.release == "6.1.0-9-amd64"
    assert event.banner.startswith("(me@here)")


def test_an_empty_command_line_is_known_to_be_empty() -> None:
    event = read("Kernel command line: ")
    assert isinstance(event, CommandLine)
    assert event.cmdline == ""


def test_page_size_is_in_bytes() -> None:
    event = read("Kernel default page size is 16 KB. Huge pages disabled.")
    assert isinstance(event, PageSize)
    assert event.size == 16384


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("efi: mem00: type=7, attr=0xf, range=[0x0000000000001000-0x0000000000080000) (0MB)",
         (0x1000, 0x80000, "Conventional")),
        ("efi: mem02: [Boot Data   |   |  |WB|WT|WC|UC] range=[0x87000-0x87fff] (0MB)",
         (0x87000, 0x88000, "Boot Data")),
        ("efi:   0x000000001000-0x000000307fff [Conventional Memory|   |  |WB|  |  |  ]",
         (0x1000, 0x308000, "Conventional")),
    ],
)  # fmt: skip
def test_efi_descriptors(line: str, expected: tuple[int, int, str]) -> None:
    event = read(line)
    assert isinstance(event, EfiMemory)
    assert (event.start, event.end, event.kind) == expected
    assert event.is_ram


def test_efi_attributes_are_words() -> None:
    line = "efi: mem02: [Runtime Code|RUN|  |XP|WB] range=[0x1000-0x1fff] (0MB)"
    event = read(line)
    assert isinstance(event, EfiMemory)
    assert event.attributes == {"RUN", "XP", "WB"}
    assert not event.is_ram


def test_reserved_memory_regions_and_pools() -> None:
    region = read("OF: reserved mem: 0x5c000000..0x5c1fffff (2048 KiB) nomap non-reusable x@5c")
    pool = read("Reserved memory: created CMA memory pool at 0x5e000000, size 32 MiB")
    assert isinstance(region, ReservedMem)
    assert isinstance(pool, MemoryPool)
    assert (region.range, region.nomap, region.reusable) == ((0x5C000000, 0x5C200000), True, False)
    assert pool.size == 32 << 20


def test_an_overlap_is_known_by_its_middle() -> None:
    event = read("buf@1 (0x01000000--0x03000000) overlaps with lab@1 (0x01000000--0x03000000)")
    assert isinstance(event, ReservedMemOverlap)
    assert (event.node, event.other, event.end) == ("buf@1", "lab@1", 0x3000000)


@pytest.mark.parametrize(
    ("line", "expected", "low"),
    [
        ("crashkernel reserved: 0x0000000063400000 - 0x0000000066400000 (48 MB)",
         (0x63400000, 0x66400000), False),
        ("crashkernel low memory reserved: 0x49000000 - 0x59000000 (256 MB)",
         (0x49000000, 0x59000000), True),
        ("Reserving 128MB of memory at 2928MB for crashkernel (System RAM: 6143MB)",
         (2928 << 20, 3056 << 20), False),
        ("Reserving 256MB of low memory at 2000MB for crashkernel (low RAM limit: 4096MB)",
         (2000 << 20, 2256 << 20), True),
    ],
)  # fmt: skip
def test_crash_kernels(line: str, expected: tuple[int, int], low: bool) -> None:
    event = read(line)
    assert isinstance(event, CrashKernel)
    assert (event.range, event.low) == (expected, low)


def test_the_bounce_buffer_and_cma_have_exclusive_ends() -> None:
    bounce = read("software IO TLB: mapped [mem 0x7a200000-0x7a300000] (1MB)")
    cma = read("cma: Reserved 64 MiB at 0x000000007ac00000 on node -1")
    assert isinstance(bounce, SwiotlbMapped)
    assert isinstance(cma, CmaReserved)
    assert bounce.size == 1 << 20
    assert (cma.end, cma.nid) == (0x7EC00000, -1)


def test_ramdisks_old_and_new() -> None:
    old = read("RAMDISK: 1ffbd000 - 1ffdf0a0")
    new = read("RAMDISK: [mem 0x1ffbd000-0x1ffdf09f]")
    move = read("Move RAMDISK from 000000007ffbd000 - 000000007ffdf09f to 00009000 - 0002b09f")
    assert isinstance(old, Ramdisk)
    assert isinstance(new, Ramdisk)
    assert isinstance(move, RamdiskMove)
    assert old.range == new.range
    assert (move.range, move.origin) == ((0x9000, 0x2B0A0), (0x7FFBD000, 0x7FFDF0A0))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ACPI: SRAT: Node 1 PXM 1 [mem 0x40000000-0x7fffffff] hotplug",
         (0x40000000, 0x80000000, 1, True)),
        ("SRAT: Node 0 PXM 0 0-a0000", (0, 0xA0000, 0, False)),
        ("Memory range 0x100000 to 0x120000 (type 0x0) in proximity domain 0x01 enabled",
         (0x100000000, 0x120000000, None, False)),
        ("Memory range 00000100 to 00020000 in proximity domain 00 enabled and removable",
         (0x100000, 0x20000000, None, True)),
    ],
)  # fmt: skip
def test_srat_memory(line: str, expected: tuple[int, int, int | None, bool]) -> None:
    event = read(line)
    assert isinstance(event, SratMemory)
    assert (event.start, event.end, event.nid, event.hotplug) == expected


def test_joined_and_overlapping_blocks_of_nodes() -> None:
    joined = read(
        "NUMA: Node 0 [mem 0x00000000-0x0009ffff] + [mem 0x00100000-0x3fffffff]"
        " -> [mem 0x00000000-0x3fffffff]"
    )
    clash = read(
        "node 0 [mem 0x00000000-0x7fffffff] overlaps with node 1 [mem 0x70000000-0xffffffff]"
    )
    assert isinstance(joined, NodeMerged)
    assert isinstance(clash, NodeOverlap)
    assert (joined.one, joined.two, joined.end) == ((0, 0xA0000), (0x100000, 1 << 30), 1 << 30)
    assert (clash.nid, clash.other, clash.two) == (0, 1, (0x70000000, 1 << 32))


def test_the_width_of_a_mips_map_is_that_of_a_long() -> None:
    narrow = read("memory: 08000000 @ 00000000 (usable)")
    wide = read("memory: 0000000000058000 @ 0000000000708000 (usable after init)")
    assert isinstance(narrow, MipsMemory)
    assert isinstance(wide, MipsMemory)
    assert (narrow.digits, narrow.range) == (8, (0, 0x8000000))
    assert (wide.digits, wide.range) == (16, (0x708000, 0x760000))


def test_cores_that_have_no_64_bit_registers() -> None:
    event = read("CPU0 revision is: 0001906c (MIPS 4KEc)")
    other = read("CPU0 revision is: 00000e23 (R12000)")
    assert isinstance(event, MipsCpu)
    assert isinstance(other, MipsCpu)
    assert event.is_32bit_core
    assert not other.is_32bit_core


def test_who_may_use_a_cluster_and_a_range() -> None:
    cluster = read("memcluster 0, usage 1, start        0, end     1984")
    ranges = read("0) Start 0x0000000000000000 End 0x000000003fffffff Size   1024 MB")
    assert isinstance(cluster, MemCluster)
    assert isinstance(ranges, PariscRange)
    assert not cluster.is_ram
    assert (ranges.end, ranges.mib) == (1 << 30, 1024)


def test_a_sign_gives_way_to_a_rule_with_facts() -> None:
    parsed = read_log("x86/fpu: x87 FPU will use FSAVE", "Found initrd at 0xc1000000:0xc2000000")
    assert isinstance(parsed.events[0], ArchSign)
    assert not isinstance(parsed.events[1], ArchSign)
    assert parsed.rules == {"sign_x86", "ppc_initrd"}
