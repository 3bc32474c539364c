"""Bootmem ranges: roll-back, second frees, ranges outside the node."""

from __future__ import annotations

from pathlib import Path

from tests.replay.bootmem_text import after_head, codes, ledger


def test_an_exclusive_reservation_is_rolled_back_without_a_word(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::mark_bootmem_node nid=0 start=e0 end=f8 reserve=1 flags=1\n"
        "bootmem::__reserve nid=0 start=e0 end=f8 flags=1\n"
        "bootmem::__free nid=0 start=e0 end=f0\n"
        "bootmem::free_all_bootmem_core nid=0 start=0 end=100\n"
        "bootmem::free_all_bootmem_core nid=0 released=100\n",
    )
    assert codes(found) == []
    assert ledger(found).checks["handoff"].matched == 1


def test_a_second_free_is_a_bug_that_the_kernel_would_not_survive(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::mark_bootmem_node nid=0 start=4 end=6 reserve=0 flags=0\n"
        "bootmem::__free nid=0 start=4 end=6\n",
    )
    assert codes(found) == [("BM110", 9)]


def test_a_range_outside_the_node_is_reported(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::mark_bootmem_node nid=0 start=f8 end=108 reserve=1 flags=0\n"
        "bootmem::__reserve nid=0 start=f8 end=108 flags=0\n",
    )
    assert codes(found) == [("BM112", 9)]


def test_pages_reserved_twice_are_told_one_by_one(tmp_path: Path) -> None:
    told = "".join(f"bootmem::__reserve silent double reserve of PFN {p:x}\n" for p in (0xF0,))
    lines = (
        "bootmem::mark_bootmem_node nid=0 start=ef end=f2 reserve=1 flags=0\n"
        "bootmem::__reserve nid=0 start=ef end=f2 flags=0\n"
    )
    assert codes(after_head(tmp_path, lines + told)) == []
    assert codes(after_head(tmp_path, lines)) == [("BM111", 9)]
    wrong = told.replace("f0", "f1")
    assert codes(after_head(tmp_path, lines + wrong)) == [("BM111", 10)]


def test_a_mark_and_what_it_does_must_be_the_same_range(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::mark_bootmem_node nid=0 start=10 end=12 reserve=1 flags=0\n"
        "bootmem::__reserve nid=0 start=10 end=13 flags=0\n",
    )
    assert codes(found) == [("BM108", 9)]


def test_a_mark_without_its_second_line_is_carried_out(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::mark_bootmem_node nid=0 start=0 end=10 reserve=1 flags=0\n"
        "bootmem::alloc_bootmem_bdata nid=0 size=1000 [1 pages] align=20 goal=0 limit=0\n"
        "bootmem::__reserve nid=0 start=10 end=11 flags=1\n",
    )
    assert codes(found) == [("BM107", 8)]
    assert ledger(found).checks["address"].matched == 1


def test_a_second_line_without_its_mark_is_reported(tmp_path: Path) -> None:
    found = after_head(tmp_path, "bootmem::__reserve nid=0 start=0 end=10 flags=0\n")
    assert codes(found) == [("BM106", 8)]
