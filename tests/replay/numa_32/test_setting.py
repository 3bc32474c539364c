"""What the remap allocator's predictions start from."""

from __future__ import annotations

from pathlib import Path

import pytest

import tracekit
from tracekit.events.numa_32 import KvaTotal
from tracekit.replay.numa_32.setting import Setting, read_setting

LOG = """\
Linux version 2.6.39 (x@y) #1 SMP
BIOS-provided physical RAM map:
 BIOS-e820: 0000000000100000 - 0000000080000000 (usable)
last_pfn = 0x80000 max_arch_pfn = 0x1000000
    memblock_x86_reserve_range: [0x00200000-0x002fffff]              BRK
init_memory_mapping: 0000000000000000-0000000037bfe000
Reserving total of 200 pages for numa KVA remap
    memblock_x86_reserve_range: [0x00400000-0x004fffff]            LATER
On node 0 totalpages: 65536
  Normal zone: 512 pages used for memmap
  Normal zone: 65024 pages, LIFO batch:15
"""


def setting(text: str, folder: Path) -> Setting:
    path = folder / "dmesg.log"
    path.write_text(text)
    boot = tracekit.load(path)
    return read_setting(boot, boot.of(KvaTotal)[0])


def test_what_was_logged_before_counts(tmp_path: Path) -> None:
    found = setting(LOG, tmp_path)
    assert found.max_pfn == 0x80000
    assert found.max_low_pfn == 0x37BFE
    assert found.reserved == [(0x200000, 0x300000)]
    assert not found.reserved_known


def test_free_means_ram_in_one_piece_that_nobody_reserved(tmp_path: Path) -> None:
    found = setting(LOG, tmp_path)
    assert found.is_free(0x300000, 0x400000)
    assert not found.is_free(0x2FF000, 0x300000)
    assert not found.is_free(0xFF000, 0x101000)


def test_the_struct_page_is_what_zones_are_charged_for(tmp_path: Path) -> None:
    assert setting(LOG, tmp_path).struct_pages == (32,)
    assert 56 in setting(LOG.split("On node")[0], tmp_path).struct_pages


@pytest.mark.parametrize(
    ("highest", "large"), [("max_arch_pfn = 0x1000000", 512), ("max_arch_pfn = 0x100000", 1024)]
)
def test_large_pages_are_2_mib_with_pae(highest: str, large: int, tmp_path: Path) -> None:
    text = LOG.replace("max_arch_pfn = 0x1000000", highest)
    assert setting(text, tmp_path).large == large
