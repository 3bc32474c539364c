"""Limits on a budget."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.budget.test_tree import small
from tracekit.report.budget_limits import LimitError, broken_limits, read_limits


def limits(folder: Path, text: str) -> str:
    path = folder / "budget.toml"
    path.write_text(text)
    return str(path)


def test_limits_are_kept_or_named(tmp_path: Path) -> None:
    path = limits(
        tmp_path,
        '[total]\nreserved = 100\nfree = "1k"\n[kind]\n"hash tables" = 149\n'
        '[caller]\nalloc_large_system_hash = "1M"\nunknown = 0\n',
    )
    broken = list(broken_limits(small(), read_limits(path)))
    assert [str(limit) for limit in broken] == [
        "reserved: 150 bytes exceeds the limit of 100 bytes",
        "free: 850 bytes is below the least of 1,024 bytes",
        "kind hash tables: 150 bytes exceeds the limit of 149 bytes",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[total", "budget.toml"),
        ("[colour]\na = 1\n", "unknown table"),
        ("total = 1\n", "must be a table"),
        ('[kind]\na = "much"\n', "is no size"),
        ("[kind]\na = true\n", "is no size"),
    ],
)
def test_a_bad_file_is_told_apart(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(LimitError, match=message):
        read_limits(limits(tmp_path, text))


def test_a_missing_file_and_an_unknown_total(tmp_path: Path) -> None:
    with pytest.raises(LimitError, match="No such file"):
        read_limits(str(tmp_path / "none.toml"))
    with pytest.raises(LimitError, match="no such line"):
        list(broken_limits(small(), {"total": {"nothing": 1}}))
