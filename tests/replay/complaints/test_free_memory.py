from __future__ import annotations

from pathlib import Path

import tracekit
from tracekit.events.complaints import PageFailure
from tracekit.replay.complaints.free_memory import zones_shown

LOG = """\
a: page allocation failure: order:1, mode:0xcc0(GFP_KERNEL)
Node 0 DMA free:400kB min:100kB low:120kB high:140kB managed:15360kB
lowmem_reserve[]: 0 50 50
Node 1 Normal free:80kB min:100kB low:120kB high:140kB managed:15360kB
lowmem_reserve[]: 0 0 0
Node 0 DMA: 0*4kB 50*8kB (UC) = 400kB
Node 1 Normal: 20*4kB (C) 0*8kB = 80kB
b: page allocation failure: order:1, mode:0xcc0(GFP_KERNEL)
Node 0 DMA: 1*4kB (U) 0*8kB = 4kB
"""


def test_zones_are_those_of_the_report_with_their_marks(tmp_path: Path) -> None:
    path = tmp_path / "dmesg.log"
    path.write_text(LOG)
    boot = tracekit.load(path)
    first, second = boot.of(PageFailure)
    dma, normal = zones_shown(boot, first)
    assert (dma.name, dma.free_kib, dma.kept_kib) == ("node 0 DMA", 400, 300)
    assert dma.has(1)
    assert not dma.has(2)
    assert not dma.short(4)
    assert dma.short(5)
    assert (normal.name, normal.kept_kib, normal.short()) == ("node 1 Normal", 100, True)
    assert not normal.has(0), "CMA blocks serve only movable requests"
    (only,) = zones_shown(boot, second)
    assert str(only) == "node 0 DMA: 4 KiB free, largest free block of order 0"
