"""The report as SARIF 2.1.0, which code review and CI systems show beside the log's lines."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from tracekit.divergence import Code, Divergence, lookup
from tracekit.events.base import Source
from tracekit.replay.boot import Replay

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(replay: Replay) -> str:
    """Return one SARIF run: a rule per code, a result per divergence or note."""
    codes = sorted({divergence.code for divergence in replay.divergences})
    driver = {"name": "tracekit", "rules": [_rule(lookup(code)) for code in codes]}
    results = [_result(divergence, codes) for divergence in replay.divergences]
    run = {"tool": {"driver": driver}, "results": results}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.code,
        "name": code.name,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.explanation},
        "help": {"text": code.next_step},
        "defaultConfiguration": {"level": str(code.severity)},
    }


def _result(divergence: Divergence, codes: list[str]) -> dict[str, Any]:
    return {
        "ruleId": divergence.code,
        "ruleIndex": codes.index(divergence.code),
        "level": str(divergence.severity),
        "message": {"text": message(divergence)},
        "locations": [_location(divergence.line)],
        "relatedLocations": [_location(source) for source in divergence.related],
        "partialFingerprints": {"tracekit/1": divergence.signature},
    }


def message(divergence: Divergence) -> str:
    """Return the divergence in one sentence: subject, what was logged, what was expected."""
    return (
        f"{divergence.subject}: logged {divergence.logged}, "
        f"expected {divergence.simulated}. {divergence.explanation}"
    )


def _location(source: Source) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(source.file)},
            "region": {"startLine": max(source.line, 1)},
        }
    }
