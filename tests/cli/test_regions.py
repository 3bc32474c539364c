from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.running import HEALTHY, run


def regions(*options: object) -> list[dict[str, Any]]:
    result = run("regions", HEALTHY, "--format", "json", *options)
    assert result.exit_code == 0
    found: list[dict[str, Any]] = json.loads(result.stdout)["regions"]
    return found


def test_both_lists_are_shown_with_owners() -> None:
    assert {region["list"] for region in regions()} == {"memory", "reserved"}
    for region in regions():
        pieces = region["pieces"]
        assert all(piece["owner"] for piece in pieces)
        assert (pieces[0]["start"], pieces[-1]["end"]) == (region["start"], region["end"])


def test_a_list_can_be_chosen() -> None:
    assert {region["list"] for region in regions("--list", "memory")} == {"memory"}


def test_at_a_line_only_what_came_before_counts() -> None:
    early = sum(r["end"] - r["start"] for r in regions("--list", "reserved", "--at", 30))
    assert early < sum(r["end"] - r["start"] for r in regions("--list", "reserved"))


def test_an_address_finds_its_region() -> None:
    wanted = regions("--list", "reserved")[0]
    address = (wanted["start"] + wanted["end"]) // 2
    assert regions("--list", "reserved", "--address", hex(address)) == [wanted]
    assert run("regions", HEALTHY, "--address", "low").exit_code == 2


def test_the_text_names_owners_and_their_lines() -> None:
    result = run("regions", HEALTHY, "--list", "reserved")
    assert result.exit_code == 0
    assert "early_pgtable_alloc" in result.stdout
    assert "(line " in result.stdout


def test_a_log_without_memblock_lines_is_trouble(tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.log"
    quiet.write_text("[    0.000000] Linux version 6.1.0-50-amd64 (gcc-12) #1 SMP\n")
    for path in (quiet, tmp_path / "missing.log"):
        result = run("regions", path)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert str(path) in result.stderr
