from __future__ import annotations

import itertools

from tests.report.replays import faulty, healthy
from tracekit.report.markdown import render


def test_headings_verdict_and_divergence() -> None:
    text = render(faulty())
    divergence = faulty().loud[0]
    assert text.lstrip().startswith("#")
    for expected in ("diverges", "MB101", divergence.logged, divergence.simulated):
        assert expected in text


def test_tables_have_the_same_number_of_columns_in_every_row() -> None:
    for result in (healthy(), faulty()):
        rows = [line for line in render(result).splitlines() if line.startswith("|")]
        assert rows
        for before, row in itertools.pairwise(rows):
            if set(row) <= set("|-: "):
                assert row.count("|") == before.count("|")


def test_every_kind_of_check_is_in_a_table() -> None:
    text = render(healthy())
    for ledger in healthy().allocators:
        assert all(kind in text for kind in ledger.checks)
