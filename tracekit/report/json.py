"""The JSON report, schema ``tracekit.replay/1``: a contract that other programs read."""

from __future__ import annotations

import json
from typing import Any

from tracekit.boot import Boot
from tracekit.divergence import Divergence, Inference
from tracekit.events.base import Source
from tracekit.replay.boot import Replay
from tracekit.replay.ledger import Checks, Ledger

SCHEMA = "tracekit.replay/1"


def as_dict(replay: Replay) -> dict[str, Any]:
    """Return the report as plain values; addresses and sizes are integers."""
    return {
        "schema": SCHEMA,
        "verdict": replay.verdict,
        "boot": _boot(replay.boot),
        "allocators": [_allocator(ledger) for ledger in replay.allocators],
        "inferences": [_inference(inference) for inference in replay.inferences],
        "divergences": [_divergence(divergence) for divergence in replay.divergences],
        "state": {ledger.name: ledger.state for ledger in replay.allocators if ledger.state},
    }


def render(replay: Replay) -> str:
    """Return the report as JSON text, keys in the order of the contract."""
    return json.dumps(as_dict(replay), indent=1) + "\n"


def render_error(message: str) -> str:
    """Return what stands on stdout when nothing could be replayed (exit status 2)."""
    return json.dumps({"schema": SCHEMA, "error": message}) + "\n"


def _boot(boot: Boot) -> dict[str, Any]:
    kernel = boot.kernel
    return {
        "kernel_release": kernel.release,
        "arch": kernel.arch,
        "page_size": kernel.page_size,
        "cmdline": kernel.cmdline,
        "sources": [
            {
                "path": source.path,
                "kind": source.kind,
                "lines": source.lines,
                "recognised": source.recognised,
                "unparsed": source.unparsed,
                "complete": source.complete,
                "problems": list(source.problems),
            }
            for source in boot.sources
        ],
    }


def _allocator(ledger: Ledger) -> dict[str, Any]:
    checks = {kind: _checks(checks) for kind, checks in ledger.checks.items()}
    return {"name": ledger.name, "events": ledger.events, "checks": checks}


def _checks(checks: Checks) -> dict[str, Any]:
    return {
        "events": checks.events,
        "checked": checks.checked,
        "matched": checks.matched,
        "inferred": checks.inferred,
        "unchecked": dict(checks.unchecked),
    }


def _line(source: Source) -> dict[str, Any]:
    return {"source": source.file, "number": source.line}


def _inference(inference: Inference) -> dict[str, Any]:
    return {
        "allocator": inference.allocator,
        "kind": inference.kind,
        "subject": inference.subject,
        "evidence": inference.evidence,
        "line": _line(inference.line),
    }


def _divergence(divergence: Divergence) -> dict[str, Any]:
    return {
        "code": divergence.code,
        "allocator": divergence.allocator,
        "severity": str(divergence.severity),
        "line": _line(divergence.line),
        "time": divergence.line.time,
        "subject": divergence.subject,
        "logged": divergence.logged,
        "simulated": divergence.simulated,
        "explanation": divergence.explanation,
        "alternatives": list(divergence.alternatives),
        "signature": divergence.signature,
        "related": [_line(source) for source in divergence.related],
    }
