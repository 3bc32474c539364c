"""The hints of one block, in the situations that decide where a search starts."""

from __future__ import annotations

import pytest

from tracekit.mm.percpu_block import BlockMd, align_up, lowest_bit, overlap


def block(**hints: int) -> BlockMd:
    md = BlockMd(1024)
    for name, value in hints.items():
        setattr(md, name, value)
    return md


def test_an_empty_block_offers_all_its_bits() -> None:
    md = BlockMd.empty(1024, has_scan_hint=True)
    assert md.may_fit(1024, 1)
    assert not md.may_fit(1025, 1)
    assert md.search_start(8) == 0


def test_alignment_counts_against_the_largest_run() -> None:
    md = block(contig_hint=16, contig_hint_start=4)
    assert md.may_fit(12, 8)
    assert not md.may_fit(13, 8)


def test_a_larger_run_promotes_the_old_one_to_scan_hint() -> None:
    md = block(contig_hint=8, contig_hint_start=10, first_free=10)
    md.update(40, 60)
    assert (md.contig_hint, md.contig_hint_start) == (20, 40)
    assert (md.scan_hint, md.scan_hint_start) == (8, 10)


def test_search_skips_what_the_scan_hint_rules_out() -> None:
    md = block(contig_hint=20, contig_hint_start=40, scan_hint=8, scan_hint_start=10, first_free=2)
    assert md.search_start(8) == 2
    assert md.search_start(9) == 18


def test_of_equal_runs_the_better_aligned_becomes_the_hint() -> None:
    md = block(contig_hint=8, contig_hint_start=10)
    md.update(32, 40)
    assert md.contig_hint_start == 32


def test_kernels_without_scan_hint_never_skip() -> None:
    md = BlockMd(1024, has_scan_hint=False, contig_hint=8, contig_hint_start=10)
    md.update(40, 60)
    assert md.scan_hint == 0


@pytest.mark.parametrize(
    ("value", "align", "expected"), [(5, 0, 5), (5, 1, 5), (5, 8, 8), (8, 8, 8)]
)
def test_align_up(value: int, align: int, expected: int) -> None:
    assert align_up(value, align) == expected


def test_lowest_bit_and_overlap() -> None:
    assert lowest_bit(40) == 3
    assert overlap(0, 4, 3, 5)
    assert not overlap(0, 4, 4, 5)
