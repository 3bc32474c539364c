"""``tracekit budget`` and ``tracekit map``: arguments and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.boots import boot
from tracekit.cli import main

LOG = str(boot("x86_61_numa2_512M_2cpu") / "dmesg.log")


def run(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, list(args))
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("form", ["text", "json", "csv", "markdown"])
def test_formats(form: str) -> None:
    status, out, _ = run("budget", LOG, "--format", form)
    assert status == 0
    assert "log buffer" in out


def test_sums_and_top() -> None:
    status, out, _ = run("budget", LOG, "--by", "caller", "--top", "3", "--format", "json")
    rows = json.loads(out)["by_caller"]
    assert status == 0
    assert len(rows) == 4
    assert rows[-1]["name"].endswith(" more")


def test_a_broken_limit_is_exit_1(tmp_path: Path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text('[kind]\n"log buffer" = "1M"\n')
    status, _, err = run("budget", LOG, "--budget", str(limits))
    assert status == 1
    assert "over budget: kind log buffer" in err
    limits.write_text('[kind]\n"log buffer" = "100M"\n')
    assert run("budget", LOG, "--budget", str(limits))[0] == 0


@pytest.mark.parametrize("command", ["budget", "map"])
def test_trouble_is_exit_2(command: str, tmp_path: Path) -> None:
    log = tmp_path / "dmesg.log"
    log.write_text("Linux version 6.1.0 (x@y) #1 SMP\n")
    status, out, err = run(command, str(log))
    assert (status, out) == (2, "")
    assert "whole log" in err
    assert run(command, str(tmp_path / "none"))[0] == 2


def test_bad_limits_are_exit_2(tmp_path: Path) -> None:
    assert run("budget", LOG, "--budget", str(tmp_path / "none.toml"))[0] == 2


def test_map_and_svg(tmp_path: Path) -> None:
    status, out, _ = run("map", LOG, "--width", "32")
    assert status == 0
    assert "node 1, zone DMA32" in out
    svg = tmp_path / "map.svg"
    assert run("map", LOG, "--svg", str(svg))[0] == 0
    assert svg.read_text().startswith("<svg ")
