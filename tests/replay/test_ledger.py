from __future__ import annotations

from collections.abc import Callable

import pytest

from tracekit.events.base import Source
from tracekit.replay.ledger import Ledger, signature

LINE = Source("dmesg.log", 7, 0.5)


def test_counts_add_up_whatever_is_entered() -> None:
    ledger = Ledger("memblock")
    ledger.matched("address", 3)
    ledger.inferred("address")
    ledger.unchecked("address", "line lost", 2)
    checks = ledger.checks["address"]
    assert (checks.events, checks.checked, checks.matched, checks.inferred) == (6, 4, 3, 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("setup_arch+0x797/0xd4f", "setup_arch+0x9a/0xfff"),
        ("[0xffe0000-0xfffffff] RAMDISK", "[0x1000-0x1fff] RAMDISK"),
        ("unit of 8192 bytes", "unit of 64 bytes"),
    ],
)
def test_a_signature_survives_another_boot(first: str, second: str) -> None:
    assert signature("MB101", first) == signature("MB101", second)


def test_signatures_tell_subjects_and_codes_apart() -> None:
    assert signature("MB101", "setup_arch") != signature("MB101", "paging_init")
    assert signature("MB101", "setup_arch") != signature("MB102", "setup_arch")


def test_an_unknown_code_is_refused() -> None:
    report: Callable[..., object] = Ledger("memblock").report
    with pytest.raises(KeyError):
        report("XX999", LINE, "x", logged="a", simulated="b")
