"""Bootmem nodes: bitmaps, unknown nodes."""

from __future__ import annotations

from pathlib import Path

from tests.replay.bootmem_text import HEAD, after_head, codes, ledger, played


def test_bitmaps_that_share_bytes_are_the_kernels_own_bug(tmp_path: Path) -> None:
    found = after_head(
        tmp_path, "bootmem::init_bootmem_core nid=1 start=100 map=f0 end=200 mapsize=20\n"
    )
    assert codes(found) == [("BM121", 8)]


def test_pages_whose_bits_are_shared_are_unknown_from_then_on(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::init_bootmem_core nid=1 start=100 map=f0 end=200 mapsize=20\n"
        "bootmem::mark_bootmem_node nid=1 start=100 end=200 reserve=0 flags=0\n"
        "bootmem::__free nid=1 start=100 end=200\n"
        "bootmem::mark_bootmem_node nid=0 start=f0 end=f2 reserve=1 flags=0\n"
        "bootmem::__reserve nid=0 start=f0 end=f2 flags=0\n"
        "bootmem::__reserve silent double reserve of PFN f1\n",
    )
    assert codes(found) == [("BM121", 8)]


def test_a_node_that_was_never_set_up_is_unchecked(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::alloc_bootmem_bdata nid=3 size=1000 [1 pages] align=20 goal=0 limit=0\n"
        "bootmem::__reserve nid=3 start=0 end=1 flags=1\n",
    )
    assert codes(found) == []
    assert ledger(found).checks["address"].unchecked.total() == 1


def test_a_bitmap_of_the_wrong_size_is_reported(tmp_path: Path) -> None:
    found = played(HEAD.replace("mapsize=20", "mapsize=24"), tmp_path)
    assert codes(found) == [("BM120", 3)]
