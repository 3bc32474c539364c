"""Bootmem requests: what may fail, what may not, what contradicts itself."""

from __future__ import annotations

from pathlib import Path

from tests.replay.bootmem_text import after_head, codes, ledger


def test_a_request_that_cannot_be_met_may_have_no_result(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::alloc_bootmem_bdata nid=0 size=200000 [512 pages] align=20 goal=0 limit=0\n"
        "bootmem::alloc_bootmem_bdata nid=0 size=1000 [1 pages] align=20 goal=0 limit=0\n"
        "bootmem::__reserve nid=0 start=0 end=1 flags=1\n",
    )
    assert codes(found) == []
    assert ledger(found).checks["address"].matched == 2


def test_a_result_where_there_is_no_room_is_reported(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::alloc_bootmem_bdata nid=0 size=200000 [512 pages] align=20 goal=0 limit=0\n"
        "bootmem::__reserve nid=0 start=0 end=80 flags=1\n",
    )
    assert codes(found) == [("BM104", 9)]


def test_a_request_must_not_contradict_itself(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::alloc_bootmem_bdata nid=0 size=1000 [2 pages] align=20 goal=0 limit=0\n"
        "bootmem::__reserve nid=0 start=0 end=1 flags=1\n",
    )
    assert codes(found) == [("BM114", 8)]


def test_a_result_without_its_request_leaves_one_divergence(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::__reserve nid=0 start=0 end=1 flags=1\n"
        "bootmem::alloc_bootmem_bdata nid=0 size=40 [1 pages] align=20 goal=0 limit=0\n"
        "bootmem::__reserve nid=0 start=1 end=1 flags=1\n"
        "bootmem::alloc_bootmem_bdata nid=0 size=1000 [1 pages] align=1000 goal=0 limit=0\n"
        "bootmem::__reserve nid=0 start=1 end=2 flags=1\n",
    )
    assert codes(found) == [("BM105", 8)]
    assert ledger(found).checks["address"].inferred == 1


def test_a_lost_result_is_reported_at_the_request(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::alloc_bootmem_bdata nid=0 size=1000 [1 pages] align=20 goal=0 limit=0\n"
        "bootmem::alloc_bootmem_bdata nid=0 size=1000 [1 pages] align=20 goal=0 limit=0\n"
        "bootmem::__reserve nid=0 start=1 end=2 flags=1\n",
    )
    assert codes(found) == [("BM103", 8)]
    assert ledger(found).checks["address"].matched == 1
