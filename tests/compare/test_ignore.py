from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from tracekit.compare.change import Change
from tracekit.compare.ignore import IgnoreError, IgnoreList, read_ignore

CHANGE = Change("memblock", "log buffer", "setup_log_buf", 4096, 8192)


def ignore_list(tmp_path: Path, text: str, today: str = "2026-11-22") -> IgnoreList:
    path = tmp_path / "ignore.toml"
    path.write_text(text)
    found = read_ignore(str(path))
    found.today = datetime.date.fromisoformat(today)
    return found


def test_a_pattern_excuses_with_its_reason(tmp_path: Path) -> None:
    text = '[[ignore]]\nchange = "memblock/log buffer/*"\nreason = "more logging"\n'
    found = ignore_list(tmp_path, text)
    assert found.reason(CHANGE) == "more logging"
    assert found.warnings() == []


def test_an_expired_entry_excuses_nothing_and_is_told(tmp_path: Path) -> None:
    text = '[[ignore]]\nchange = "memblock/*"\nreason = "x"\nexpires = 2026-11-21\n'
    found = ignore_list(tmp_path, text)
    assert found.reason(CHANGE) is None
    assert "expired on 2026-11-21" in found.warnings()[0]


def test_an_unused_entry_is_told(tmp_path: Path) -> None:
    found = ignore_list(tmp_path, '[[ignore]]\nchange = "slab/*"\nreason = "x"\n')
    assert found.reason(CHANGE) is None
    assert "matches no difference" in found.warnings()[0]
    assert found.warnings(narrowed=True) == []


@pytest.mark.parametrize(
    "text",
    [
        "not toml at all [",
        '[[ignore]]\nchange = "x"\n',
        '[[ignore]]\nchange = "x"\nreason = "y"\nuntil = 3\n',
        '[[ignore]]\nchange = "x"\nreason = "y"\nexpires = "soon"\n',
        "[other]\n",
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(IgnoreError, match=r"ignore\.toml"):
        ignore_list(tmp_path, text)
