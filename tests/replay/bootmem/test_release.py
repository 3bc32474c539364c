"""bootmem's hand-off: the count of released pages, and the node it is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.bootmem_text import HEAD, after_head, codes, ledger, played

BEGUN = "bootmem::free_all_bootmem_core nid=0 start=0 end=100\n"


def test_free_pages_and_the_bitmap_are_released(tmp_path: Path) -> None:
    found = after_head(tmp_path, BEGUN + "bootmem::free_all_bootmem_core nid=0 released=100\n")
    assert codes(found) == []
    assert ledger(found).checks["handoff"].matched == 1


@pytest.mark.parametrize("count", ["ff", "101"])
def test_another_count_is_reported(count: str, tmp_path: Path) -> None:
    line = f"bootmem::free_all_bootmem_core nid=0 released={count}\n"
    assert codes(after_head(tmp_path, BEGUN + line)) == [("BM130", 9)]


def test_another_node_than_was_set_up_is_reported(tmp_path: Path) -> None:
    text = BEGUN.replace("end=100", "end=101")
    text += "bootmem::free_all_bootmem_core nid=0 released=100\n"
    assert codes(after_head(tmp_path, text)) == [("BM120", 8)]


def test_a_wrong_alignment_is_reported(tmp_path: Path) -> None:
    text = BEGUN.replace("end=100", "end=100 aligned=0")
    text += "bootmem::free_all_bootmem_core nid=0 released=100\n"
    assert codes(after_head(tmp_path, text)) == [("BM120", 8)]


def test_a_lost_count_is_reported_at_the_node(tmp_path: Path) -> None:
    assert codes(after_head(tmp_path, BEGUN)) == [("BM131", 8)]


def test_an_odd_start_is_unchecked_where_the_kernel_may_garble_it(tmp_path: Path) -> None:
    odd = HEAD.replace("start=0 ", "start=8 ").replace("mapsize=20", "mapsize=1f")
    odd = odd.replace("mapsize=1f", "mapsize=20")
    lines = BEGUN.replace("start=0", "start=8")
    lines += "bootmem::free_all_bootmem_core nid=0 released=f8\n"
    for release, reasons in (("3.6.5", 1), ("3.10.25", 0)):
        found = played((odd + lines).replace("3.10.25", release), tmp_path)
        assert codes(found) == []
        assert ledger(found).checks["handoff"].unchecked.total() == reasons
