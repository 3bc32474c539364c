from __future__ import annotations

import pytest

from tests.cli.running import run
from tracekit.divergence import catalogue


def test_every_code_can_be_explained() -> None:
    for code in catalogue():
        result = run("explain", code)
        assert result.exit_code == 0
        assert result.stdout.startswith(code)
        assert "What to do" in result.stdout


@pytest.mark.parametrize("named", ["MB101", "mb101", "allocation-moved"])
def test_a_code_goes_by_its_number_in_any_case_and_by_its_name(named: str) -> None:
    assert run("explain", named).stdout == run("explain", "MB101").stdout


def test_without_a_code_all_are_listed() -> None:
    result = run("explain")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == list(catalogue())


def test_an_unknown_code_is_trouble() -> None:
    result = run("explain", "MB999")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "tracekit explain lists all codes" in result.stderr
