"""The budget as text, Markdown, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from click import style

from tracekit.replay.budget.tree import Budget, Item, group

SCHEMA = "tracekit.budget/1"
UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def human(size: int) -> str:
    """Return a number of bytes with one decimal in the unit that reads best."""
    for unit, name in UNITS:
        if abs(size) >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} B"


def rows(budget: Budget, by: str | None, top: int | None) -> list[tuple[int, Item]]:
    """Return (depth, line) to show: the tree, or the sums by ``by``, each list cut to ``top``."""
    if by is None:
        return list(_tree(budget.root, 0, top))
    items = group(budget, by)
    return [(0, item) for item in _cut(items, top)]


def _tree(item: Item, depth: int, top: int | None) -> Iterator[tuple[int, Item]]:
    yield depth, item
    below = sorted(item.below, key=lambda i: -i.bytes) if depth > 1 else item.below
    for child in _cut(below, top if depth > 1 else None):
        yield from _tree(child, depth + 1, top)


def _cut(items: Sequence[Item], top: int | None) -> list[Item]:
    """Keep the first ``top`` lines and sum up the others, so that the bytes still add up."""
    if top is None or len(items) <= top + 1:
        return list(items)
    rest = items[top:]
    name = f"{len(rest)} more"
    return [*items[:top], Item(name, sum(i.bytes for i in rest), "more", name)]


def render_text(budget: Budget, by: str | None, top: int | None) -> str:
    """Return the budget as a table for people: bytes, share, what, log line."""
    lines = [style(f"{'bytes':>16}  {'':>10}  share", bold=True)]
    for depth, item in rows(budget, by, top):
        name = "  " * depth + item.name
        where = f"  (line {item.source.line})" if item.source else ""
        lines.append(
            f"{item.bytes:>16,}  {human(item.bytes):>10}  {_share(item, budget):>5}  {name}{where}"
        )
    lines += ["", *_check(budget)]
    if budget.returned:
        lines += ["", style("came back after the hand-off", bold=True)]
        lines += [
            f"{item.bytes:>16,}  {human(item.bytes):>10}         {item.name}"
            + (f"  (line {item.source.line})" if item.source else "")
            for item in budget.returned
        ]
    lines += [f"note: {text}" for text in budget.folded]
    return "\n".join(lines) + "\n"


def _share(item: Item, budget: Budget) -> str:
    return f"{100 * item.bytes / budget.root.bytes:.1f}%" if budget.root.bytes else ""


def _check(budget: Budget) -> Iterator[str]:
    """Say how the tree compares with the kernel's own numbers."""
    yield f"the lines add up to {budget.root.bytes:,} bytes"
    if budget.free is not None and budget.kernel_free is not None:
        for item in budget.adjustments:
            yield f"{item.bytes:>+16,}  {item.name}"
        if budget.remainder:
            yield f"free at the hand-off differs from the kernel's count by {budget.remainder:+,}"
        else:
            yield f"free at the hand-off equals the kernel's count: {budget.kernel_free:,} bytes"
    if budget.mem_total is not None:
        yield f"MemTotal when it was read: {budget.mem_total:,} bytes"


def render_markdown(budget: Budget, by: str | None, top: int | None) -> str:
    """Return the budget as a Markdown table for a review comment."""
    lines = ["| bytes | | share | what | line |", "| ---: | ---: | ---: | --- | ---: |"]
    for depth, item in rows(budget, by, top):
        name = "&emsp;" * depth + item.name.replace("|", "\\|")
        line = str(item.source.line) if item.source else ""
        lines.append(
            f"| {item.bytes:,} | {human(item.bytes)} | {_share(item, budget)} | {name} | {line} |"
        )
    return "\n".join([*lines, "", *_check(budget)]) + "\n"


def render_csv(budget: Budget, by: str | None, top: int | None) -> str:
    """Return the budget as CSV; ``depth`` tells the tree, only undivided lines may be summed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["depth", "name", "bytes", "share", "kind", "owner", "node", "zone", "line"])
    for depth, item in rows(budget, by, top):
        line = item.source.line if item.source else ""
        share = f"{item.bytes / budget.root.bytes:.6f}" if budget.root.bytes else ""
        writer.writerow([depth, item.name, item.bytes, share, item.kind, item.owner,
                         "" if item.nid is None else item.nid, item.zone or "", line])  # fmt: skip
    return out.getvalue()


def render_json(budget: Budget, by: str | None, top: int | None) -> str:
    """Return the budget as JSON: the tree, or the sums where ``by`` is given."""
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "detail": budget.detail,
        "ram": budget.ram,
        "free": budget.free,
        "kernel_free": budget.kernel_free,
        "remainder": budget.remainder,
        "mem_total": budget.mem_total,
        "adjustments": [_json(item, None) for item in budget.adjustments],
        "returned": [_json(item, None) for item in budget.returned],
        "folded": budget.folded,
    }
    if by is None:
        value["tree"] = _json(budget.root, top)
    else:
        value[f"by_{by}"] = [_json(item, None) for item in _cut(group(budget, by), top)]
    return json.dumps(value, indent=1) + "\n"


def _json(item: Item, top: int | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": item.name,
        "bytes": item.bytes,
        "kind": item.kind,
        "owner": item.owner,
        "node": item.nid,
        "zone": item.zone,
        "line": {"source": item.source.file, "number": item.source.line} if item.source else None,
    }
    if item.below:
        found["below"] = [_json(child, top) for child in _cut(item.below, top)]
    return found


RENDERERS = {
    "text": render_text,
    "markdown": render_markdown,
    "csv": render_csv,
    "json": render_json,
}
