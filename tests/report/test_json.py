from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from tests.boots import SAMPLES
from tests.report.replays import faulty, healthy
from tracekit.boot import load
from tracekit.replay.boot import Replay, replay
from tracekit.report.json import as_dict, render, render_error


@cache
def validator() -> Draft202012Validator:
    text = files("tracekit.report").joinpath("schemas", "replay-1.schema.json").read_text()
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def check_arithmetic(report: dict[str, Any]) -> None:
    """Every event is counted once: the sums of the contract hold."""
    diverged = 0
    for allocator in report["allocators"]:
        for checks in allocator["checks"].values():
            assert checks["events"] == checks["checked"] + sum(checks["unchecked"].values())
            rest = checks["checked"] - checks["matched"] - checks["inferred"]
            assert rest >= 0
            diverged += rest
    assert diverged <= len(report["divergences"])


@pytest.mark.parametrize("log", sorted(SAMPLES.glob("*/dmesg.log")), ids=lambda p: p.parent.name)
def test_the_report_of_every_sample_keeps_the_contract(log: Path) -> None:
    report = json.loads(render(replay(load(log))))
    validator().validate(report)
    check_arithmetic(report)
    opened = {source["path"] for source in report["boot"]["sources"]}
    for item in (*report["divergences"], *report["inferences"]):
        assert item["line"]["source"] in opened
    for source in report["boot"]["sources"]:
        assert source["recognised"] + source["unparsed"] <= source["lines"]


def test_one_fault_is_one_divergence_with_its_line() -> None:
    report = as_dict(faulty())
    validator().validate(report)
    check_arithmetic(report)
    loud = [d for d in report["divergences"] if d["severity"] != "note"]
    assert report["verdict"] == "diverges"
    assert len(loud) == 1
    assert loud[0]["code"] == "MB101"
    assert loud[0]["time"] == 0.0
    assert "0x" not in loud[0]["signature"]


def test_the_verdict_follows_the_divergences() -> None:
    assert as_dict(healthy())["verdict"] == "agrees"


def test_an_error_is_an_object_of_two_keys() -> None:
    error = json.loads(render_error("dmesg.log: is empty."))
    validator().validate(error)
    assert list(error) == ["schema", "error"]


def _without_line(report: dict[str, Any]) -> None:
    del report["divergences"][0]["line"]


def _negative(report: dict[str, Any]) -> None:
    next(iter(report["allocators"][0]["checks"].values()))["matched"] = -1


def _unknown_verdict(report: dict[str, Any]) -> None:
    report["verdict"] = "perhaps"


@pytest.mark.parametrize("spoil", [_without_line, _negative, _unknown_verdict])
def test_the_schema_refuses_what_breaks_the_contract(
    spoil: Callable[[dict[str, Any]], None],
) -> None:
    report = json.loads(render(faulty()))
    spoil(report)
    with pytest.raises(ValidationError):
        validator().validate(report)


def test_rendering_is_pure() -> None:
    result: Replay = faulty()
    assert render(result) == render(result)
