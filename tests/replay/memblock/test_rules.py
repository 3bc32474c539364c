"""The rules of callers: direction, CMA, limits, NODE_DATA, old kernels' arrays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tracekit.events.arch_maps import RadixMapped
from tracekit.events.base import Event, Source
from tracekit.events.carveouts import CmaReserved, HugePages
from tracekit.events.memblock import MemblockCall, MemblockDump, MemblockRequest
from tracekit.events.mm_init import NodeTotalPages, ZoneRangeLine
from tracekit.events.numa import EmulatedNode, NodeData, SratCpu
from tracekit.events.percpu_setup import SetupPercpu
from tracekit.kernel.kernel import Kernel
from tracekit.mm.memblock import Memblock
from tracekit.mm.memblock_type import MEMBLOCK_NOMAP
from tracekit.replay.memblock.log import Alloc, Dump, Other
from tracekit.replay.memblock.machine import GIB, MIB, Machine, describe
from tracekit.replay.memblock.owner import Places, cma_alignment
from tracekit.replay.memblock.rules import (
    Direction,
    final_limit,
    initial_limit,
    predict,
    real_mode_limit,
)

HERE = Source("dmesg", 1)


def machine(arch: str, version: tuple[int, ...] = (6, 1, 0), cmdline: str = "") -> Machine:
    kernel = Kernel(version=version, arch=arch, page_size=4096, cmdline=cmdline)
    return describe(kernel, [])


def asks(caller: str, nid: int = -1) -> Alloc:
    request = MemblockRequest(
        HERE, "memblock_alloc_try_nid", 64, 64, 0, 0, nid, f"{caller}+0x1/0x2"
    )
    return Alloc(request, None)


def result(base: int, size: int, followed: Event | None = None) -> Alloc:
    caller = "memblock_alloc_range_nid+0x1/0x2"
    call = MemblockCall(HERE, "memblock_reserve", base, base + size - 1, caller=caller)
    return Alloc(None, call, base, size, followed)


# -- direction ------------------------------------------------------------------------------


def test_mips_turns_around_in_trap_init() -> None:
    direction = Direction(machine("mips"))
    assert direction.of(asks("setup_arch"))
    assert not direction.of(asks("sparse_init"))
    direction.passed(asks("trap_init"))
    assert direction.of(asks("r4k_tlb_uniquify"))
    assert not direction.of(asks("later"))


def test_old_mips_places_sparse_maps_upwards() -> None:
    assert Direction(machine("mips64", (5, 4, 0))).of(asks("sparse_init_nid"))


def test_loongarch_searches_upwards_from_swiotlb_to_the_dump() -> None:
    direction = Direction(machine("loongarch64"))
    assert not direction.of(asks("setup_arch"))
    assert direction.of(asks("swiotlb_init_remap"))
    assert direction.of(asks("anyone"))
    direction.passed(Dump(MemblockDump(HERE)))
    assert not direction.of(asks("anyone"))


def test_ppc64_places_the_boot_cpus_paca_upwards() -> None:
    direction = Direction(machine("ppc64"))
    assert direction.of(asks("alloc_paca_data"))
    assert not direction.of(asks("alloc_paca_data", nid=0))
    assert not direction.of(asks("setup_arch"))


def test_x86_with_movable_node_searches_upwards_until_the_nodes_are_set_up() -> None:
    direction = Direction(machine("x86_64", cmdline="movable_node"))
    assert direction.of(asks("setup_log_buf"))
    assert not direction.of(result(0x1000, 0x1000, NodeData(HERE, 0x1000, 0x2000, 0)))
    assert not direction.of(asks("anyone"))


# -- unannounced allocations ----------------------------------------------------------------


def test_node_data_comes_from_its_node_in_cache_lines() -> None:
    places = Places(machine("arm64"))
    what = places.purpose(result(0x1000, 0x2A00, NodeData(HERE, 0x1000, 0x3A00, 1)))
    assert (what.kind, what.align, what.nid) == ("node_data", 64, 1)


def test_a_node_s_maps_are_aligned_to_cache_lines_whatever_their_size() -> None:
    places = Places(machine("i386", (3, 6, 5)))
    places.passed(Other(NodeTotalPages(HERE, 1, 4096)))
    assert places.purpose(result(0x1000, 0x3000)).align == 64
    assert places.purpose(result(0x1000, 0x3000)).nid == 1
    places.passed(Other(SetupPercpu(HERE, 8, 8, 2, 2)))
    assert [places.purpose(result(0, 0x1000)).align]  # the group info
    kinds = []
    for _ in range(3):
        kinds.append(places.purpose(result(0, 0x1000)).kind)
        places.passed(result(0, 0x1000))
    assert kinds == ["percpu", "percpu", "other"]


def test_percpu_pages_come_from_the_node_of_their_cpu() -> None:
    box = replace(machine("i386", (3, 6, 5)), cpu_nodes=(0, 1), percpu_pages=2)
    places = Places(box)
    places.passed(Other(SetupPercpu(HERE, 8, 8, 2, 2)))
    nodes = []
    for _ in range(7):
        nodes.append(places.purpose(result(0, 0x1000)).nid)
        places.passed(result(0, 0x1000))
    assert nodes == [-1, -1, 0, 0, 1, 1, -1]


@pytest.mark.parametrize(
    ("arch", "version", "page_size", "expected"),
    [
        ("arm64", (7, 2, 0), 4096, 2 * MIB),
        ("arm64", (5, 10, 0), 4096, 4 * MIB),
        ("arm64", (7, 2, 0), 16384, 32 * MIB),
        ("s390x", (7, 2, 0), 4096, MIB),
        ("arm", (6, 1, 0), 4096, 4 * MIB),
        ("ppc64", (6, 12, 0), 65536, 16 * MIB),
    ],
)
def test_what_a_cma_area_is_aligned_to(
    arch: str, version: tuple[int, ...], page_size: int, expected: int
) -> None:
    box = describe(Kernel(version=version, arch=arch, page_size=page_size), [])
    assert cma_alignment(box, 64 * MIB) == expected


def test_huge_pages_of_a_32_bit_build_are_those_it_registers() -> None:
    kernel = Kernel(version=(6, 1, 0), arch="arm", page_size=4096)
    registered = HugePages(HERE, "2.00", "MiB", 0)
    assert cma_alignment(describe(kernel, [registered]), 64 * MIB) == 2 * MIB
    config = {"CONFIG_ARCH_FORCE_MAX_ORDER": "12", "CONFIG_HUGETLB_PAGE": "y"}
    known = replace(kernel, evidence=replace(kernel.evidence, config=config))
    assert cma_alignment(describe(known, []), 64 * MIB) == 2 * MIB


def test_gigantic_pages_align_their_area() -> None:
    box = machine("x86_64", cmdline="hugetlb_cma=2G")
    assert cma_alignment(box, 2 * GIB) == GIB
    assert cma_alignment(box, 64 * MIB) == 2 * MIB


def test_cma_prefers_memory_above_4_gib_upwards() -> None:
    memblock = Memblock()
    memblock.add(0, 6 * GIB)
    box = machine("x86_64")
    area = result(4 * GIB, 64 * MIB, CmaReserved(HERE, 4 * GIB, 4 * GIB + 64 * MIB))
    what = Places(box).purpose(area)
    assert predict(memblock, area, what, box) == 4 * GIB
    assert not memblock.bottom_up


def test_cma_prefers_high_memory_on_32_bit() -> None:
    memblock = Memblock()
    memblock.add(0x40000000, 0x40000000)
    box = replace(machine("arm"), lowmem_end=0x70000000, dma_end=4 * GIB)
    area = result(0x7F000000, 16 * MIB, CmaReserved(HERE, 0x7F000000, 0x80000000))
    assert predict(memblock, area, Places(box).purpose(area), box) == 0x7F000000


# -- limits ---------------------------------------------------------------------------------


def test_arm_limits_allocations_to_whole_directory_entries() -> None:
    memblock = Memblock()
    memblock.add(0x80000000, 0x2FF80000)
    box = machine("arm")
    assert initial_limit(memblock, box) == 0xAFF00000
    assert final_limit(memblock, box) == memblock.phys_addr_max
    memblock.add(0xC0100400, 0x1000)
    memblock.mark_nomap(0xC0100400, 0x1000)
    assert initial_limit(memblock, box) == 0xAFF00000


def test_the_first_bank_of_old_arm_kernels_may_limit_everything() -> None:
    memblock = Memblock()
    memblock.memory.add_range(0, 0x1000, flags=MEMBLOCK_NOMAP)
    memblock.memory.add_range(0x1000, 0x3DFFF000)
    assert initial_limit(memblock, machine("arm", (5, 2, 1))) == 0
    assert initial_limit(memblock, machine("arm", (5, 10, 1))) == 0x3E000000


# -- the machine ----------------------------------------------------------------------------


def zone(name: str, start: int, end: int) -> ZoneRangeLine:
    return ZoneRangeLine(HERE, name, start, end)


def test_zones_tell_low_memory_and_what_devices_reach() -> None:
    kernel = Kernel(arch="arm", page_size=4096)
    high = [zone("DMA", 0x40000000, 0x70000000), zone("HighMem", 0x70000000, 0x80000000)]
    box = describe(kernel, high)
    assert (box.lowmem_end, box.dma_end) == (0x70000000, 4 * GIB)
    small = [zone("DMA", 0, 0x1000000), zone("Normal", 0x1000000, 0x8000000)]
    assert describe(kernel, small).dma_end == 0x1000000
    arm64 = Kernel(arch="arm64", page_size=4096)
    assert describe(arm64, [zone("DMA", 0, 0), zone("DMA32", 0, GIB)]).dma_end == GIB


def test_cpus_tell_their_nodes() -> None:
    cpus = [SratCpu(HERE, 0, "APIC", "0x00", 0), SratCpu(HERE, 1, "APIC", "0x01")]
    assert describe(Kernel(arch="i386"), cpus).cpu_nodes == (0, 1)


def test_nodes_are_faked_after_the_search_has_turned_downwards() -> None:
    kernel = Kernel(version=(6, 12, 0), arch="x86_64", page_size=4096, cmdline="movable_node")
    fake = EmulatedNode(Source("dmesg", 5), 0, 1 << 30, 0)
    direction = Direction(describe(kernel, [fake]))
    assert direction.of(asks("numa_alloc_distance"))
    later = MemblockRequest(
        Source("dmesg", 6), "memblock_alloc_try_nid", 16, 4096, 0, 0, -1, "numa_alloc_distance+0x1"
    )
    assert not direction.of(Alloc(later, None))


def test_powerpc_is_bound_to_what_it_reaches_in_real_mode() -> None:
    kernel = Kernel(version=(6, 12, 0), arch="ppc64", page_size=1 << 16, cmdline="")
    paca = MemblockRequest(
        HERE, "memblock_alloc_try_nid", 3328, 128, 0, GIB, -1, "alloc_paca_data+0x80/0xd0"
    )
    hash_mmu = describe(kernel, [paca])
    assert real_mode_limit(asks("allocate_paca_ptrs"), hash_mmu) == GIB
    assert real_mode_limit(asks("smp_setup_cpu_maps"), hash_mmu) is None
    radix = describe(kernel, [paca, RadixMapped(HERE, 0, GIB)])
    assert real_mode_limit(asks("allocate_paca_ptrs"), radix) is None
