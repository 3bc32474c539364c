"""The lines of the remap allocator, of every generation, as events."""

from __future__ import annotations

from typing import Any

import pytest

from tests.events.test_bootmem import event
from tracekit.events import numa_32
from tracekit.events.base import Event


@pytest.mark.parametrize(
    ("text", "kind", "facts"),
    [
        ("node 0 pfn: [0 - 40000]", numa_32.NodePfn, {"end_pfn": 0x40000}),
        (
            "Node: 1, start_pfn: 1179648, end_pfn: 2752512",
            numa_32.PhysnodeMap,
            {"nid": 1, "end_number": "2752512"},
        ),
        (
            "chunk 2 nid 1 start_pfn 00120000 end_pfn 002a0000",
            numa_32.MemoryChunk,
            {"nid": 1, "start_pfn": 0x120000},
        ),
        (
            "Reserving 16384 pages of KVA for lmem_map of node 0",
            numa_32.KvaReserve,
            {"pages": 16384, "pfn": None},
        ),
        (
            "Reserving 2560 pages of KVA for lmem_map of node 0 at 3f600",
            numa_32.KvaReserve,
            {"pages": 2560, "pfn": 0x3F600},
        ),
        (
            "Reserving total of 1400 pages for numa KVA remap",
            numa_32.KvaTotal,
            {"total_number": "1400"},
        ),
        (
            "Shrinking node 0 from 1179648 pages to 1163264 pages",
            numa_32.KvaShrink,
            {"old_end": 1179648, "new_end": 1163264, "removed": False},
        ),
        (
            "remove_active_range (1, 521216, 523776)",
            numa_32.KvaShrink,
            {"nid": 1, "new_end": 523776, "removed": True},
        ),
        (
            "Shrinking node 1 further by 480 pages for proper alignment",
            numa_32.KvaShrinkFurther,
            {"pages": 480},
        ),
        (
            "kva_start_pfn ~ 190464 find_max_low_pfn() ~ 229376",
            numa_32.KvaStart,
            {"start_number": "190464", "decimal": " find_max_low_pfn() ~ "},
        ),
        (
            "kva_start_pfn ~ 36400 max_low_pfn ~ 379fe",
            numa_32.KvaStart,
            {"end_number": "379fe", "decimal": None},
        ),
        (
            "reserve_pages = 5632 find_max_low_pfn() ~ 229376",
            numa_32.KvaReservePages,
            {"pages": 5632, "new_end": 229376},
        ),
        (
            "min_low_pfn = 1945, max_low_pfn = 229376, highstart_pfn = 229376",
            numa_32.MaxLowPfn,
            {"end_number": "229376", "min_number": "1945"},
        ),
        (
            "node 1 will remap to vaddr f2800000 - 01600000",
            numa_32.WillRemap,
            {"start": 0xF2800000, "end": 0x1600000},
        ),
        ("allocate_pgdat: node 0 NODE_DATA f6400000", numa_32.AllocatePgdat, {"start": 0xF6400000}),
        ("remap_numa_kva: node 1", numa_32.RemapNode, {"nid": 1}),
        (
            "remap_numa_kva: f6400000 to pfn 0003f600",
            numa_32.RemapPage,
            {"start": 0xF6400000, "pfn": 0x3F600},
        ),
        (
            "remap_alloc: node 0 [3f600000-40000000) -> [f6e00000-f7800000)",
            numa_32.RemapAlloc,
            {"start": 0x3F600000, "remap_end": 0xF7800000},
        ),
        (
            "remap_alloc: failed to allocate 2097152 bytes for node 1",
            numa_32.RemapFailed,
            {"size": 2097152, "area": None},
        ),
        (
            "remap_alloc: failed to allocate 2097152 bytes remap area for node 1",
            numa_32.RemapFailed,
            {"area": "remap area "},
        ),
        (
            "  NODE_DATA [mem 0x36e00000-0x36e00fff] (remapped)",
            numa_32.RemappedNodeData,
            {"first": 0x36E00000, "last": 0x36E00FFF},
        ),
    ],
)
def test_each_wording_gives_its_facts(text: str, kind: type[Event], facts: dict[str, Any]) -> None:
    found = event(text)
    assert type(found) is kind
    assert {name: getattr(found, name) for name in facts} == facts
