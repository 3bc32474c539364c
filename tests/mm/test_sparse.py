"""Sections, and the sizes of memory maps as real boots asked for them."""

from __future__ import annotations

from tracekit.mm.mm_init import PfnRange
from tracekit.mm.sparse import (
    flat_map_bytes,
    present_sections,
    section_counts,
    section_map_size,
)

MIB = 1 << 20


def test_sections_with_any_ram_are_present() -> None:
    ranges = [PfnRange(1, 159), PfnRange(256, 0x8001), PfnRange(0x20000, 0x20001, 1)]
    assert present_sections(ranges, 0x8000) == [PfnRange(0, 0x10000), PfnRange(0x20000, 0x28000, 1)]


def test_a_section_s_map_fills_huge_pages() -> None:
    assert section_map_size(32768, 64, 2 * MIB) == 2 * MIB
    assert section_map_size(256, 64, 2 * MIB) == 2 * MIB
    assert section_map_size(32768, 56, 4096) == 448 * 4096


def test_a_section_belongs_to_its_first_node() -> None:
    ranges = [PfnRange(0, 0xC000, 0), PfnRange(0xC000, 0x20000, 1)]
    assert list(section_counts(ranges, 0x8000)) == [(0, 2), (1, 2)]
    assert list(section_counts([], 0x8000)) == []


def test_a_flat_map_reaches_from_block_to_block() -> None:
    assert flat_map_bytes(0, 65536, 36, 1024) == 2359296
    assert flat_map_bytes(0x40001, 0x80001, 32, 1024) == (0x40000 + 1024) * 32
