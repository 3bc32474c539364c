"""Limits on a budget."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.budget.test_tree import small
from tracekit.report.budget_limits import LimitError, broken_limits, read_limits, unused_limits


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


def test_sizes_may_be_written_as_the_budget_prints_them(tmp_path: Path) -> None:
    text = '[kind]\na = "96M"\nb = "96 MiB"\nc = "2gib"\nd = "512 B"\ne = "7"\n'
    found = read_limits(limits(tmp_path, text))["kind"]
    assert found == {"a": 96 << 20, "b": 96 << 20, "c": 2 << 30, "d": 512, "e": 7}


def test_a_limit_that_fits_nothing_is_told() -> None:
    wanted = {"kind": {"hash tables": 200, "hash tabels": 1}, "caller": {"nobody": 1}}
    assert list(unused_limits(small(), wanted)) == ["kind hash tabels", "caller nobody"]
