"""Sizes that a build fixes: orders, pageblocks, CPUs, requests for struct pages."""

from __future__ import annotations

import pytest

import tracekit
from tests.boots import boot
from tracekit.kernel.arch import nr_orders
from tracekit.kernel.evidence import Evidence
from tracekit.kernel.kernel import Kernel
from tracekit.replay.boot import replay
from tracekit.replay.mm_init.early_memory import find_memory
from tracekit.replay.mm_init.setting import (
    Setting,
    memmap_request_sizes,
    pageblock_order,
    read_setting,
    span,
)


def setting(name: str) -> Setting:
    found = replay(tracekit.load(boot(name) / "dmesg.log"), stages=("memblock", "mm_init"))
    return read_setting(found.boot, find_memory(found.context))


@pytest.mark.parametrize(
    ("version", "symbol", "value", "orders"),
    [
        ((6, 1, 0), "CONFIG_ARCH_FORCE_MAX_ORDER", "11", 11),
        ((6, 12, 0), "CONFIG_ARCH_FORCE_MAX_ORDER", "10", 11),
        ((5, 10, 0), "CONFIG_FORCE_MAX_ZONEORDER", "12", 12),
    ],
)
def test_the_symbol_of_the_largest_order_changed_its_meaning(
    version: tuple[int, ...], symbol: str, value: str, orders: int
) -> None:
    kernel = Kernel(version=version, arch="arm64", evidence=Evidence(config={symbol: value}))
    assert nr_orders(kernel, 4096) == orders


@pytest.mark.parametrize(
    ("arch", "page", "orders", "block"),
    [
        ("x86_64", 4096, 11, 9),
        ("arm64", 16384, 12, 11),
        ("arm64", 65536, 14, 13),
        ("ppc64", 65536, 9, 5),
        ("s390x", 4096, 11, 8),
        ("mips", 4096, 11, 10),
    ],
)
def test_orders_and_pageblocks_by_architecture(
    arch: str, page: int, orders: int, block: int
) -> None:
    kernel = Kernel(arch=arch)
    assert nr_orders(kernel, page) == orders
    assert pageblock_order(kernel, page, orders) == block


def test_a_hash_mmu_names_its_huge_page() -> None:
    assert pageblock_order(Kernel(arch="ppc64"), 65536, 9, 1 << 24) == 8


@pytest.mark.parametrize(
    ("name", "struct_page", "sparse", "cpus"),
    [
        ("x86_61_numa2_512M_2cpu", 64, True, 2),
        ("mipsel-6.1-malta", 36, False, 1),
        ("x86_64_2.6.38.2_512M_1cpu", 56, True, 1),
    ],
)
def test_what_a_boot_tells(name: str, struct_page: int, sparse: bool, cpus: int) -> None:
    found = setting(name)
    assert (found.struct_page, found.sparse, found.cpus) == (struct_page, sparse, cpus)


def test_requests_for_struct_pages() -> None:
    assert memmap_request_sizes(setting("x86_61_numa2_512M_2cpu"), 64) == [4 << 20, 4 << 20]
    assert memmap_request_sizes(setting("mipsel-6.1-malta"), 36) == [2359296]


def test_a_range_as_the_kernel_prints_it() -> None:
    assert span(0x1000, 0x2000) == "[mem 0x1000-0x1fff]"
    assert span(0, 0) == "empty"
