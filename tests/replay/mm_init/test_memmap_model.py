"""The memory map's layout, taken from page counts where nothing tells it."""

from __future__ import annotations

from pathlib import Path

from tests.replay.mm_init_text import PLAIN, played

FLAT = """\
Linux version 6.6.63-ky (x@y) #1 SMP
SBI specification v1.0 detected
Zone ranges:
  DMA32    [mem 0x0000000000000000-0x00000000ffffffff]
  Normal   [mem 0x0000000100000000-0x000000027fffffff]
Movable zone start for each node
Early memory node ranges
  node   0: [mem 0x0000000000000000-0x000000007fffffff]
  node   0: [mem 0x0000000100000000-0x000000027fffffff]
Initmem setup node 0 [mem 0x0000000000000000-0x000000027fffffff]
On node 0, zone Normal: 524288 pages in unavailable ranges
Built 1 zonelists, mobility grouping on.  Total pages: 2056192
"""


def test_a_hole_of_two_gigabytes_with_struct_pages_means_a_flat_map(tmp_path: Path) -> None:
    found = played(FLAT, tmp_path)
    assert found.loud == []
    assert [i.subject for i in found.inferences] == [
        "the memory map is flat, a struct page takes 64 bytes"
    ]
    checks = found.context.ledger("mm_init").checks["present_pages"]
    assert (checks.inferred, checks.matched) == (1, 1)


def test_the_usual_layout_needs_no_inference(tmp_path: Path) -> None:
    assert played(PLAIN, tmp_path).inferences == []


def test_a_smaller_struct_page_shows_in_the_zonelists(tmp_path: Path) -> None:
    pages = 130942 - 158 - 56 - 1736
    text = PLAIN.replace("Total pages: 128736", f"Total pages: {pages}")
    found = played(text, tmp_path)
    assert found.loud == []
    assert "a struct page takes 56 bytes" in found.inferences[0].subject


BEYOND = """\
Linux version 6.1.0-50-4kc-malta (x@y) #1
CPU0 revision is: 00019300 (MIPS 24Kc)
Zone ranges:
  DMA      [mem 0x0000000000000000-0x0000000000ffffff]
  Normal   [mem 0x0000000001000000-0x000000001fffffff]
Movable zone start for each node
Early memory node ranges
  node   0: [mem 0x0000000000000000-0x000000000fffffff]
  node   0: [mem 0x0000000090000000-0x00000000bfffffff]
Initmem setup node 0 [mem 0x0000000000000000-0x00000000bfffffff]
On node 0, zone Normal: {} pages in unavailable ranges
"""


def test_ram_beyond_the_highest_zone_has_no_struct_pages(tmp_path: Path) -> None:
    (tmp_path / "wrong").mkdir()
    assert played(BEYOND.format(65536), tmp_path).loud == []
    wrong = played(BEYOND.format(65535), tmp_path / "wrong")
    assert [d.code for d in wrong.divergences] == ["MI109"]
