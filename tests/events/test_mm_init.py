"""Lines of the zone and hand-off code, from 2.4 to 7.x."""

from __future__ import annotations

import pytest

from tests.events.reading import read
from tracekit.events.mm_init import (
    DeferredDone,
    FallbackOrder,
    Freeing,
    InitmemSetup,
    MemmapUsed,
    MemoryBanks,
    MemoryLine,
    MovableStart,
    NodeMemoryless,
    NodeRangeLine,
    NodeTotalPages,
    SlubBanner,
    UnavailablePages,
    ZeroedUnavailable,
    Zonelists,
    ZonePages,
    ZoneRangeLine,
    ZoneReserved,
    ZoneSize24,
)


def facts(text: str) -> dict[str, object]:
    event = read(text)
    names = [name for name in type(event).__struct_fields__ if name != "source"]
    return {name: getattr(event, name) for name in names if getattr(event, name) is not None}


@pytest.mark.parametrize(
    ("text", "zone", "start", "end", "in_pfn"),
    [
        ("  DMA32    [mem 0x0000000001000000-0x000000001ffdffff]", "DMA32", 1 << 24, 0x1FFE0000,
         False),
        ("  Normal   empty", "Normal", 0, 0, False),
        ("  DMA      0x00000010 -> 0x00001000", "DMA", 16, 4096, True),
        ("  HighMem    229376 ->  2752512", "HighMem", 229376, 2752512, True),
    ],
)  # fmt: skip
def test_zone_ranges(text: str, zone: str, start: int, end: int, in_pfn: bool) -> None:
    event = read(text)
    assert isinstance(event, ZoneRangeLine)
    assert (event.zone, event.start, event.end, event.in_pfn) == (zone, start, end, in_pfn)
    assert event.empty == (zone == "Normal")


def test_node_ranges() -> None:
    new = read("  node   1: [mem 0x0000000010000000-0x000000001ffdffff]")
    old = read("    0: 0x00000010 -> 0x0000009f")
    oldest = read("    1:  1179648 ->  2730496")
    for event, expected in (
        (new, (1, 0x10000000, 0x1FFE0000, False)),
        (old, (0, 16, 159, True)),
        (oldest, (1, 1179648, 2730496, True)),
    ):
        assert isinstance(event, NodeRangeLine)
        assert (event.nid, event.start, event.end, event.in_pfn) == expected


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("zone(1): 12288 pages.", ZoneSize24, {"index": 1, "pages": 12288}),
        ("  Node 0: 0x0000000018000000", MovableStart, {"nid": 0, "start": 0x18000000}),
        ("Initmem setup node 0 [mem 0x0000000000001000-0x000000001ffdffff]", InitmemSetup,
         {"nid": 0, "start": 0x1000, "end": 0x1FFE0000}),
        ("Initmem setup node 0 0000000000000000-000000001ffe0000", InitmemSetup,
         {"nid": 0, "start": 0, "end": 0x1FFE0000}),
        ("Initmem setup node 1 as memoryless", NodeMemoryless, {"nid": 1}),
        ("Initmem setup node 1 [<memory-less node>]", NodeMemoryless, {"nid": 1}),
        ("On node 0 totalpages: 131072", NodeTotalPages, {"nid": 0, "pages": 131072}),
        ("  DMA zone: 64 pages used for memmap", MemmapUsed, {"zone": "DMA", "pages": 64}),
        ("  DMA zone: 21 pages reserved", ZoneReserved, {"zone": "DMA", "pages": 21}),
        ("  DMA32 zone: 126940 pages, LIFO batch:31", ZonePages,
         {"zone": "DMA32", "pages": 126940, "batch": 31}),
        ("On node 0, zone DMA32: 32 pages in unavailable ranges", UnavailablePages,
         {"nid": 0, "zone": "DMA32", "pages": 32}),
        ("Zeroed struct page in unavailable ranges: 98 pages", ZeroedUnavailable, {"pages": 98}),
        ("Built 2 zonelists in Zone order, mobility grouping on.  Total pages: 514962", Zonelists,
         {"count": 2, "pages": 514962, "order": "Zone", "mobility": "on"}),
        ("Built 1 zonelists, mobility grouping off.  Total pages: 1016", Zonelists,
         {"count": 1, "pages": 1016, "mobility": "off"}),
        ("Fallback order for Node 1: 1 0 ", FallbackOrder, {"nid": 1, "order": (1, 0)}),
        ("node 1 deferred pages initialised in 12ms", DeferredDone, {"nid": 1, "milliseconds": 12}),
        ("Memory: 256MB 64MB = 320MB total", MemoryBanks,
         {"banks": "256MB 64MB", "megabytes": 320}),
        ("Freeing initrd memory: 972K (c8000000 - c80f3000)", Freeing,
         {"what": "initrd", "kib": 972}),
        ("Freeing unused kernel image (text/rodata gap) memory: 2040K", Freeing,
         {"what": "text/rodata gap", "kib": 2040}),
        ("Freeing unused kernel memory: 216k freed", Freeing, {"what": "initmem", "kib": 216}),
        ("Freeing SMP alternatives memory: 36K", Freeing, {"what": "SMP alternatives", "kib": 36}),
    ],
)  # fmt: skip
def test_other_lines(text: str, kind: type, expected: dict[str, object]) -> None:
    event = read(text)
    assert isinstance(event, kind)
    assert facts(text) == expected


def test_banks_have_sizes() -> None:
    event = read("Memory: 256MB 64MB = 320MB total")
    assert isinstance(event, MemoryBanks)
    assert event.sizes == (256, 64)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Memory: 334140K/523768K available (14343K kernel code, 2338K rwdata, 9116K rodata, "
         "2820K init, 17356K bss, 70688K reserved, 0K cma-reserved)",
         {"available": 334140, "total": 523768, "code": 14343, "rwdata": 2338, "rodata": 9116,
          "init": 2820, "bss": 17356, "reserved": 70688, "cma": 0}),
        ("Memory: 504708k/524160k available (4365k kernel code, 452k absent, 19000k reserved, "
         "4576k data, 608k init)",
         {"available": 504708, "total": 524160, "code": 4365, "absent": 452, "reserved": 19000,
          "data": 4576, "init": 608}),
        ("Memory: 252936k/252936k available, 9208k reserved, 0K highmem",
         {"available": 252936, "total": 252936, "reserved": 9208, "highmem": 0}),
    ],
)  # fmt: skip
def test_memory_lines(text: str, expected: dict[str, int]) -> None:
    assert isinstance(read(text), MemoryLine)
    assert facts(text) == expected


def test_slab_banner() -> None:
    old = "SLUB: Genslabs=14, HWalign=64, Order=0-3, MinObjects=0, CPUs=2, Nodes=8"
    event = read(old)
    assert isinstance(event, SlubBanner)
    assert (event.genslabs, event.cpus, event.nodes, event.max_order) == (14, 2, 8, 3)
