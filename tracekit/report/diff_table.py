"""Three or more boots side by side: bytes by cause, a column for each boot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tracekit.compare.side import Side
from tracekit.report.columns import columns


def render_table(sides: Sequence[Side]) -> str:
    """Return one row per cause in KiB, those that differ most first, and what is free last."""
    kinds = [_kinds(side) for side in sides]
    names = {name for found in kinds for name in found}
    order = sorted(names, key=lambda name: (-_spread(kinds, name), name))
    heads = [f"{chr(ord('A') + index % 26)}" for index in range(len(sides))]
    rows = [
        {"KiB": name, **{head: found[name] >> 10 for head, found in zip(heads, kinds, strict=True)}}
        for name in order
    ]
    legend = [f"{head}  {_label(side)}" for head, side in zip(heads, sides, strict=True)]
    table = columns(rows) if rows else "no log says how much memory there is"
    return "\n".join([*legend, "", table]) + "\n"


def _label(side: Side) -> str:
    return f"{side.name} ({side.boot.kernel.release or 'unknown release'})"


def _kinds(side: Side) -> Counter[str]:
    sums: Counter[str] = Counter()
    if side.budget is not None:
        for leaf in side.budget.root.leaves():
            sums[leaf.kind or leaf.name] += leaf.bytes
    return sums


def _spread(kinds: Sequence[Counter[str]], name: str) -> int:
    values = [found[name] for found in kinds]
    return max(values) - min(values)
