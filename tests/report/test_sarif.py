from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.report.replays import faulty, healthy, noted
from tests.report.sarif_shape import problems
from tracekit.replay.boot import Replay
from tracekit.report.sarif import render


def run_of(result: Replay) -> dict[str, Any]:
    report = json.loads(render(result))
    assert report["version"] == "2.1.0"
    only: dict[str, Any] = report["runs"][0]
    return only


def test_every_divergence_is_a_result_with_its_rule() -> None:
    run = run_of(faulty())
    assert len(run["results"]) == len(faulty().divergences)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")


def test_a_result_points_at_its_line() -> None:
    error = next(r for r in run_of(faulty())["results"] if r["level"] == "error")
    place = error["locations"][0]["physicalLocation"]
    divergence = faulty().loud[0]
    assert place["region"]["startLine"] == divergence.line.line
    assert place["artifactLocation"]["uri"] == divergence.line.file
    assert error["partialFingerprints"]["tracekit/1"] == divergence.signature


def test_a_healthy_boot_has_notes_at_most() -> None:
    assert {result["level"] for result in run_of(healthy())["results"]} <= {"note"}


@pytest.mark.parametrize("result", [healthy, noted, faulty])
def test_the_document_has_the_shape_of_the_standard(result: Callable[[], Replay]) -> None:
    report = json.loads(render(result()))
    assert list(problems(report)) == []
    rules = report["runs"][0]["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
