"""Hash table lines: entries, sizes, orders, and TCP's summary."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.mm_init_text import PLAIN, changed, codes, played


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("Dentry cache hash table entries: 65536", "Dentry cache hash table entries: 131072",
         "MI201"),
        ("(order: 7, 524288 bytes", "(order: 7, 524352 bytes", "MI202"),
        ("(order: 6, 262144", "(order: 5, 262144", "MI202"),
        ("futex hash table entries: 512", "futex hash table entries: 256", "MI201"),
        ("TCP established hash table entries: 4096", "TCP established hash table entries: 8192",
         "MI201"),
        ("(established 4096 bind 4096)", "(established 4096 bind 8192)", "MI203"),
        ("token hash table entries: 512 (order: 2", "token hash table entries: 512 (order: 3",
         "MI202"),
    ],
)  # fmt: skip
def test_one_wrong_number_is_one_divergence(old: str, new: str, code: str, tmp_path: Path) -> None:
    text, line = changed(old, new)
    assert codes(played(text, tmp_path)) == [(code, line)]


def test_either_rounding_of_the_order_is_right_if_it_is_always_the_same(tmp_path: Path) -> None:
    text, _ = changed("512 (order: 2, 12288", "512 (order: 1, 12288")
    assert codes(played(text, tmp_path)) == []


def test_the_tables_of_2_4_follow_no_common_rule(tmp_path: Path) -> None:
    text = """\
Linux version 2.4.5-pre2 (x@y)
Dentry-cache hash table entries: 2048 (order: 2, 16384 bytes)
Inode-cache hash table entries: 1024 (order: 1, 8192 bytes)
"""
    found = played(text, tmp_path)
    assert codes(found) == []
    assert found.allocators[0].checks["hash_table"].checked == 0


def test_without_memory_only_what_needs_none_is_decided(tmp_path: Path) -> None:
    found = played("\n".join(PLAIN.splitlines()[25:]), tmp_path)
    checks = found.allocators[0].checks["hash_table"]
    assert checks.unchecked["the pages that tables are sized by are not in the log"] > 0
    assert checks.diverged == 0


def test_a_kernel_for_small_machines_is_inferred_once(tmp_path: Path) -> None:
    futex = "futex hash table entries: 512 (order: 3, 32768"
    text = PLAIN.replace(futex, "futex hash table entries: 16 (order: 0, 1024")
    text += "UDP hash table entries: 256 (order: 1, 8192 bytes, linear)\n"
    found = played(text, tmp_path)
    assert [i.kind for i in found.inferences] == ["base_small"]
    checks = found.context.ledger("mm_init").checks["hash_table"]
    assert (checks.inferred, checks.diverged) == (1, 0)
