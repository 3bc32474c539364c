"""Bootmem requests: what may fail, what may not, what contradicts itself."""

from __future__ import annotations

from pathlib import Path

from tests.replay.bootmem_text import after_head, codes, ledger, played


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


def test_a_node_without_memory_has_no_room(tmp_path: Path) -> None:
    found = after_head(
        tmp_path,
        "bootmem::alloc_bootmem_bdata nid=1 size=1000 [1 pages] align=20 goal=0 limit=0\n"
        "bootmem::alloc_bootmem_bdata nid=0 size=1000 [1 pages] align=20 goal=0 limit=0\n"
        "bootmem::__reserve nid=0 start=0 end=1 flags=1\n",
    )
    assert codes(found) == []
    assert ledger(found).checks["address"].matched == 2


UNSEEN = """\
Linux version 2.6.32 (x@y) #1
bootmem::alloc_bootmem_core nid=0 size=1000 [1 pages] align=1000 goal=0 limit=0
bootmem::__reserve nid=0 start=20 end=21 flags=1
bootmem::alloc_bootmem_core nid=0 size=1000 [1 pages] align=1000 goal=0 limit=0
bootmem::__reserve nid=0 start=21 end=22 flags=1
bootmem::alloc_bootmem_core nid=0 size=2000 [2 pages] align=1000 goal=0 limit=0
bootmem::__reserve nid=0 start=22 end=24 flags=1
bootmem::alloc_bootmem_core nid=0 size=1000 [1 pages] align=1000 goal=0 limit=0
bootmem::__reserve nid=0 start=24 end=25 flags=1
bootmem::free_all_bootmem_core nid=0 start=0 end=100 aligned=1
bootmem::free_all_bootmem_core nid=0 released=c0
"""


def test_a_node_set_up_unseen_is_predicted_from_its_first_allocation_on(tmp_path: Path) -> None:
    found = played(UNSEEN, tmp_path)
    assert codes(found) == []
    assert ledger(found).checks["address"].matched == 3
    assert ledger(found).checks["address"].unchecked.total() == 1
    assert ledger(found).checks["handoff"].unchecked.total() == 1
    assert [i.kind for i in ledger(found).inferences] == ["early-state"]


def test_pages_that_two_allocations_pass_over_were_reserved_before(tmp_path: Path) -> None:
    text = UNSEEN.replace("start=22 end=24", "start=30 end=32").replace("24 end=25", "32 end=33")
    found = played(text, tmp_path)
    assert codes(found) == []
    assert ledger(found).checks["address"].inferred == 1
    assert [i.subject for i in ledger(found).inferences][1:] == ["pages [0x22-0x30)"]


def test_one_allocation_alone_does_not_explain_itself(tmp_path: Path) -> None:
    found = played(UNSEEN.replace("start=22 end=24", "start=30 end=32"), tmp_path)
    assert codes(found) == [("BM101", 7)]


def test_the_last_allocation_cannot_be_decided(tmp_path: Path) -> None:
    found = played(UNSEEN.replace("24 end=25", "26 end=27"), tmp_path)
    assert codes(found) == []
    assert ledger(found).checks["address"].unchecked.total() == 2


def test_a_failed_attempt_on_such_a_node_is_left_open(tmp_path: Path) -> None:
    tries = "bootmem::alloc_bootmem_core nid=0 size=1000 [1 pages] align=1000 goal={} limit=0\n"
    text = UNSEEN.replace(tries.format(0), tries.format(1000000) + tries.format(0), 2)
    found = played(text, tmp_path)
    assert codes(found) == []
    assert ledger(found).checks["address"].unchecked.total() == 3
