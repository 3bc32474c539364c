from __future__ import annotations

import json

import pytest

from tracekit.compare.table import Row, Table
from tracekit.report.diff_table import RENDERERS, render_html, render_json, render_text

MIB = 1 << 20


@pytest.fixture
def table() -> Table:
    return Table(
        boots=(("old|log", "5.10"), ("mid", "6.1"), ("new", "7.2")),
        causes=(
            Row("kernel <image>", (MIB, MIB, 3 * MIB)),
            Row("log buffer", (MIB, 2 * MIB, MIB)),
        ),
        totals=(Row("MemTotal", (None, 9 * MIB, 9 * MIB)),),
    )


def test_a_row_says_at_which_boots_it_changes(table: Table) -> None:
    lines = render_text(table).splitlines()
    assert lines[0] == "A  old|log (5.10)"
    by_name = {line.split("  ")[0]: line.split("  ")[-1] for line in lines[5:]}
    assert by_name["kernel <image>"] == "C"
    assert by_name["log buffer"] == "B, C"


def test_what_a_log_does_not_tell_is_a_dash(table: Table) -> None:
    line = next(line for line in render_text(table).splitlines() if line.startswith("MemTotal"))
    assert line.split()[1] == "-"


def test_html_escapes_and_json_keeps_bytes(table: Table) -> None:
    assert "kernel &lt;image&gt;" in render_html(table)
    report = json.loads(render_json(table))
    assert report["schema"] == "tracekit.diff-table/1"
    assert report["causes"][0]["bytes"] == [MIB, MIB, 3 * MIB]
    assert report["verdict"] == "differs"


@pytest.mark.parametrize("form", RENDERERS)
def test_every_format_names_a_coarse_comparison(form: str) -> None:
    told = RENDERERS[form](Table((("a", "1"),), (), (), coarse=True))
    assert "memblock=debug" in told or json.loads(told)["coarse"]


def test_what_is_free_at_a_moment_decides_nothing() -> None:
    rows = (Row("Memory: available", (MIB, 2 * MIB, MIB), state=True),)
    assert Table(boots=(("a", "7.2"),) * 3, causes=(), totals=rows).same
