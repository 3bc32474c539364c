"""The lines of bootmem and the early reservations, as events."""

from __future__ import annotations

from typing import Any

import pytest

from tracekit.capture.line import Line, Log
from tracekit.events import bootmem
from tracekit.events.base import Event
from tracekit.syntax.dmesg import parse_log


def event(text: str) -> Event:
    parsed = parse_log(Log("log", "dmesg", "dmesg", [Line(1, None, text)], 1, True))
    assert parsed.unparsed == []
    return parsed.events[0]


@pytest.mark.parametrize(
    ("text", "kind", "facts"),
    [
        (
            "bootmem::init_bootmem_core nid=0 start=0 map=ffe5 end=10000 mapsize=2000",
            bootmem.BootmemInit,
            {"map_pfn": 0xFFE5, "end_pfn": 0x10000, "map_bytes": 0x2000},
        ),
        (
            "bootmem::mark_bootmem_node nid=1 start=10000 end=1fa00 reserve=0 flags=0",
            bootmem.BootmemMark,
            {"nid": 1, "start_pfn": 0x10000, "reserve": 0},
        ),
        (
            "bootmem::__reserve nid=0 start=54d end=54d flags=1",
            bootmem.BootmemReserve,
            {"start_pfn": 0x54D, "flags": 1},
        ),
        (
            "bootmem::__reserve silent double reserve of PFN 3f7",
            bootmem.BootmemDouble,
            {"pfn": 0x3F7},
        ),
        (
            "bootmem::alloc_bootmem_core nid=0 size=400000 [1024 pages] align=1000 goal=1000000 "
            "limit=0",
            bootmem.BootmemAlloc,
            {"size": 0x400000, "pages": 1024, "goal": 0x1000000},
        ),
        (
            "bootmem::alloc_bootmem_bdata nid=0 size=1c [1 pages] align=20 goal=0 limit=ffffffff",
            bootmem.BootmemAlloc,
            {"size": 0x1C, "limit": 0xFFFFFFFF},
        ),
        (
            "bootmem::free_all_bootmem_core nid=0 start=0 end=1ffe0 aligned=1",
            bootmem.BootmemFreeAll,
            {"end_pfn": 0x1FFE0, "aligned": 1},
        ),
        (
            "bootmem::free_all_bootmem_core nid=0 start=0 end=8000",
            bootmem.BootmemFreeAll,
            {"aligned": None},
        ),
        (
            "bootmem::free_all_bootmem_core nid=0 released=f74e",
            bootmem.BootmemReleased,
            {"released": 0xF74E},
        ),
        ("hm, page 000fd000 reserved twice.", bootmem.ReservedTwice, {"address": 0xFD000}),
        ("found SMP MP-table at 000fd8d0", bootmem.SmpTable, {"address": 0xFD8D0}),
        ("found SMP MP-table at [c00f5ba0] f5ba0", bootmem.SmpTable, {"address": 0xF5BA0}),
        (
            "low bootmem alloc of 67108864 bytes failed!",
            bootmem.BootmemAllocFailed,
            {"failed_size": 1 << 26, "low": "low "},
        ),
        (
            "Bootmem setup node 0 0000000000000000-0000000440000000",
            bootmem.BootmemSetupNode,
            {"nid": 0, "end": 0x440000000},
        ),
        (
            "  bootmap [0000000000100000 -  0000000000187fff] pages 88",
            bootmem.BootmemMapPages,
            {"start": 0x100000, "last": 0x187FFF, "map_pages": 0x88},
        ),
        (
            "  node 0 bootmap 0002c000 - 00032f40",
            bootmem.BootmemNodeMap,
            {"start": 0x2C000, "end": 0x32F40},
        ),
        ("  mapped low ram: 0 - 379fe000", bootmem.BootmemLowRam, {"mapped": "mapped "}),
        (
            "(9 early reservations) ==> bootmem [0000000000 - 001ffe0000]",
            bootmem.EarlyResHeader,
            {"count": 9, "end": 0x1FFE0000},
        ),
        (
            "  #3 [0000400000 - 0000ccc090]    TEXT DATA BSS ==> [0000400000 - 0000ccc090]",
            bootmem.EarlyResRow,
            {"index": 3, "owner": "TEXT DATA BSS", "part_end": 0xCCC090},
        ),
        (
            "  #8 [003f600000 - 0040000000]          KVA RAM",
            bootmem.EarlyResRow,
            {"owner": "KVA RAM", "part_start": None},
        ),
        (
            "early res: 0 [0-fff] BIOS data page",
            bootmem.EarlyResOldRow,
            {"last": 0xFFF, "owner": "BIOS data page"},
        ),
        ("Subtract (24 early reservations)", bootmem.EarlyResSubtract, {"count": 24}),
        ("  [000009fc00-00000fffff]", bootmem.EarlyResSubtracted, {"start": 0x9FC00}),
    ],
)
def test_each_wording_gives_its_facts(text: str, kind: type[Event], facts: dict[str, Any]) -> None:
    found = event(text)
    assert type(found) is kind
    assert {name: getattr(found, name) for name in facts} == facts


def test_a_garbled_line_is_kept_as_unparsed() -> None:
    line = Line(1, None, "bootmem::__reserve nid=0 start=54d end=54")
    parsed = parse_log(Log("log", "dmesg", "dmesg", [line], 1, True))
    assert parsed.unparsed == [line]
