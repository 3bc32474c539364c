"""The comparison of two boots as JSON, schema ``tracekit.diff/1``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from tracekit.compare.change import Account, Change, Comparison

SCHEMA = "tracekit.diff/1"


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as plain values; sizes are bytes."""
    return {
        "schema": SCHEMA,
        "verdict": "same" if comparison.same else "differs",
        "before": comparison.before,
        "after": comparison.after,
        "not_comparable": comparison.reasons,
        "setting": [_change(change) for change in comparison.setting],
        "accounts": [_account(account) for account in comparison.accounts],
        "changes": [_change(change) for change in comparison.changes],
        "state": [_change(change) for change in comparison.state],
        "state_counts": comparison.state_counts,
        "ignored": [_change(change) | {"reason": why} for change, why in comparison.ignored],
    }


def render(comparison: Comparison) -> str:
    """Return the comparison as JSON text."""
    return json.dumps(as_dict(comparison), indent=1) + "\n"


def _change(change: Change) -> dict[str, Any]:
    fields = asdict(change)
    del fields["is_bytes"]
    return fields | {"verb": change.verb, "delta": change.delta}


def _account(account: Account) -> dict[str, Any]:
    return asdict(account) | {"delta": account.delta, "remainder": account.remainder}
