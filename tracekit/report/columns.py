"""Rows as aligned columns of text.

The replay report is on the start-up path, and importing tabulate costs as much as a replay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def columns(rows: Sequence[Mapping[str, object]]) -> str:
    """Return the rows below a line with their keys; numbers stand right, with thousands marks."""
    names = list(rows[0])
    cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    right = [isinstance(rows[0][name], int) for name in names]
    return "\n".join(
        "  ".join(
            text.rjust(width) if is_right else text.ljust(width)
            for text, width, is_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in cells
    )


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
