"""Lines of percpu's first chunk."""

from __future__ import annotations

import pytest

from tests.events.reading import read
from tracekit.events.percpu_setup import (
    CpusOfNode,
    PcpuAllocMap,
    PcpuAllocSizes,
    PercpuDistance,
    PercpuEmbedded,
    PercpuFallback,
    PercpuNoNode,
    PercpuPaged,
    PercpuWasting,
    RcuCpus,
    SetupPercpu,
)


@pytest.mark.parametrize(
    "text",
    [
        "percpu: Embedded 62 pages/cpu s217088 r8192 d28672 u2097152",
        "PERCPU: Embedded 62 pages/cpu @ffff880028200000 s217088 r8192 d28672 u2097152",
        "percpu: Embedded 62 pages/cpu @(____ptrval____) s217088 r8192 d28672 u2097152",
    ],
)
def test_embedded(text: str) -> None:
    event = read(text)
    assert isinstance(event, PercpuEmbedded)
    assert (event.pages, event.static, event.reserved, event.dyn, event.unit) == (
        62, 217088, 8192, 28672, 2097152,
    )  # fmt: skip


def test_paged() -> None:
    event = read("PERCPU: 9 4K pages/cpu @f83fe000 s23260 r0 d13604")
    assert isinstance(event, PercpuPaged)
    assert (event.pages, event.page_kib, event.static, event.dyn) == (9, 4, 23260, 13604)


def test_sizes() -> None:
    event = read("pcpu-alloc: s95576 r8192 d31400 u135168 alloc=33*4096")
    assert isinstance(event, PcpuAllocSizes)
    assert (event.unit, event.allocs, event.atom) == (135168, 33, 4096)


@pytest.mark.parametrize(
    ("text", "allocs"),
    [
        ("pcpu-alloc: [0] 0 1 2 3 ", ((0, (0, 1, 2, 3)),)),
        ("pcpu-alloc: [0] 0 [1] 1 ", ((0, (0,)), (1, (1,)))),
        ("pcpu-alloc: [0] 00 02 -- -- [1] 01 03 -- -- ",
         ((0, (0, 2, None, None)), (1, (1, 3, None, None)))),
    ],
)  # fmt: skip
def test_unit_maps(text: str, allocs: object) -> None:
    event = read(text)
    assert isinstance(event, PcpuAllocMap)
    assert event.allocs == allocs


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("percpu: wasting 10 pages per chunk", PercpuWasting),
        ("percpu: max_distance=0x18000 too large for vmalloc space 0x0", PercpuDistance),
        ("PERCPU: auto allocator failed (-22), falling back to page size", PercpuFallback),
        ("percpu: cpu 32 has no node 0 or node-local memory", PercpuNoNode),
        ("setup_percpu: NR_CPUS:8192 nr_cpumask_bits:2 nr_cpu_ids:2 nr_node_ids:2", SetupPercpu),
        ("rcu: \tRCU restricting CPUs from NR_CPUS=8192 to nr_cpu_ids=2.", RcuCpus),
        ("rcu: Adjusting geometry for rcu_fanout_leaf=16, nr_cpu_ids=2", RcuCpus),
    ],
)
def test_the_rest(text: str, kind: type) -> None:
    assert isinstance(read(text), kind)


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        (".... node  #1, CPUs:   #2 #3", (2, 3)),
        ("Booting Node   1, Processors  #1", (1,)),
        ("smpboot: Booting Node   1, Processors  #2 #3 OK", (2, 3)),
    ],
)
def test_processors_of_a_node(text: str, cpus: tuple[int, ...]) -> None:
    event = read(text)
    assert isinstance(event, CpusOfNode)
    assert (event.nid, event.cpus) == (1, cpus)
