"""Pageblocks that pagetypeinfo leaves out."""

from __future__ import annotations

import pytest

from tracekit.kernel.kernel import Kernel
from tracekit.mm.memblock import Memblock
from tracekit.mm.page_alloc_rules import Rules
from tracekit.mm.page_alloc_zone import Zone
from tracekit.replay.page_alloc.pageblocks import uncounted

BLOCK = 2 << 20


@pytest.mark.parametrize(
    ("arch", "version", "left_out"),
    [("arm64", (5, 10), {1}), ("arm64", (5, 14), set()), ("x86_64", (5, 10), set())],
)
def test_unmapped_ram_has_no_valid_pfn_on_old_arm64(
    arch: str, version: tuple[int, ...], left_out: set[int]
) -> None:
    kernel = Kernel(version=version, arch=arch, page_size=4096)
    memblock = Memblock()
    memblock.add(0, 3 * BLOCK)
    memblock.mark_nomap(BLOCK, BLOCK)
    zone = Zone("DMA", 0, 0, 3 * 512, Rules())
    zone.set_pageblock_type(0, 9, 1)
    zone.set_pageblock_type(512, 10, 1)
    assert uncounted(kernel, memblock, [zone]) == left_out
